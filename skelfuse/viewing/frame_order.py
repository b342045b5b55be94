"""Whether a clip's frames are in the order in which they were recorded."""

from __future__ import annotations

from typing import Literal

import numpy as np

from skelfuse.arrays import Array
from skelfuse.clip import Clip

LEAST = 12  # frames: below, an order by text is the order by number, or says nothing
SHORTER = 0.6  # of the way that the joints go, where the frames' right order is found
DISTANT = 0.8  # of the change between distant frames, where neighbours have nothing in common
MOVING = 0.1  # of the body's size: who stands still looks alike in any order


def out_of_order(clip: Clip) -> Literal["text", "any"] | None:
    """Say whether frames are sorted as text (1, 10, 11, 2), or in no order; None if in order.

    >>> from skelfuse.layouts import HAND_21
    >>> moving = np.sin(np.arange(40) / 6)[:, None, None, None] + np.random.default_rng(0).normal(
    ...     size=(1, 1, 21, 3))
    >>> as_text = sorted(range(40), key=str)
    >>> mixed = np.random.default_rng(0).permutation(40)
    >>> orders = (range(40), as_text, mixed)
    >>> [out_of_order(Clip(moving[list(order)], HAND_21, name="a")) for order in orders]
    [None, 'text', 'any']
    """
    at = clip.coords[:, 0].astype(np.float64)
    T = len(at)
    if T < LEAST:
        return None
    path = _change(at[1:], at[:-1])
    known = ~np.isnan(at).any(axis=-1)
    if np.isnan(path) or not known.any():
        return None
    size = float(np.ptp(at[known], axis=0).max())
    for first in (0, 1):
        order = np.array(sorted(range(first, T + first), key=str)) - first
        back = np.empty_like(at)
        back[order] = at
        if _change(back[1:], back[:-1]) < SHORTER * path:
            return "text"
    distant = _change(at[T // 3 :], at[: T - T // 3])
    if distant > MOVING * size and path > DISTANT * distant:
        return "any"
    return None


def _change(one: Array, other: Array) -> float:
    """Return how far joints are from each other on average, NaN where none is seen in both."""
    apart = np.linalg.norm(one - other, axis=-1)
    seen = ~np.isnan(apart)
    return float(apart[seen].mean()) if seen.any() else float("nan")
