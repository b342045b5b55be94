"""From the frame numbers in a file to the T axis."""

from __future__ import annotations


def frame_slots(numbers: list[int]) -> tuple[list[int], tuple[str, ...]]:
    """Return where on the T axis each of the increasing frame numbers goes, and notes on gaps.

    A frame that a file skips stays a frame, without anybody in it. Only where the numbers are
    evidently no frame numbers (gaps beyond ten times the frames) do they merely give the order.

    >>> frame_slots([7, 8, 10])
    ([0, 1, 3], ('1 frame without a record',))
    >>> frame_slots([139, 90000, 500000])[0]
    [0, 1, 2]
    """
    span = numbers[-1] - numbers[0] + 1
    if span > 10 * len(numbers) + 100:
        return list(range(len(numbers))), ("the frames' numbers leap: taken as an order only",)
    gaps = span - len(numbers)
    notes = (f"{gaps} frame{'s' if gaps > 1 else ''} without a record",) if gaps else ()
    return [number - numbers[0] for number in numbers], notes
