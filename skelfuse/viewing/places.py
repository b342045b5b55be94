"""Numbers for a page: where joints are, and what else it shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from skelfuse.arrays import Array

LARGEST = 1e15  # a whole number that a page holds


def packed_places(at: Array, digits: int) -> list[int | None]:
    """Return places `[T,M,N,3]` times `digits` as whole numbers, one after the other.

    A joint that was not seen is one None, not three.

    >>> packed_places(np.array([[[[0.5, 0, -1], [np.nan, 0, 0]]]]), 1000)
    [500, 0, -1000, None]
    """
    missing = np.isnan(at).any(axis=-1).ravel()
    held = np.clip(at * digits, -LARGEST, LARGEST)
    numbers = np.where(np.isnan(at), 0, held).round().astype(int).reshape(-1, 3).tolist()
    flat: list[int | None] = []
    for gone, three in zip(missing, numbers, strict=True):
        flat += [None] if gone else three
    return flat


def rounded(values: Array | Iterable[float], digits: int) -> Any:
    """Return numbers as nested lists, None for what is not a number."""
    array = np.asarray(values if isinstance(values, np.ndarray) else list(values), np.float64)
    if array.ndim > 1:
        return [rounded(row, digits) for row in array]
    return [None if np.isnan(v) else round(float(v), digits) + 0.0 for v in array]
