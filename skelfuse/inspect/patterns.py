"""The classical filters of motion, and which of them a learned kernel has become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from skelfuse.arrays import Array

NOISE_ROBUST = (0.15, 0.25, -0.8, 0.25, 0.15)
PERIODIC_LENGTH = 5  # fewer taps always fit some wave, and so tell nothing
PERIODIC_FITTED = 3  # two amplitudes and a frequency, against the one amplitude of a fixed pattern
EQUAL = 1e-9  # explained shares this close are one; the simpler pattern, first in the list, wins


@dataclass(frozen=True)
class Likeness:
    """The classical pattern nearest to a kernel, and how much of the kernel it explains."""

    pattern: str
    cosine: float  # negative: the pattern upside down
    first: int  # the tap that it begins at
    taps: tuple[float, ...]  # the pattern at its best place and size, as long as the kernel
    period: float | None = None  # in frames, of a periodic one

    @property
    def inverted(self) -> bool:
        """Whether the kernel is the pattern upside down."""
        return self.cosine < 0

    @property
    def left_over(self) -> float:
        """The share of the kernel's energy that the pattern does not explain, 0 to 1."""
        return max(0.0, 1.0 - self.cosine**2)

    def __str__(self) -> str:
        period = "" if self.period is None else f", {self.period:.1f} frames"
        return f"{self.pattern}{period}{', inverted' if self.inverted else ''}"


def nearest_pattern(taps: npt.ArrayLike) -> Likeness | None:
    """Return the classical pattern nearest to `taps [k]`; None for a kernel that is all zero.

    A pattern shorter than the kernel is tried at every place, zero elsewhere, and upside down. A
    wave of free phase and frequency fits more by chance than a fixed pattern does; its unexplained
    share counts more accordingly, as in an adjusted coefficient of determination.

    >>> print(nearest_pattern([-1, 1]), nearest_pattern([0.5, 0, -0.5]), sep="; ")
    velocity over 1 frame; velocity, central, inverted
    >>> found = nearest_pattern([0, 1, -2, 1.2, 0])
    >>> found.pattern, found.first, round(found.cosine, 3), round(found.left_over, 3)
    ('acceleration', 1, 0.997, 0.005)
    """
    kernel = np.asarray(taps, np.float64)  # [k]
    size = float(np.linalg.norm(kernel))
    if not size:
        return None
    placed = list(_placed(len(kernel)))
    cosines = np.array([pattern @ kernel for _, _, pattern in placed]) / size
    best = int(np.argmax(cosines**2 >= (cosines**2).max() - EQUAL))
    name, first, pattern = placed[best]
    cosine = float(np.clip(cosines[best], -1.0, 1.0))
    wave = _wave(kernel, size) if len(kernel) >= PERIODIC_LENGTH else None
    if wave is not None:
        k = len(kernel)
        fair = 1 - wave.left_over * (k - 1) / (k - PERIODIC_FITTED)
        if fair > cosine**2 + EQUAL:
            return wave
    return Likeness(name, cosine, first, tuple((size * cosine * pattern).tolist()))


def patterns(length: int) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield the fixed patterns of at most `length` taps, with their names, in increasing time.

    >>> [name for name, taps in patterns(3)]  # doctest: +NORMALIZE_WHITESPACE
    ['position', 'velocity over 1 frame', 'velocity, central', 'acceleration', 'smoothing (box)',
     'smoothing (box)', 'Gaussian', 'Gaussian']
    """
    every: list[tuple[str, tuple[float, ...]]] = [
        ("position", (1.0,)),
        ("velocity over 1 frame", (-1.0, 1.0)),
        ("velocity, central", (-0.5, 0.0, 0.5)),
        ("acceleration", (1.0, -2.0, 1.0)),
        ("jerk", (1.0, -3.0, 3.0, -1.0)),
        ("noise-robust", NOISE_ROBUST),
    ]
    every += [("smoothing (box)", (1.0 / n,) * n) for n in range(2, length + 1)]
    for n in range(3, length + 1):
        every += [("Gaussian", _gaussian(n, (n - 1) / 4)), ("Gaussian", _gaussian(n, (n - 1) / 3))]
    for r in range(3, length):
        every.append((f"velocity over {r} frames", (-1.0, *(0.0,) * (r - 1), 1.0)))
    for n in range(4, length + 1):  # the slope of a line fitted to n frames (Savitzky, Golay)
        every.append(("velocity, smoothed", tuple((np.arange(n) - (n - 1) / 2).tolist())))
    for gap in range(2, (length - 1) // 2 + 1):
        zeros = (0.0,) * (gap - 1)
        every.append((f"acceleration over {2 * gap} frames", (1.0, *zeros, -2.0, *zeros, 1.0)))
    return ((name, taps) for name, taps in every if len(taps) <= length)


@cache
def _placed(length: int) -> tuple[tuple[str, int, Array], ...]:
    found = []
    for name, taps in patterns(length):
        unit = np.asarray(taps) / np.linalg.norm(taps)
        for first in range(length - len(taps) + 1):
            found.append((name, first, np.pad(unit, (first, length - len(taps) - first))))
    return tuple(found)


def _gaussian(length: int, spread: float) -> tuple[float, ...]:
    bell = np.exp(-0.5 * ((np.arange(length) - (length - 1) / 2) / spread) ** 2)
    return tuple((bell / bell.sum()).tolist())


def _wave(kernel: Array, size: float) -> Likeness | None:
    """Return the wave of at least one period that explains most of `kernel [k]`."""
    k, unit = len(kernel), kernel / size

    def fitted(frequency: float) -> Array:
        phase = 2 * np.pi * frequency * np.arange(k)
        waves = np.stack([np.cos(phase), np.sin(phase)], axis=1)  # [k,2]
        amplitudes: Array = np.linalg.lstsq(waves, unit, rcond=1e-9)[0]
        return np.asarray(waves @ amplitudes)

    low, high = 1 / k, 0.5
    for _ in range(4):  # each pass looks closer around the best so far
        tried = np.linspace(low, high, 41)
        best = float(tried[np.argmax([np.linalg.norm(fitted(f)) for f in tried])])
        step = tried[1] - tried[0]
        low, high = max(1 / k, best - step), min(0.5, best + step)
    wave = fitted(best)
    cosine = float(np.linalg.norm(wave))  # of a projection of something of length 1
    if not cosine:
        return None
    return Likeness("periodic", min(cosine, 1.0), 0, tuple((size * wave).tolist()), period=1 / best)
