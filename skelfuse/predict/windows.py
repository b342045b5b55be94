"""Parts of a long recording, one after the other, and what was recognised in each of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from skelfuse.errors import SkelfuseError
from skelfuse.predict.prediction import Prediction

LONGEST = 1e9  # frames or seconds, with which computers still count in whole numbers
_LENGTH = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([sf])\s*")


@dataclass(frozen=True)
class Length:
    """A stretch of time in seconds or in frames: "2s", "0.5s", "60f".

    >>> Length.parse("2s").frames(fps=30), Length.parse("60f").frames(fps=None)
    (60.0, 60.0)
    >>> Length.parse("2")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: not a duration: expected seconds (2s) or frames (60f), \
found 2
    """

    amount: float
    in_frames: bool

    @staticmethod
    def parse(text: str) -> Length:
        """Read a length as a person writes it."""
        found = _LENGTH.fullmatch(text)
        if not found or not float(found[1]) > 0:
            raise SkelfuseError(
                "not a duration", expected="seconds (2s) or frames (60f)", found=text
            )
        return Length(_possible(float(found[1]), text), found[2] == "f")

    def frames(self, fps: float | None) -> float:
        """Return the length in frames, which seconds may split."""
        if self.in_frames:
            return self.amount
        if fps is None:
            raise SkelfuseError(
                f"{self.amount:g} seconds need a frame rate",
                remedy="give the rate (fps), or the length in frames, e.g. 60f",
            )
        return _possible(self.amount * fps, f"{self.amount:g} seconds at {fps:g} a second")

    def quarter(self, fps: float | None) -> float:
        """Return a fourth of the length in frames: a stride where none is given.

        It is never shorter than a frame, and whole where the length is one of frames.

        >>> Length.parse("0.1s").quarter(30), Length.parse("2s").quarter(25)
        (1.0, 12.5)
        """
        part = self.frames(fps) / 4
        return max(1.0, float(round(part)) if self.in_frames else part)


@dataclass(frozen=True)
class Windows:
    """Where windows lie: each `length` frames long, the next one `stride` frames later.

    The stride may be no whole number (half a second at 25 frames a second): every start is rounded
    on its own, so that none drifts.

    >>> windows = Windows.of("1s", "0.5s", fps=25)
    >>> windows.length, [windows.start(k) for k in range(4)]
    (25, [0, 13, 25, 38])
    """

    length: int
    stride: float

    @staticmethod
    def of(window: str, stride: str | None, *, fps: float | None) -> Windows:
        """Return the windows that two lengths ("2s", "60f") ask for; no stride is a quarter."""
        wide = Length.parse(window)
        length = max(1, _rounded(wide.frames(fps)))
        step = wide.quarter(fps) if stride is None else Length.parse(stride).frames(fps)
        if step < 1:
            raise SkelfuseError(
                "the stride is shorter than a frame", found=stride, remedy="take a longer one"
            )
        return Windows(length, step)

    def start(self, number: int) -> int:
        """Return the first frame of a window."""
        return _rounded(number * self.stride)

    def within(self, frames: int) -> Iterator[tuple[int, int]]:
        """Yield the windows of a recording as (first frame, frame after the last).

        What the last whole window leaves over at the end gets one that ends with the recording; a
        recording shorter than a window is one window.

        >>> list(Windows(60, 30).within(130)), list(Windows(60, 30).within(20))
        ([(0, 60), (30, 90), (60, 120), (70, 130)], [(0, 20)])
        """
        number = end = 0
        while (start := self.start(number)) + self.length <= frames:
            end = start + self.length
            yield start, end
            number += 1
        if end < frames:
            yield max(0, frames - self.length), frames


@dataclass(frozen=True, eq=False)
class Window:
    """What was recognised in the frames `first` to `after` (which is the one after the last)."""

    first: int
    after: int
    prediction: Prediction | None  # None where nobody is to be seen
    begins: float | None = None  # in seconds, where they are known
    ends: float | None = None

    @property
    def best(self) -> str | None:
        """The likeliest class."""
        return None if self.prediction is None else self.prediction.best


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording in which every window shows the same class."""

    first: float  # in frames; windows overlap, so that a border may lie within a frame
    after: float
    begins: float | None
    ends: float | None
    best: str | None
    probability: float | None  # the mean of its windows'


def merged(windows: Sequence[Window]) -> list[Segment]:
    """Join neighbours of one class; where the class changes the border halves their overlap.

    >>> import numpy as np
    >>> wave, sit = (
    ...     Prediction("a", ("wave", "sit"), np.array(p)) for p in ([0.9, 0.1], [0.3, 0.7])
    ... )
    >>> seen = [Window(0, 60, wave), Window(30, 90, wave), Window(60, 120, sit)]
    >>> [(part.first, part.after, part.best, part.probability) for part in merged(seen)]
    [(0, 75.0, 'wave', 0.9), (75.0, 120, 'sit', 0.7)]
    """
    runs: list[list[Window]] = []
    for window in windows:
        last = runs[-1][-1] if runs else None
        if last is not None and window.best == last.best and window.first <= last.after:
            runs[-1].append(window)
        else:
            runs.append([window])
    segments = []
    for i, run in enumerate(runs):
        before = runs[i - 1][-1] if i else None
        behind = runs[i + 1][0] if i + 1 < len(runs) else None
        first, begins = _border(before, run[0]) or (run[0].first, run[0].begins)
        after, ends = _border(run[-1], behind) or (run[-1].after, run[-1].ends)
        sure = [one.prediction.probability for one in run if one.prediction]
        mean = math.fsum(sure) / len(sure) if sure else None
        segments.append(Segment(first, after, begins, ends, run[0].best, mean))
    return segments


def _border(earlier: Window | None, later: Window | None) -> tuple[float, float | None] | None:
    """Return the middle of two windows' overlap in frames and seconds; None without one."""
    if earlier is None or later is None or later.first >= earlier.after:
        return None
    seconds = None
    if earlier.ends is not None and later.begins is not None:
        seconds = (earlier.ends + later.begins) / 2
    return (earlier.after + later.first) / 2, seconds


def _possible(amount: float, told: str) -> float:
    if amount > LONGEST:
        raise SkelfuseError(
            "the length is out of range", expected=f"at most {LONGEST:g}", found=told
        )
    return amount


def _rounded(frames: float) -> int:
    return math.floor(frames + 0.5 + 1e-9)  # `round` would take 12.5 down and 13.5 up
