"""A joint that an estimator is not sure of is missing: scores below a threshold become NaN."""

from __future__ import annotations

import numpy as np

from skelfuse.clip import FloatArray


def hide_unsure(
    coords: FloatArray, scores: FloatArray, min_score: float | None, default: float
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return `[T,M,N,D]` with NaN where a score `[T,M,N]` is too low, and a note that says so.

    `min_score` is the user's threshold; where it is None the format's own `default` holds. A
    joint without a score (NaN) stays: nobody doubted it.

    >>> pair = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> seen, notes = hide_unsure(pair, np.array([[[0.9, 0.1]]]), None, 0.6)
    >>> seen[0, 0].tolist(), notes
    ([[1.0, 2.0], [nan, nan]], ('joints of a score below 0.6 are missing (--min-score): 1 of 2',))
    """
    least = default if min_score is None else min_score
    seen = ~np.isnan(coords).any(axis=-1)
    unsure = seen & (scores < least)
    if not unsure.any():
        return coords, ()
    note = f"joints of a score below {least:g} are missing (--min-score): "
    return (
        np.where(unsure[..., None], np.nan, coords).astype(coords.dtype),
        (f"{note}{int(unsure.sum()):,} of {int(seen.sum()):,}",),
    )
