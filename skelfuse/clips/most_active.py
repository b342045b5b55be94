"""Who of a clip matters: the people who move, most of all first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from skelfuse.clip import FloatArray


def activity(joints: FloatArray) -> float:
    """Return how much a body `[T,N,D]` moves: its variance along time, summed over joints and axes.

    >>> activity(np.array([[[0.0, 0.0]], [[2.0, 0.0]], [[np.nan, np.nan]]]))
    1.0
    """
    joints = joints.astype(np.float64)  # float32 squares to infinity
    seen = ~np.isnan(joints)
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, joints, 0).sum(axis=0) / count
    return float((np.where(seen, joints - mean, 0) ** 2 / count).sum())


def by_activity(coords: FloatArray) -> npt.NDArray[np.intp]:
    """Return the places of those people of `[T,M,N,D]` who are ever seen, the most active first.

    Who is seen in half of the frames counts half; equals stay in their order.

    >>> coords = np.zeros((2, 3, 1, 2)); coords[1, 1] = 4; coords[:, 2] = np.nan
    >>> by_activity(coords).tolist()
    [1, 0]
    """
    seen = np.asarray(~np.isnan(coords).any(axis=-1))  # [T,M,N]
    frames = seen.any(axis=2).sum(axis=0)  # [M]
    there = np.flatnonzero(frames)
    if len(there) < 2:
        return there
    moved = [activity(coords[:, m]) * frames[m] for m in there]
    return there[np.argsort(np.negative(moved), kind="stable")]
