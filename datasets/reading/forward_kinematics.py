"""Places from offsets and turns: each joint stands in the turned frame of its parent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def turn_about(axis: int, degrees: Numbers) -> Numbers:
    """Return the matrices `[...,3,3]` that turn by angles `[...]` about x, y or z (0, 1, 2).

    >>> (turn_about(2, np.array(90.0)) @ [1, 0, 0]).round(6).tolist()
    [0.0, 1.0, 0.0]
    """
    angle = np.radians(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.zeros((*angle.shape, 3, 3))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn[..., axis, axis] = 1
    turn[..., first, first] = turn[..., second, second] = cos
    turn[..., second, first], turn[..., first, second] = sin, -sin
    return turn


def places_of(offsets: Numbers, turns: Numbers, parents: Sequence[int]) -> Numbers:
    """Return places `[T,N,3]` of offsets `[T,N,3]` and turns `[T,N,3,3]`; parents come first.

    A root is its own parent, and its offset is its place.

    >>> offsets = np.array([[[0.0, 0, 1], [2, 0, 0]]])
    >>> turns = np.stack([turn_about(2, np.array([90.0, 0.0]))])
    >>> places_of(offsets, turns, [0, 0]).round(6).tolist()
    [[[0.0, 0.0, 1.0], [0.0, 2.0, 1.0]]]
    """
    places = np.empty_like(offsets)
    frames = np.empty_like(turns)
    for joint, parent in enumerate(parents):
        if joint == parent:
            places[:, joint], frames[:, joint] = offsets[:, joint], turns[:, joint]
        else:
            moved = (frames[:, parent] @ offsets[:, joint, :, None])[..., 0]  # [T,3]
            places[:, joint] = places[:, parent] + moved
            frames[:, joint] = frames[:, parent] @ turns[:, joint]
    return places
