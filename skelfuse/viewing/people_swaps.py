"""Two people who change places from one frame to the next: trackers lose who is who."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip

LEAP = 0.5  # of a body's size: nobody moves by that much between two frames
NEARER = 0.5  # of the way that both would have gone, which they go if they have changed places


def people_swaps(clip: Clip) -> list[int]:
    """Return the frames before which two people of a clip have changed places.

    >>> from skelfuse.layouts import COCO_17
    >>> body = np.random.default_rng(0).random((17, 2))
    >>> pair = np.stack([np.stack([body, body + 5])] * 9)  # [T,M,N,D]
    >>> pair[4:] = pair[4:, ::-1].copy()
    >>> people_swaps(Clip(pair, COCO_17, name="a"))
    [4]
    """
    found: set[int] = set()
    for one, other in combinations(range(clip.persons), 2):
        pair = clip.coords[:, [one, other]].astype(np.float64)
        stay = _way(pair[:-1, 0], pair[1:, 0]) + _way(pair[:-1, 1], pair[1:, 1])
        change = _way(pair[:-1, 0], pair[1:, 1]) + _way(pair[:-1, 1], pair[1:, 0])
        size = _size(pair)
        with np.errstate(invalid="ignore"):
            swapped = (stay > 2 * LEAP * size) & (change < NEARER * stay)
        found.update((np.flatnonzero(swapped) + 1).tolist())
    return sorted(found)


def _way(
    before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return how far the joints seen in both of `[T,N,D]` moved on average, `[T]`; NaN for none."""
    way = np.linalg.norm(after - before, axis=-1)
    seen = ~np.isnan(way)
    count = seen.sum(axis=-1)
    return np.where(count, np.nansum(way, axis=-1) / np.maximum(count, 1), np.nan)


def _size(pair: npt.NDArray[np.float64]) -> float:
    """Return the usual diagonal of the bodies `[T,2,N,D]`."""
    bodies = pair.reshape(-1, *pair.shape[2:])
    seen = bodies[~np.isnan(bodies).any(axis=-1).all(axis=-1)]
    if not len(seen):
        return float("inf")
    spread = np.nanmax(seen, axis=1) - np.nanmin(seen, axis=1)
    return float(np.median(np.linalg.norm(spread, axis=-1)))
