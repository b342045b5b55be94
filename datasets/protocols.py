"""Evaluation protocols: which clips train a model, and which ones test it.

A protocol looks at plain columns alone (who was recorded, by which camera, ...), so it works for
whatever format the clips came from. The rules themselves are in protocol_rules.py and
protocol_families.py.
"""

from __future__ import annotations

import difflib

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.protocol_families import FAMILIES, RECORDING, kept_together
from skelfuse.datasets.protocol_rules import (
    ALIASES,
    PROTOCOLS,
    ClipTable,
    Masks,
    from_files,
    in_number_order,
    lacks_subjects,
    named_in_files,
)
from skelfuse.errors import SkelfuseError

__all__ = [
    "ALL",
    "ClipTable",
    "available",
    "caution",
    "lacks_subjects",
    "likeliest",
    "shared_people",
    "split",
]

ALL = "all"  # trains on everything, for a model that is to be used
DRAWN = "random:0.2/0"


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
These clips support: odd-even, kfold:K/I (K from 2 to 4), loso:SUBJECT, all
    """
    try:
        masks = _masks(table, protocol)
    except SkelfuseError as error:
        raise error.with_context(
            within=f"protocol '{protocol}'", remedy=_choices(table, protocol)
        ) from None
    return {part: np.flatnonzero(mask) for part, mask in masks.items()}


def available(table: ClipTable) -> dict[str, dict[str, int]]:
    """Return the protocols that these clips support, with the size of each part.

    Each family is there with one member: `kfold:5/1` (fewer folds where there are fewer
    subjects), `loso:` with the first subject and `random:0.2/0`. Where no clip names a subject,
    folds are of recordings.

    >>> table = ClipTable(names=list("abc"), labels=np.arange(3), subjects=["Ann", "Ann", "Bob"],
    ...                   cameras=[None] * 3, setups=[None] * 3, replications=[None] * 3,
    ...                   splits=[{"official": "train"}, {"official": "test"}, {}])
    >>> for protocol, sizes in available(table).items():
    ...     print(protocol, sizes)
    official {'train': 1, 'test': 1}
    kfold:2/1 {'train': 1, 'test': 2}
    loso:Ann {'train': 1, 'test': 2}
    all {'train': 3}
    """
    groups = sorted(_groups(table)[1], key=in_number_order)
    families = [f"kfold:{min(len(groups), 5)}/1", *(f"loso:{name}" for name in groups[:1]), DRAWN]
    sizes = {}
    for protocol in (*named_in_files(table), *PROTOCOLS, *families, ALL):
        try:
            masks = _masks(table, protocol)
        except SkelfuseError:
            continue
        sizes[protocol] = {part: int(mask.sum()) for part, mask in masks.items()}
    return sizes


def likeliest(table: ClipTable) -> str:
    """Return a protocol that works for these clips, one that keeps people apart if there is one."""
    known = available(table)
    named = [name for name in known if name.partition(":")[0] not in FAMILIES and name != ALL]
    folds = [name for name in known if name.startswith("kfold:")]
    by_people = folds if any(table.subjects) else []
    return next(iter([*named, *by_people, *(name for name in known if name == DRAWN), *known]), ALL)


def caution(table: ClipTable, protocol: str) -> str | None:
    """Say what makes figures of a protocol better than they will be for new people, if anything.

    >>> unknown = [None] * 2
    >>> table = ClipTable(names=["a", "b"], labels=np.arange(2), subjects=unknown, cameras=unknown,
    ...                   setups=unknown, replications=unknown, splits=[{}] * 2)
    >>> print(caution(table, "kfold:2/1"))
    kfold:2/1 goes by recording, as no clip names its subject: people who are in training and test \
are recognised by how they move, and the figures are better than for new people; \
preprocess --subject-from tells who is who
    """
    if shared := _shared_recordings(table, protocol):
        return shared
    family = protocol.partition(":")[0]
    if protocol in named_in_files(table) or family not in FAMILIES:
        return None
    why = (
        "people who are in training and test are recognised by how they move, and the figures are "
        "better than for new people"
    )
    what, groups = _groups(table)
    if family == "random":
        advice = "preprocess --subject-from tells who is who, and kfold then keeps them apart"
        if what != RECORDING and len(groups) > 1:
            advice = f"kfold:{min(len(groups), 5)}/1 keeps them apart"
        return f"{protocol} goes by chance: {why}; {advice}"
    if what == RECORDING:
        return (
            f"{protocol} goes by recording, as no clip names its subject: {why}; "
            "preprocess --subject-from tells who is who"
        )
    return None


def shared_people(table: ClipTable, protocol: str) -> str | None:
    """Say how many people of the test are in training too; where nobody is named, what that means.

    >>> unknown = [None] * 3
    >>> table = ClipTable(names=list("abc"), labels=np.arange(3), subjects=["Ann", "Ann", "Bob"],
    ...                   cameras=["1", "2", "2"], setups=unknown, replications=unknown,
    ...                   splits=[{"file": part} for part in ("train", "test", "test")])
    >>> print(shared_people(table, "file"))
    1 of the 2 people in the test is in training too, and recognised by how they move: the figures \
are better than for new people
    """
    try:
        parts = split(table, protocol)
    except SkelfuseError:  # a test in a store of its own
        return None
    if recordings := _shared_recordings(table, protocol):
        return recordings
    people = {part: {table.subjects[i] for i in at.tolist()} - {None} for part, at in parts.items()}
    test = people.pop("test", set())
    shared = test & set[str | None]().union(*people.values())
    if not shared:
        return None if test else caution(table, protocol)
    is_are = "is" if len(shared) == 1 else "are"
    return (
        f"{len(shared):,} of the {len(test):,} people in the test {is_are} in training too, and "
        "recognised by how they move: the figures are better than for new people"
    )


def _shared_recordings(table: ClipTable, protocol: str) -> str | None:
    """Say how many clips of the test are cut from recordings that training has clips of too.

    >>> unknown = [None] * 3
    >>> table = ClipTable(names=["r@0-9", "r@5-14", "s@0-9"], labels=np.arange(3),
    ...                   subjects=["resident", "intruder", "intruder"], cameras=unknown,
    ...                   setups=unknown, replications=unknown, splits=[{}] * 3,
    ...                   recordings=["r", "r", "s"])
    >>> print(_shared_recordings(table, "loso:intruder"))
    1 of the 2 clips in the test is cut from a recording that training has clips of too, perhaps \
of the same frames: the figures are better than for new recordings
    """
    try:
        parts = split(table, protocol)
    except SkelfuseError:  # a test in a store of its own
        return None
    test = parts.pop("test", np.array([], int)).tolist()
    learned = {table.recordings[i] for at in parts.values() for i in at.tolist()}
    cut = [i for i in test if table.recordings[i] != table.names[i]]
    count = sum(table.recordings[i] in learned for i in cut)
    if not count:
        return None
    are = "is cut from a recording" if count == 1 else "are cut from recordings"
    return (
        f"{count:,} of the {len(test):,} clips in the test {are} that training has clips of too, "
        "perhaps of the same frames: the figures are better than for new recordings"
    )


def _groups(table: ClipTable) -> tuple[str, set[str]]:
    """Return whose clips stay together and their names, none where only some clips name them."""
    try:
        what, column = kept_together(table)
    except SkelfuseError:
        return "subject", set()
    return what, set(column)


def _masks(table: ClipTable, protocol: str) -> Masks:
    name = ALIASES.get(protocol, protocol)
    family, _, member = protocol.partition(":")
    if protocol in named_in_files(table):  # a file's own word goes before ours
        masks = from_files(table, protocol)
    elif protocol == ALL:
        masks = {"train": np.ones(len(table.names), bool)}
    elif name in PROTOCOLS:
        masks = PROTOCOLS[name](table)
    elif family in FAMILIES:
        masks = FAMILIES[family](table, member)
    else:
        raise SkelfuseError("no such protocol")
    for part in ("train",) if protocol == ALL else ("train", "test"):
        if part not in masks or not masks[part].any():
            raise SkelfuseError(f"it leaves the part '{part}' empty here")
    return masks


def _choices(table: ClipTable, protocol: str) -> str:
    known_here = available(table)
    named = [name for name in known_here if name.partition(":")[0] not in (*FAMILIES, ALL)]
    what, groups = _groups(table)
    by = ", by recording" if what == RECORDING else ""
    families = [f"kfold:K/I (K from 2 to {len(groups)}{by})", f"loso:{what.upper()}"]
    families = families if len(groups) > 1 else []
    for_all = [name for name in (DRAWN, ALL) if name in known_here]
    supported = ", ".join([*named, *families, *for_all]) or "none"
    known = [*named, *(alias for alias, name in ALIASES.items() if name in named)]
    near = difflib.get_close_matches(protocol, known, n=1)
    if near:
        return f"did you mean '{near[0]}'? These clips support: {supported}"
    return f"these clips support: {supported}"
