"""How strongly a kernel answers to each frequency of motion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skelfuse.arrays import Array, Bools

NYQUIST = 0.5  # cycles per frame
POINTS = 2049
HALF_POWER = 0.5**0.5  # -3 dB: where the power is half of that at the peak
BISECTIONS = 50
FLAT = 1e-9  # gains this close to the greatest, as a share of it, are the greatest


@dataclass(frozen=True)
class Response:
    """What of a kernel's frequency response fits in a line; frequencies in cycles per frame."""

    at_zero: float  # gain for what stands still: |sum of taps|
    peak: float  # the lowest frequency with the greatest gain
    peak_gain: float
    band: tuple[float, float]  # around the peak, where the gain is within 3 dB of it

    @property
    def kind(self) -> str:
        """What passes: "low", "high", "band" or "all" frequencies; "none" of a zero kernel."""
        if not self.peak_gain:
            return "none"
        low, high = self.band[0] == 0, self.band[1] == NYQUIST
        return "all" if low and high else "low" if low else "high" if high else "band"


def gain(taps: npt.ArrayLike, frequency: npt.ArrayLike, rate: float = 1.0) -> Array:
    """Return the gain of `taps [k]` at each frequency, in units of `rate` frames per second.

    >>> gain([-1, 1], [0, 5, 15], rate=30).round(6).tolist()
    [0.0, 1.0, 2.0]
    """
    kernel = np.asarray(taps, np.float64)
    turns = np.asarray(frequency, np.float64)[..., None] / rate * np.arange(len(kernel))
    return np.asarray(np.abs(np.exp(-2j * np.pi * turns) @ kernel))


def response(taps: npt.ArrayLike) -> Response:
    """Summarise the frequency response of `taps [k]`, from stillness to Nyquist's frequency.

    The central difference peaks at a quarter of the frame rate:

    >>> found = response([-0.5, 0, 0.5])
    >>> found.kind, found.at_zero, round(found.peak, 6), [round(edge, 6) for edge in found.band]
    ('band', 0.0, 0.25, [0.125, 0.375])
    """
    kernel = np.asarray(taps, np.float64)
    grid = np.linspace(0, NYQUIST, POINTS)
    gains = gain(kernel, grid)
    at_zero = float(abs(kernel.sum()))
    if not gains.max():
        return Response(0.0, 0.0, 0.0, (0.0, NYQUIST))
    top = int(np.argmax(gains >= gains.max() * (1 - FLAT)))
    peak = _refined(kernel, grid, top)
    peak_gain = float(gain(kernel, peak))
    level = HALF_POWER * peak_gain
    inside = gains >= level
    below = np.flatnonzero(~inside[:top])
    above = np.flatnonzero(~inside[top:]) + top

    def strong(frequency: float) -> Bools:
        return gain(kernel, frequency) >= level

    low = edge_of(strong, grid[below[-1]], grid[below[-1] + 1]) if below.size else 0.0
    high = edge_of(strong, grid[above[0]], grid[above[0] - 1]) if above.size else NYQUIST
    return Response(at_zero, peak, peak_gain, (low, high))


def _refined(kernel: Array, grid: Array, top: int) -> float:
    """Return where the gain is greatest next to the grid's point `top`."""
    if top in (0, len(grid) - 1):
        return float(grid[top])
    low, high = grid[top - 1], grid[top + 1]
    for _ in range(4):
        closer = np.linspace(low, high, 21)
        best = int(np.argmax(gain(kernel, closer)))
        low, high = closer[max(best - 1, 0)], closer[min(best + 1, 20)]
    return float(closer[best])


def edge_of(band: Callable[[float], Bools], outside: float, inside: float) -> float:
    """Return where a band of frequencies ends, between one outside of it and one inside."""
    for _ in range(BISECTIONS):
        middle = (outside + inside) / 2
        outside, inside = (outside, middle) if band(middle) else (middle, inside)
    return float(inside)
