"""Angles, rotations and smooth random drift, out of additions and products alone.

The sine of a maths library may differ in its last bit from one machine to the next, and so may a
matrix product. A data set that is to be the same bytes everywhere is made without either.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
TAU = 6.283185307179586


def sine(angle: Array | float) -> Array:
    """Return the sine of angles in radians, any shape, the same bits on every machine.

    >>> float(abs(sine(0.7) - np.sin(0.7))) < 1e-15
    True
    """
    turns = np.asarray(angle, dtype=np.float64) / TAU
    turns = turns - np.rint(turns)  # [-1/2, 1/2]
    turns = np.where(np.abs(turns) > 0.25, np.copysign(0.5, turns) - turns, turns)
    x = turns * TAU
    square, total = x * x, np.zeros_like(x)
    for n in (19, 17, 15, 13, 11, 9, 7, 5, 3):  # Taylor from the small end: 3e-16 at a right angle
        total = (1 + total) * square / -((n - 1) * n)
    return np.asarray(x * (1 + total))


def cosine(angle: Array | float) -> Array:
    """Return the cosine of angles in radians, any shape.

    >>> float(abs(cosine(2.0) - np.cos(2.0))) < 1e-15
    True
    """
    return sine(np.asarray(angle, dtype=np.float64) + TAU / 4)


def dot(a: Array, b: Array) -> Array:
    """Return the inner products of vectors `[...,3]`, with the last axis kept: `[...,1]`.

    >>> dot(np.array([1.0, 2, 3]), np.array([1.0, 0, -1]))
    array([-2.])
    """
    product = a * b
    return np.asarray(product[..., 0:1] + product[..., 1:2] + product[..., 2:3])


def unit(vector: Array) -> Array:
    """Return vectors `[...,3]` at length one.

    >>> unit(np.array([3.0, 0, 4]))
    array([0.6, 0. , 0.8])
    """
    return np.asarray(vector / np.maximum(np.sqrt(dot(vector, vector)), 1e-9))


def rotate(rotation: Array, vector: Array) -> Array:
    """Turn vectors `[...,3]` by rotations `[...,3,3]`, whose columns are the turned axes.

    >>> rotate(turned(yaw=TAU / 4), np.array([0.0, 0, 1])).round(6)
    array([1., 0., 0.])
    """
    x, y, z = (rotation[..., :, axis] * vector[..., axis : axis + 1] for axis in range(3))
    return np.asarray(x + y + z)


def compose(first: Array, then: Array) -> Array:
    """Return the rotation `[...,3,3]` that applies `then` within the frame that `first` made.

    >>> compose(turned(yaw=0.3), turned(yaw=-0.3)).round(6)
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    return np.stack([rotate(first, then[..., :, axis]) for axis in range(3)], axis=-1)


def turned(
    yaw: Array | float = 0.0, pitch: Array | float = 0.0, roll: Array | float = 0.0
) -> Array:
    """Return rotations `[...,3,3]` in a frame of left, up, forward.

    Yaw turns forward to the left, pitch bends up to the front, roll leans up to the right.

    >>> rotate(turned(pitch=TAU / 4), np.array([0.0, 1, 0])).round(6)
    array([0., 0., 1.])
    """
    yaw, pitch, roll = np.broadcast_arrays(
        *(np.asarray(angle, dtype=np.float64) for angle in (yaw, pitch, roll))
    )
    one, zero = np.ones_like(yaw), np.zeros_like(yaw)

    def matrix(*rows: Array) -> Array:
        return np.stack(rows, axis=-1).reshape(*one.shape, 3, 3)

    s, c = sine(yaw), cosine(yaw)
    about_up = matrix(c, zero, s, zero, one, zero, -s, zero, c)
    s, c = sine(pitch), cosine(pitch)
    about_left = matrix(one, zero, zero, zero, c, -s, zero, s, c)
    s, c = sine(roll), cosine(roll)
    about_forward = matrix(c, -s, zero, s, c, zero, zero, zero, one)
    return compose(compose(about_up, about_left), about_forward)


def spread(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw one number between two.

    >>> 2 < spread(np.random.default_rng(0), 2, 3) < 3
    True
    """
    return low + (high - low) * float(rng.random())


def bell(rng: np.random.Generator, *shape: int) -> Array:
    """Draw bell-shaped numbers of mean 0 and deviation 1: six uniform ones added up.

    >>> bell(np.random.default_rng(0), 2, 3).shape
    (2, 3)
    """
    total = -3.0 + np.zeros(shape)
    for _ in range(6):
        total = total + rng.random(shape)
    return np.asarray(total * 1.4142135623730951)


def drift(rng: np.random.Generator, frames: int, *shape: int, every: float) -> Array:
    """Draw a smooth random movement `[T,*shape]` with a new aim about `every` so many frames.

    >>> float(abs(np.diff(drift(np.random.default_rng(0), 90, 3, every=30), axis=0)).max()) < 0.5
    True
    """
    at = (np.arange(frames) / every + float(rng.random())).reshape(-1, *(1,) * len(shape))
    aims = bell(rng, int(frames / every) + 3, *shape)
    knot = at.astype(np.int64)
    part = at - knot
    ease = part * part * (3 - 2 * part)
    before, after = aims[knot.reshape(-1)], aims[knot.reshape(-1) + 1]
    return np.asarray(before + (after - before) * ease)
