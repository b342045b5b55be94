"""The times of live frames: how fast frames come, and whether these are seconds at all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from skelfuse.errors import SkelfuseError

TIMES_NEEDED = 16  # between frames, before they tell the rate
DOUBTED = 3  # times in a row that contradict a given rate, before they are told
SPARSE = 10  # frames of a given rate; where fewer are left out, a camera or a detector may be slow
SLOWEST, FASTEST = 1.0, 1e5  # frames per second that may follow from times
MILLISECOND = 0.001
GAP = 1.5  # of what usually passes between two frames: in between, frames were left out


def rate_of(
    times: Sequence[float], given: float | None = None, *, ended: bool = False
) -> float | None:
    """Return the frames per second that times in seconds tell; None while more are needed.

    It is the mean over what passed between frames, gaps left out: a clock of whole milliseconds
    errs at each frame, and so a whole number that such a clock cannot tell from the mean is taken.
    A rate that is `given` stays, unless all times contradict it. A recording that has `ended` tells
    no more.

    >>> seconds = [round(i / 30, 3) for i in range(20) if i != 4]
    >>> print(rate_of(seconds[:3]), rate_of(seconds), rate_of(seconds[:3], 30))
    None 30.0 30
    >>> rate_of([0, 33, 67, 100], 30)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: 't' is in seconds: expected about 0.0333 between frames, \
found 33; are these milliseconds? divide them by 1,000
    """
    between = [later - earlier for earlier, later in pairwise(times)]
    if not between:
        return (given or 1.0) if ended else None  # a single frame has no rate
    usual = median(between)
    if given is not None:
        if between[-1] < max(1.0, SPARSE / given):
            return given
        if len(between) >= DOUBTED or ended:
            raise _no_seconds(usual, f"about {1 / given:.3g} between frames")
        return None
    if len(between) < TIMES_NEEDED and not ended:
        return None
    steady = [one for one in between if one < GAP * usual]
    rate = len(steady) / max(sum(steady), 1e-9)
    whole = max(1, round(rate))
    if abs(len(steady) / whole - sum(steady)) < MILLISECOND and all(map(_in_milliseconds, times)):
        rate = float(whole)
    if not SLOWEST <= rate <= FASTEST:
        raise _no_seconds(usual, f"{1 / FASTEST:g} to {1 / SLOWEST:g} between frames")
    return rate


def _in_milliseconds(time: float) -> bool:
    return abs(time / MILLISECOND - round(time / MILLISECOND)) < 1e-3


def _no_seconds(usual: float, expected: str) -> SkelfuseError:
    hint = "are these milliseconds? divide them by 1,000" if usual > 1 else "give seconds"
    return SkelfuseError("'t' is in seconds", expected=expected, found=f"{usual:g}", remedy=hint)
