"""The clips of a store that an evaluation is asked for: a part of a protocol, or all."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.protocol_families import FAMILIES
from skelfuse.datasets.protocol_rules import ALIASES, PROTOCOLS, named_in_files
from skelfuse.datasets.protocols import ClipTable, likeliest, split
from skelfuse.datasets.summary import clip_table
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store

ALL = "all"
WHOLE = ("kfold", "random")  # these follow from what else is there, and need the whole set


def evaluated_clips(
    store: Store, protocols: Collection[str | None], part: str
) -> tuple[str | None, npt.NDArray[np.intp]]:
    """Return the protocol and the indices of the clips in one part of it.

    `protocols` are those of all runs that are evaluated together, which must be one. The other
    parts need not be there where a protocol tells by a clip alone where it belongs: a set's test
    may lie in a store of its own.
    """
    if part == ALL:
        return None, np.arange(len(store))
    table = clip_table(store)
    protocol = next(iter(protocols)) if len(protocols) == 1 else None
    if protocol is None:
        raise SkelfuseError(
            "no protocol is given",
            file=store.path,
            found="runs of several protocols" if len(protocols) > 1 else "a run without protocol",
            remedy=f"add --protocol, e.g. {likeliest(table)}, or --part all; "
            "skelfuse info lists those that fit",
        )
    try:
        parts = split(table, protocol)
    except SkelfuseError as error:
        alone = _alone(table, protocol, part)
        if alone is not None and len(alone):
            return protocol, alone
        if alone is None:
            raise error.at(store.path) from None
        raise SkelfuseError(
            f"protocol '{protocol}' leaves the part '{part}' empty here",
            file=store.path,
            remedy=f"--part {ALL} takes every clip; skelfuse info lists the protocols that fit",
        ) from None
    if part not in parts:
        raise SkelfuseError(
            f"protocol '{protocol}' has no part '{part}'",
            file=store.path,
            expected=", ".join([*parts, ALL]),
            key="part",
        )
    return protocol, parts[part]


def evaluated_recordings(
    store: Store, protocols: Collection[str | None], part: str
) -> npt.NDArray[np.intp]:
    """Return the indices of the recordings with intervals in one part of a protocol.

    Only a protocol that tells by a recording alone where it belongs can: the folds of a store of
    cut clips are others than those of whole recordings.
    """
    with_intervals = np.array([bool(store.intervals(i)) for i in range(len(store))])
    if not with_intervals.any():
        raise SkelfuseError(
            "no recording with intervals",
            file=store.path,
            remedy="preprocess --labels TABLE --whole makes a store of them",
        )
    if part == ALL:
        return np.flatnonzero(with_intervals)
    protocol = next(iter(protocols)) if len(protocols) == 1 else None
    found = None if protocol is None else _alone(clip_table(store), protocol, part)
    if found is None or not with_intervals[found].any():
        raise SkelfuseError(
            f"protocol '{protocol}' does not tell whole recordings apart"
            if found is None
            else f"protocol '{protocol}' leaves the part '{part}' empty here",
            file=store.path,
            expected="loso:SUBJECT, or a split that the files or labels name",
            remedy=f"--part {ALL} takes every recording: give a store of those not trained on",
        )
    kept: npt.NDArray[np.intp] = found[with_intervals[found]]
    return kept


def _alone(table: ClipTable, protocol: str, part: str) -> npt.NDArray[np.intp] | None:
    """Return the clips of a part, perhaps none; None where they cannot be told from the others."""
    if protocol in named_in_files(table):
        found = [clip.get(protocol) == part for clip in table.splits]
        return np.flatnonzero(found)
    family, _, member = protocol.partition(":")
    rule = PROTOCOLS.get(ALIASES.get(protocol, protocol))
    try:
        if rule is not None:
            masks = rule(table)
        elif family in FAMILIES and family not in WHOLE:
            masks = FAMILIES[family](table, member)
        else:
            return None
    except SkelfuseError:  # reported already
        return None
    return np.flatnonzero(masks[part]) if part in masks else None
