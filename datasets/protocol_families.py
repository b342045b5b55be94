"""Protocols with a choice in their name: folds, one person left out, a part drawn by chance."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from skelfuse.datasets.protocol_rules import ClipTable, Masks, in_number_order, lacking
from skelfuse.errors import SkelfuseError

SUBJECTS_SHOWN = 50  # of NTU-120's 106
SUBJECT, RECORDING = "subject", "recording"
SHARE = re.compile(r"(0?\.\d{1,6})/(\d{1,9})", re.ASCII)


def kept_together(table: ClipTable) -> tuple[str, Sequence[str]]:
    """Return whose clips all go into one part: a subject's, else a recording's; and the column.

    Where only some clips name a subject that is an error: the others may be of the same people.
    """
    if not any(table.subjects):
        return RECORDING, table.recordings
    without = [subject is None for subject in table.subjects]
    if any(without):
        raise SkelfuseError(lacking(table, SUBJECT, without))
    return SUBJECT, [str(subject) for subject in table.subjects]


def _k_fold(table: ClipTable, member: str) -> Masks:
    found = re.fullmatch(r"(\d+)/(\d+)", member, re.ASCII)
    what, column = kept_together(table)
    groups = Counter(column)
    folds, fold = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (2 <= folds <= len(groups) and 1 <= fold <= folds):
        if len(groups) < 2:
            raise SkelfuseError(f"kfold:K/I needs two {what}s or more")
        raise SkelfuseError(
            f"kfold:K/I needs K from 2 to {len(groups)}, the {what}s here, and I from 1 to K"
        )
    clips, fold_of = [0] * folds, {}
    for group, count in sorted(
        groups.items(), key=lambda item: (-item[1], in_number_order(item[0]))
    ):
        fold_of[group] = clips.index(min(clips))  # to the fold with the fewest clips so far
        clips[fold_of[group]] += count
    test = np.array([fold_of[group] == fold - 1 for group in column])
    return {"train": ~test, "test": test}


def _leave_one_out(table: ClipTable, member: str) -> Masks:
    what, column = kept_together(table)
    groups = sorted(set(column), key=in_number_order)
    if member not in groups:
        more = f", ... ({len(groups)} in all)" if len(groups) > SUBJECTS_SHOWN else ""
        raise SkelfuseError(
            f"no {what} '{member}' here: they are {', '.join(groups[:SUBJECTS_SHOWN])}{more}"
        )
    test = np.array([group == member for group in column])
    return {"train": ~test, "test": test}


def _random(table: ClipTable, member: str) -> Masks:
    """Draw a share of each class for the test, by the clips' names: their order is no matter."""
    found = SHARE.fullmatch(member)
    if found is None or not float(found[1]):
        raise SkelfuseError("random:SHARE/SEED needs a share below 1 and a seed, as random:0.2/0")
    share, seed = float(found[1]), int(found[2])
    drawn = [hashlib.sha256(f"{seed}/{name}".encode()).digest() for name in table.names]
    test = np.zeros(len(table.names), bool)
    for label in np.unique(table.labels):
        of_class = sorted(np.flatnonzero(table.labels == label), key=lambda i: drawn[i])
        if len(of_class) > 1:  # a class of one clip can only be learned
            test[of_class[: min(max(1, round(share * len(of_class))), len(of_class) - 1)]] = True
    return {"train": ~test, "test": test}


FAMILIES: dict[str, Callable[[ClipTable, str], Masks]] = {
    "kfold": _k_fold,
    "loso": _leave_one_out,
    "random": _random,
}
