"""From the frame numbers and times in a file to the T axis and its rate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Slots(NamedTuple):
    """Where a file's frames lie on the T axis of its clip."""

    at: list[int]  # of each frame number
    first: int  # the number in the file of the clip's first frame
    notes: tuple[str, ...]


def other_count(said: str, found: int) -> tuple[str, ...]:
    """Return a note where a header says another number of frames than there are.

    >>> other_count("10", 2), other_count("2", 2), other_count("", 2)
    (('the file says 10 frames, and has 2',), (), ())
    """
    if not said.isdecimal() or int(said) == found:
        return ()
    return (f"the file says {int(said):,} frames, and has {found:,}",)


def frame_slots(numbers: list[int]) -> Slots:
    """Return where on the T axis each of the increasing frame numbers goes.

    A frame that a file skips stays a frame, without anybody in it. A recording that begins later
    in its video begins with its first number: where labels count frames or seconds of the video,
    `first` says how many came before. Files count from 0 or from 1, and neither is later. Only
    where the numbers are evidently no frame numbers (gaps beyond ten times the frames) do they
    merely give the order.

    >>> frame_slots([0, 1, 3])
    Slots(at=[0, 1, 3], first=0, notes=('1 frame without a record',))
    >>> frame_slots([50, 51])
    Slots(at=[0, 1], first=50, notes=())
    >>> frame_slots([139, 90000, 500000]).at
    [0, 1, 2]
    """
    begins = numbers[0]
    span = numbers[-1] - begins + 1
    if span > 10 * len(numbers) + 100:
        leap = "the frames' numbers leap: taken as an order only"
        return Slots(list(range(len(numbers))), 0, (leap,))
    gaps = span - len(numbers)
    notes = (f"{gaps} frame{'s' if gaps > 1 else ''} without a record",) if gaps else ()
    return Slots([number - begins for number in numbers], begins if begins > 1 else 0, notes)


def rate_of(times: npt.NDArray[np.floating[Any]]) -> float | None:
    """Return the frames per second, by times in seconds, milli-, micro- or nanoseconds.

    The median step tells the unit: nobody films at less than a frame in two seconds.

    >>> [rate_of(np.array([0, 0.04, 0.08]) * unit) for unit in (1, 1e3, 1e6, 1e9)]
    [25.0, 25.0, 25.0, 25.0]
    """
    steps = np.diff(np.unique(times[np.isfinite(times)]))
    if not len(steps):
        return None
    step = float(np.median(steps))
    unit = next((unit for unit in (1e9, 1e6, 1e3) if step >= 2 * unit / 1e3), 1)
    rate = round(unit / step, 3)
    return rate if 0 < rate < 1e4 else None
