"""What a Kinect gets wrong: joints that shake or are guessed, lost frames, ghosts, mix-ups."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.synth.rotation import Array, bell, drift, spread

# Metres by which a tracked joint shakes at a distance of three metres: the trunk least, tips most.
_SHAKE = np.full(25, 0.0022)
_SHAKE[[0, 1, 2, 3, 4, 8, 12, 16, 20]] = 0.0012
_SHAKE[[7, 11, 15, 19]] = 0.004
_SHAKE[[21, 22, 23, 24]] = 0.007

_LIMBS = np.array([5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 24])
_TIPS = np.array([15, 19, 21, 22, 23, 24])


@dataclass(frozen=True)
class Sight:
    """What the sensor reports of B bodies in T frames."""

    coords: Array  # [T,B,25,3] as reported
    state: npt.NDArray[np.int64]  # [T,B,25]: 2 tracked, 1 inferred, 0 not tracked
    seen: npt.NDArray[np.bool_]  # [T,B]: whether the frame lists the body at all
    ids: npt.NDArray[np.int64]  # [T,B]
    swapped: npt.NDArray[np.bool_]  # [T]: frames that list their bodies in reverse order


def faulty(sight: Sight, rng: np.random.Generator, noise: float) -> Sight:
    """Return the sight with all of a Kinect's faults, as often and as large as `noise` times usual.

    >>> still = np.zeros((60, 1, 25, 3)) + [0.0, 0.0, 3.0]
    >>> clean = Sight(still, np.full((60, 1, 25), 2), np.ones((60, 1), bool),
    ...               np.ones((60, 1), int), np.zeros(60, bool))
    >>> shaken = faulty(clean, np.random.default_rng(0), noise=1)
    >>> bool(0 < shaken.coords.std(axis=0).mean() < 0.05)
    True
    """
    sight = _guessed(sight, rng, noise)
    sight = _shaken(sight, rng, noise)
    sight = _untracked(sight, rng, noise)
    sight = _renamed(sight, rng, noise)
    sight = _lost(sight, rng, noise)
    sight = _swapped(sight, rng, noise)
    return _haunted(sight, rng, noise)


def _happens(rng: np.random.Generator, probability: float, noise: float) -> bool:
    return float(rng.random()) < min(probability * noise, 0.95)


def _span(rng: np.random.Generator, frames: int, shortest: int, longest: int) -> slice:
    # Some frames in a row, anywhere in the clip.
    length = min(int(rng.integers(shortest, longest + 1)), frames - 1)
    start = int(rng.integers(0, frames - length + 1))
    return slice(start, start + length)


def _guessed(sight: Sight, rng: np.random.Generator, noise: float) -> Sight:
    # Limbs behind a trunk are inferred, and so are some that merely look alike to the sensor.
    frames, people = sight.seen.shape
    coords, state = sight.coords, sight.state.copy()
    prone = rng.random((people, 25)) < min(0.75 * noise, 1.0)
    for who in range(people):
        for other in range(people):
            base, top = coords[:, other, 0], coords[:, other, 20]
            middle = (base + top) / 2
            behind = coords[:, who, :, 2] - middle[:, None, 2]
            beside = np.abs(coords[:, who, :, 0] - middle[:, None, 0])
            height = coords[:, who, :, 1]
            level = (height > base[:, None, 1] - 0.1) & (height < top[:, None, 1])
            hidden = (behind > (0.07 if who == other else 0.2)) & (beside < 0.14) & level
            if who == other:
                hidden[:, np.setdiff1d(np.arange(25), _LIMBS)] = False
            state[:, who][hidden & prone[who]] = 1
        for _ in range(int(noise * int(rng.integers(0, 9)) + 0.5)):
            joint = int(_LIMBS[int(rng.integers(0, len(_LIMBS)))])
            state[_span(rng, frames, 3, 45), who, joint] = 1
    off = 0.055 * noise * drift(rng, frames, people, 25, 3, every=9)
    off = off + 0.006 * noise * bell(rng, frames, people, 25, 3)
    return replace(sight, coords=coords + np.where((state == 1)[..., None], off, 0.0), state=state)


def _shaken(sight: Sight, rng: np.random.Generator, noise: float) -> Sight:
    frames, people = sight.seen.shape
    far = sight.coords[..., 2:3] / 3
    size = noise * _SHAKE[:, None] * far * far
    quick = bell(rng, frames, people, 25, 3)
    slow = drift(rng, frames, people, 25, 3, every=12)
    return replace(sight, coords=sight.coords + size * (quick + 1.5 * slow))


def _untracked(sight: Sight, rng: np.random.Generator, noise: float) -> Sight:
    # A joint that is not tracked stays where it was last known.
    coords, state = sight.coords.copy(), sight.state.copy()
    frames, people = sight.seen.shape
    for who in range(people):
        if _happens(rng, 0.12, noise):
            joint = int(_TIPS[int(rng.integers(0, len(_TIPS)))])
            span = _span(rng, frames, 2, 10)
            coords[span, who, joint] = coords[max(span.start - 1, 0), who, joint]
            state[span, who, joint] = 0
    return replace(sight, coords=coords, state=state)


def _renamed(sight: Sight, rng: np.random.Generator, noise: float) -> Sight:
    # The sensor loses somebody, mostly for some frames, and takes them for somebody new.
    ids, seen = sight.ids.copy(), sight.seen.copy()
    frames, people = seen.shape
    for who in range(people):
        if _happens(rng, 0.12, noise):
            gap = _span(rng, frames - 20, 0, 5)
            seen[gap.start + 10 : gap.stop + 10, who] = False
            ids[gap.stop + 10 :, who] = ids.max() + 1 + int(rng.integers(0, 4))
    return replace(sight, ids=ids, seen=seen)


def _lost(sight: Sight, rng: np.random.Generator, noise: float) -> Sight:
    seen = sight.seen.copy()
    frames, people = seen.shape
    if _happens(rng, 0.15, noise):
        seen[_span(rng, frames, 1, 6)] = False
    for who in range(people):
        if people > 1 and _happens(rng, 0.1, noise):
            seen[_span(rng, frames, 3, 15), who] = False
    return replace(sight, seen=seen)


def _swapped(sight: Sight, rng: np.random.Generator, noise: float) -> Sight:
    swapped = sight.swapped.copy()
    frames, people = sight.seen.shape
    if people > 1 and _happens(rng, 0.3, noise):
        swapped[_span(rng, frames, 4, frames // 2)] = True
    return replace(sight, swapped=swapped)


def _haunted(sight: Sight, rng: np.random.Generator, noise: float) -> Sight:
    frames = len(sight.seen)
    if _happens(rng, 0.1, noise):  # a reflection of somebody, for at most ten frames
        shift = np.array([spread(rng, 0.5, 1.1), spread(rng, -0.2, 0.3), spread(rng, -0.5, 0.9)])
        shift = shift * np.array([1.0 if float(rng.random()) < 0.5 else -1.0, 1.0, 1.0])
        ghost = sight.coords[:, 0] + shift + 0.04 * bell(rng, frames, 25, 3)
        sight = _joined(sight, ghost, _span(rng, frames, 2, 10), rng)
    if _happens(rng, 0.08, noise):  # a piece of furniture: wider than it is high
        size = np.array([spread(rng, 0.3, 0.45), spread(rng, 0.06, 0.14), 0.1])
        aside = np.array([spread(rng, 0.8, 1.1), spread(rng, -0.5, 0.1), 0.3])
        table = size * (2 * rng.random((25, 3)) - 1)
        table = sight.coords[0, 0, 0] + aside + table + 0.012 * bell(rng, frames, 25, 3)
        sight = _joined(sight, table, _span(rng, frames, 14, frames), rng)
    return sight


def _joined(sight: Sight, ghost: Array, span: slice, rng: np.random.Generator) -> Sight:
    seen = np.zeros((len(ghost), 1), dtype=np.bool_)
    seen[span] = True
    doubtful = 1 + (rng.random((len(ghost), 1, 25)) < 0.3).astype(np.int64)
    number = np.full((len(ghost), 1), sight.ids.max() + 1, dtype=np.int64)
    return replace(
        sight,
        coords=np.concatenate([sight.coords, ghost[:, None]], axis=1),
        state=np.concatenate([sight.state, doubtful], axis=1),
        seen=np.concatenate([sight.seen, seen], axis=1),
        ids=np.concatenate([sight.ids, number], axis=1),
    )
