"""How far an accuracy could be off, had other clips or other people been recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from skelfuse.arrays import Bools
from skelfuse.errors import SkelfuseError


class Interval(NamedTuple):
    """From `low` to `high`, both accuracies."""

    low: float
    high: float


def bootstrap_interval(
    right: Bools,
    groups: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Return the percentile bootstrap interval of the accuracy of clips, `right [C]`.

    Clips are drawn again with replacement, as many as there are; with `groups [C]` whole groups
    are (the people recorded, say, whose clips are alike).

    >>> right = np.arange(400) % 5 > 0                      # 80 % of them
    >>> bootstrap_interval(right)
    Interval(low=0.76, high=0.8375)
    >>> bootstrap_interval(right, ["ann", "bob"] * 200)     # two people who do equally well
    Interval(low=0.8, high=0.8)
    """
    if not len(right):
        raise SkelfuseError("an interval needs clips", expected="at least 1", found=0)
    draw = np.random.default_rng(seed)
    if groups is None:
        # Drawing from right and wrong ones with replacement is a binomial draw: no need to do it
        # clip by clip.
        accuracy = draw.binomial(len(right), right.mean(), draws) / len(right)  # [draws]
    else:
        names, member = np.unique(np.asarray(groups, str), return_inverse=True)
        G = len(names)
        clips = np.bincount(member, minlength=G)  # [G]
        right_ones = np.bincount(member, weights=right, minlength=G)  # [G]
        taken = (draw.multinomial(G, np.full(G, 1 / G)) for _ in range(draws))  # [G] times each
        accuracy = np.array([(times @ right_ones) / (times @ clips) for times in taken])
    low, high = np.quantile(accuracy, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def wilson_interval(right: Bools, *, level: float = 0.95) -> Interval:
    """Return Wilson's score interval of the accuracy of clips, `right [C]`.

    Where all clips are right, or none is, drawing them again tells nothing and this still does.

    >>> low, high = wilson_interval(np.ones(18, bool))
    >>> round(low, 3), high
    (0.824, 1.0)
    """
    clips, share = len(right), float(right.mean())
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = share + z * z / (2 * clips)
    half = z * math.sqrt(share * (1 - share) / clips + z * z / (4 * clips * clips))
    low, high = ((middle + sign * half) / (1 + z * z / clips) for sign in (-1, 1))
    # The share itself is never left out by a rounding error.
    return Interval(min(max(low, 0.0), share), max(min(high, 1.0), share))
