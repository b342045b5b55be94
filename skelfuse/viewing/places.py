"""Where joints are, as numbers for a page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LARGEST = 1e15  # a whole number that a page holds


def packed_places(at: npt.NDArray[np.float64], digits: int) -> list[int | None]:
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
