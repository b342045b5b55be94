"""What a body does at each moment: where its pelvis, hands and feet are, how its trunk bends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from skelfuse.datasets.synth.rotation import TAU, Array, dot, sine


@dataclass(frozen=True)
class Pose:
    """A pose per frame: every field is `[T,3]`, or `[3]` where it does not change.

    Pelvis and feet are (left, up, forward) from where they are in standing, in leg lengths.
    Hands are wrists, (out, up, forward) from their shoulder as the chest sees it, in arm lengths;
    elbows say whereto they point, palms how the hand bends off the forearm. Turns are (yaw to the
    left, pitch to the front, roll to the right) in radians; a shrug is how far the right and the
    left shoulder are raised, radians too, its third number nothing.

    >>> Pose().right_hand
    array([ 0.14, -0.96,  0.1 ])
    """

    pelvis: Array = field(default_factory=lambda: np.array([0.0, -0.02, 0.0]))
    pelvis_turn: Array = field(default_factory=lambda: np.array([0.0, 0.0, 0.0]))
    spine: Array = field(default_factory=lambda: np.array([0.0, 0.04, 0.0]))
    head: Array = field(default_factory=lambda: np.array([0.0, 0.0, 0.0]))
    right_hand: Array = field(default_factory=lambda: np.array([0.14, -0.96, 0.1]))
    left_hand: Array = field(default_factory=lambda: np.array([0.14, -0.96, 0.1]))
    right_elbow: Array = field(default_factory=lambda: np.array([0.5, -0.5, -0.7]))
    left_elbow: Array = field(default_factory=lambda: np.array([0.5, -0.5, -0.7]))
    right_palm: Array = field(default_factory=lambda: np.array([0.0, 0.0, 0.1]))
    left_palm: Array = field(default_factory=lambda: np.array([0.0, 0.0, 0.1]))
    right_foot: Array = field(default_factory=lambda: np.array([0.0, 0.0, 0.0]))
    left_foot: Array = field(default_factory=lambda: np.array([0.0, 0.0, 0.0]))
    shrug: Array = field(default_factory=lambda: np.array([0.0, 0.0, 0.0]))


def ease(part: Array) -> Array:
    """Return the way from 0 to 1 that a hand takes from rest to rest (least jerk).

    >>> ease(np.array([-1.0, 0, 0.5, 1, 2]))
    array([0. , 0. , 0.5, 1. , 1. ])
    """
    p = np.minimum(np.maximum(part, 0.0), 1.0)
    return np.asarray(p * p * p * (10 - 15 * p + 6 * p * p))


def cruise(part: Array) -> Array:
    """Return the way from 0 to 1 that speeds up, keeps its speed, and slows down.

    >>> cruise(np.array([0.0, 0.1, 0.5, 0.9, 1])).round(5).tolist()
    [0.0, 0.03125, 0.5, 0.96875, 1.0]
    """
    ramp = 0.2
    p = np.minimum(np.maximum(part, 0.0), 1.0)
    gain, brake = np.minimum(p, ramp), np.maximum(p - (1 - ramp), 0.0)
    plain = gain * gain / (2 * ramp) + np.maximum(p - ramp, 0.0) - brake * brake / (2 * ramp)
    return np.asarray(plain / (1 - ramp))


Value = Array | tuple[float, ...] | float
Key = tuple[float, Value]


def trip(home: Value, *keys: Key, start: float = 0, end: float = 1) -> tuple[Key, ...]:
    """Return the keys of a way from home through others and home again.

    >>> trip(0, (0.4, 5.0))
    ((0, 0), (0.4, 5.0), (1, 0))
    """
    return (start, home), *keys, (end, home)


def path(phase: Array, *keys: Key) -> Array:
    """Move through keys (phase, value), resting at each; `phase` is `[T]`, the path `[T,D]`.

    >>> path(np.array([0.0, 0.25, 0.5, 1.0]), (0, (0.0, 1.0)), (0.5, (2.0, 1.0))).tolist()
    [[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [2.0, 1.0]]
    """
    way = np.zeros((len(phase), 1)) + np.asarray(keys[0][1], dtype=np.float64)
    for part, step in _steps(phase, keys):
        way = way + part * step
    return np.asarray(way)


def _steps(phase: Array, keys: tuple[Key, ...]) -> Iterator[tuple[Array, Array]]:
    """Yield how much of the step from each key to the next is done, `[T,1]`, and the step."""
    for (start, before), (end, after) in pairwise(keys):
        step = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
        yield ease((phase - start) / (end - start))[:, None], step


_BOW = np.array([0.5, 0.0, 0.5])  # long ways lead a little outward and to the front


def reach(phase: Array, *keys: Key) -> Array:
    """Move a hand through keys as an arm swings: around the shoulder, not straight past it.

    >>> halfway = reach(np.array([0.5]), (0, (0.0, -1.0, 0.0)), (1, (0.0, 0.0, 1.0)))
    >>> np.sqrt(dot(halfway, halfway)).round(6).tolist()
    [[1.0]]
    """
    way = path(phase, *keys)
    aims = [(at, np.asarray(place, dtype=np.float64)) for at, place in keys]
    lengths = [(at, np.sqrt(dot(aim, aim))) for at, aim in aims]
    for part, step in _steps(phase, keys):
        way = way + part * (1 - part) * dot(step, step) * _BOW
    here = np.maximum(np.sqrt(dot(way, way)), 0.15)
    return np.asarray(way / here * path(phase, *lengths))


def during(phase: Array, start: float, end: float, edge: float = 0.08) -> Array:
    """Return 1 between two phases, 0 elsewhere, with soft edges: `[T,1]`.

    >>> during(np.array([0.0, 0.5, 1.0]), 0.2, 0.8)[:, 0]
    array([0., 1., 0.])
    """
    return np.asarray((ease((phase - start) / edge) * ease((end - phase) / edge))[:, None])


def beat(phase: Array, start: float, end: float, cycles: float) -> Array:
    """Return a sine of so many cycles between two phases, 0 elsewhere: `[T,1]`.

    >>> beat(np.array([0.25]), 0, 1, 1).round(9).tolist()
    [[1.0]]
    """
    wave = sine(TAU * cycles * (phase - start) / (end - start))[:, None]
    return np.asarray(wave * during(phase, start, end))
