"""What one line of a table of labels says of a recording, or of a part of it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from skelfuse.errors import SkelfuseError

CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)")  # 1:02:03.5, 02:03


@dataclass(frozen=True)
class Row:
    """A recording's label, or that of an interval of it, where `start` is given.

    In seconds an interval begins at `start` and lasts until `end`. In frames, counted from 0,
    `end` is the first frame after it.
    """

    table: str
    line: int
    file: str  # the recording, as the table names it
    label: str | None = None
    start: float | None = None
    end: float | None = None
    in_frames: bool = False
    subject: str | None = None
    split: str | None = None
    camera: str | None = None
    fps: float | None = None  # of the video, where the table has it
    person: int | str | None = None  # whose interval it is: counted from 0, or by name


def seconds(text: str, *, comma: bool = False) -> float:
    """Return a time in seconds, which may be written as a clock does.

    >>> seconds("2.5"), seconds("1:02.5"), seconds("01:00:01"), seconds("2,5", comma=True)
    (2.5, 62.5, 3601.0, 2.5)
    """
    text = text.strip()
    if comma:
        text = text.replace(",", ".")
    if clock := CLOCK.fullmatch(text):
        return int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    return number(text, "a time in seconds, such as 2.5 or 0:02.5")


def frame(text: str) -> int:
    """Return the number of a frame, counted from 0.

    >>> frame("12"), frame("12.0")
    (12, 12)
    """
    value = number(text, "a frame's number, counted from 0")
    if value != int(value):
        raise SkelfuseError("no frame's number", expected="a whole number", found=text)
    return int(value)


def number(text: str, what: str) -> float:
    """Return a number that is not negative."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e12:
        raise SkelfuseError(f"not {what}", found=text or "nothing", remedy="correct it")
    return value
