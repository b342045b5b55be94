"""Clips kept aside to validate on: a part of the training subjects, never of the test."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skelfuse.training.seeds import seed_of

Indices = npt.NDArray[np.intp]


class HeldOut(NamedTuple):
    """What training keeps, what it validates on, and how the two were told apart."""

    train: Indices
    validation: Indices
    how: str


def hold_out(
    train: Indices,
    labels: npt.NDArray[np.integer],
    subjects: Sequence[str | None],
    *,
    share: float,
    seed: int,
) -> HeldOut:
    """Take about `share` of the training clips away, whole subjects at a time.

    A subject stays where a class would be left without a training clip. Where subjects are
    unknown, or none can go, it is a part of the clips of every class that has two or more.

    >>> subjects = ["ann", "bob", "cem", "dan"] * 10
    >>> labels = np.arange(40) // 4 % 2
    >>> train, validation, how = hold_out(np.arange(40), labels, subjects, share=0.2, seed=0)
    >>> len(train), len(validation), how
    (30, 10, '1 of 4 training subjects')
    """
    if not share:
        return HeldOut(train, train[:0], "none")
    draw = np.random.default_rng(seed_of(seed, "validation"))
    wanted = max(1, round(share * len(train)))
    people = {subjects[i] for i in train}
    if None not in people and len(people) > 1:
        taken = _subjects(train, labels, subjects, wanted, draw)
        if taken:
            aside = np.array([subjects[i] in taken for i in train])
            how = f"{len(taken)} of {len(people)} training subjects"
            return HeldOut(train[~aside], train[aside], how)
    aside = np.isin(train, _clips(train, labels, share, draw))
    how = "a part of each class's training clips" if aside.any() else "none: too few clips"
    return HeldOut(train[~aside], train[aside], how)


def _subjects(
    train: Indices,
    labels: npt.NDArray[np.integer],
    subjects: Sequence[str | None],
    wanted: int,
    draw: np.random.Generator,
) -> set[str]:
    clips: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for i in train:
        clips[str(subjects[i])][int(labels[i])] += 1
    left = sum(clips.values(), Counter())
    taken: set[str] = set()
    missing = wanted
    for subject in draw.permutation(sorted(clips)).tolist():
        count = clips[subject].total()
        # The first may be larger than wanted; later ones only where that brings us nearer.
        too_many = taken and abs(missing - count) >= missing
        if missing <= 0 or too_many or any(left[c] == n for c, n in clips[subject].items()):
            continue
        taken.add(subject)
        left -= clips[subject]
        missing -= count
    return taken


def _clips(
    train: Indices, labels: npt.NDArray[np.integer], share: float, draw: np.random.Generator
) -> list[int]:
    aside: list[int] = []
    for label in np.unique(labels[train]):
        of_class = draw.permutation(train[labels[train] == label])
        aside += of_class[: min(len(of_class) - 1, max(1, round(share * len(of_class))))].tolist()
    return aside
