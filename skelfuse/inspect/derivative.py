"""How nearly a kernel is the ideal derivative jω, and up to which frequency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skelfuse.arrays import Array, Bools
from skelfuse.inspect.response import NYQUIST, POINTS, edge_of

TOLERANCE = 0.1  # of the ideal gain, by which a kernel's may differ and still follow it
TURN = np.radians(30)  # and the phase: beyond that a kernel tells something else than the velocity
OCTAVE = 2  # where a gain follows for less than this it has only crossed the ideal one


@dataclass(frozen=True)
class Derivative:
    """The ideal derivative that a kernel is to slow motion, and where it still is that.

    On a sine whose frequency lies in `follows`, the kernel answers with `slope` times the velocity
    at `place`: within 10 % in size and 30 degrees in phase.
    """

    slope: float  # times the velocity per frame; below 0 upside down, 0 of what is no derivative
    place: float  # the moment whose velocity it tells, as an offset in frames
    follows: tuple[float, float] | None  # cycles per frame

    def gain(self, frequency: npt.ArrayLike) -> Array:
        """Return the gain of the ideal derivative at frequencies in cycles per frame."""
        return np.asarray(2 * np.pi * abs(self.slope) * np.asarray(frequency, np.float64))


def derivative(taps: npt.ArrayLike, first: int = 0) -> Derivative:
    """Compare `taps [k]`, of which the first has the offset `first`, with the ideal derivative.

    Both differences are exactly the velocity while it is slow; the one over two frames gives in at
    a quarter of the Nyquist frequency, the one over a single frame at a half:

    >>> for taps, first in (([-1, 1], -1), ([-0.5, 0, 0.5], -1)):
    ...     found = derivative(taps, first)
    ...     print(found.slope, found.place, [round(edge, 3) for edge in found.follows])
    1.0 -0.5 [0.0, 0.25]
    1.0 0.0 [0.0, 0.125]

    An acceleration answers to no velocity, and smoothing answers to the place itself:

    >>> derivative([1, -2, 1]).follows, derivative([0.25, 0.5, 0.25]).follows
    (None, None)
    """
    kernel = np.asarray(taps, np.float64)
    offsets = first + np.arange(len(kernel))
    if not kernel.any():
        return Derivative(0.0, float(offsets.mean()), None)
    # Moments of the taps. The gain's square begins as s0² + ω²·(s1² - s0·s2), wherever the offsets
    # are counted from: the root of the bracket is the slope. Where s2 vanishes, no second
    # derivative is mixed in: that moment is the place. Of two such, it is the one nearer to where
    # the kernel's energy is, from where the offsets are counted therefore.
    middle = float((offsets * kernel**2).sum() / (kernel**2).sum())
    s0, s1, s2 = (float((kernel * (offsets - middle) ** power).sum()) for power in range(3))
    square = s1**2 - s0 * s2
    # What is left of terms that cancel is rounding, no slope.
    if square <= 1e-12 * (s1**2 + abs(s0 * s2)):
        return Derivative(0.0, middle, None)
    slope = float(np.copysign(np.sqrt(square), s1))
    place = middle + s2 / (s1 + slope)
    grid = np.linspace(0, NYQUIST, POINTS)[1:]

    def follows(frequency: npt.ArrayLike) -> Bools:
        omega = 2 * np.pi * np.asarray(frequency, np.float64)
        answer = np.exp(1j * omega[..., None] * (offsets - place)) @ kernel
        share = answer / (1j * omega * slope)
        close = np.abs(np.abs(share) - 1) <= TOLERANCE
        return np.asarray(close & (np.abs(np.angle(share)) <= TURN))

    inside = follows(grid)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False]))))
    bands = [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]
    begin, end = max(bands, key=lambda band: band[1] - band[0], default=(0, -1))
    if end < begin:
        return Derivative(slope, place, None)
    low = edge_of(follows, grid[begin - 1], grid[begin]) if begin else 0.0
    high = edge_of(follows, grid[end + 1], grid[end]) if end + 1 < len(grid) else NYQUIST
    return Derivative(slope, place, (low, high) if high >= OCTAVE * low else None)
