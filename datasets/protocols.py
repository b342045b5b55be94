"""Evaluation protocols: which clips train a model, and which ones test it.

A protocol looks at plain columns alone (who was recorded, by which camera, ...), so it works for
whatever format the clips came from. The rules themselves are in protocol_rules.py.
"""

from __future__ import annotations

import difflib

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.protocol_rules import (
    ALIASES,
    FAMILIES,
    PROTOCOLS,
    ClipTable,
    Masks,
    from_files,
    in_number_order,
    lacks_subjects,
    named_in_files,
)
from skelfuse.errors import SkelfuseError

__all__ = ["ClipTable", "available", "lacks_subjects", "split"]


def split(table: ClipTable, protocol: str) -> dict[str, npt.NDArray[np.intp]]:
    """Return the increasing indices of the clips in each part: "train", "test", perhaps others.

    Clips that a protocol does not speak of (setups beyond 17 in NTU-60) are in no part.

    >>> unknown = [None] * 4
    >>> table = ClipTable(names=list("abcd"), labels=np.arange(4), subjects=["1", "2", "3", "4"],
    ...                   cameras=unknown, setups=unknown, replications=unknown, splits=[{}] * 4)
    >>> split(table, "utd-mhad")
    {'train': array([0, 2]), 'test': array([1, 3])}
    >>> split(table, "loso:3")
    {'train': array([0, 1, 3]), 'test': array([2])}
    >>> split(table, "utd-mhda")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: protocol 'utd-mhda': no such protocol; did you mean 'utd-mhad'? \
These clips support: odd-even, kfold:K/I (K from 2 to 4), loso:SUBJECT
    """
    try:
        masks = _masks(table, protocol)
    except SkelfuseError as error:
        problem = f"protocol '{protocol}': {error.problem}"
        raise SkelfuseError(problem, remedy=_choices(table, protocol)) from None
    return {part: np.flatnonzero(mask) for part, mask in masks.items()}


def available(table: ClipTable) -> dict[str, dict[str, int]]:
    """Return the protocols that these clips support, with the size of each part.

    Each family is there with one member: `kfold:5/1` (fewer folds where there are fewer
    subjects) and `loso:` with the first subject.

    >>> table = ClipTable(names=list("abc"), labels=np.arange(3), subjects=["Ann", "Ann", "Bob"],
    ...                   cameras=[None] * 3, setups=[None] * 3, replications=[None] * 3,
    ...                   splits=[{"official": "train"}, {"official": "test"}, {}])
    >>> for protocol, sizes in available(table).items():
    ...     print(protocol, sizes)
    official {'train': 1, 'test': 1}
    kfold:2/1 {'train': 1, 'test': 2}
    loso:Ann {'train': 1, 'test': 2}
    """
    subjects = sorted(
        {subject for subject in table.subjects if subject is not None}, key=in_number_order
    )
    families = [f"kfold:{min(len(subjects), 5)}/1", *(f"loso:{name}" for name in subjects[:1])]
    sizes = {}
    for protocol in (*named_in_files(table), *PROTOCOLS, *families):
        try:
            masks = _masks(table, protocol)
        except SkelfuseError:
            continue
        sizes[protocol] = {part: int(mask.sum()) for part, mask in masks.items()}
    return sizes


def _masks(table: ClipTable, protocol: str) -> Masks:
    name = ALIASES.get(protocol, protocol)
    family, _, member = protocol.partition(":")
    if protocol in named_in_files(table):  # a file's own word goes before ours
        masks = from_files(table, protocol)
    elif name in PROTOCOLS:
        masks = PROTOCOLS[name](table)
    elif family in FAMILIES:
        masks = FAMILIES[family](table, member)
    else:
        raise SkelfuseError("no such protocol")
    for part in ("train", "test"):
        if part not in masks or not masks[part].any():
            raise SkelfuseError(f"it leaves the part '{part}' empty here")
    return masks


def _choices(table: ClipTable, protocol: str) -> str:
    named = [name for name in available(table) if name.partition(":")[0] not in FAMILIES]
    subjects = len(set(table.subjects) - {None})
    families = [f"kfold:K/I (K from 2 to {subjects})", "loso:SUBJECT"]
    families = families if lacks_subjects(table) is None else []
    supported = ", ".join([*named, *families]) or "none"
    known = [*named, *(alias for alias, name in ALIASES.items() if name in named)]
    near = difflib.get_close_matches(protocol, known, n=1)
    if near:
        return f"did you mean '{near[0]}'? These clips support: {supported}"
    return f"these clips support: {supported}"
