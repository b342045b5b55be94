"""What was done to many clips on their way, in a few lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from skelfuse.telling.counted import counted

LINES = 5
_NUMBER = re.compile(r"(?<![\w.'-])\d[\d,]*(?:\.\d+)?(?![\w'-])")


def tally(notes: Iterable[Sequence[str]]) -> dict[str, int]:
    """Count the clips of each kind of note, the most frequent first; numbers that vary are ranges.

    >>> tally([["1 of 3 persons left out"], ["layout 'coco-17' taken", "2 of 3 persons left out"]])
    {'1-2 of 3 persons left out': 2, "layout 'coco-17' taken": 1}
    """
    counts: dict[str, int] = {}
    numbers: dict[str, list[list[str]]] = {}
    for of_clip in notes:
        kinds = {_NUMBER.sub("\0", note): _NUMBER.findall(note) for note in of_clip}
        for kind, found in kinds.items():
            counts[kind] = counts.get(kind, 0) + 1
            seen = numbers.setdefault(kind, [[number, number] for number in found])
            for ends, number in zip(seen, found, strict=True):
                ends[0] = min(ends[0], number, key=_value)
                ends[1] = max(ends[1], number, key=_value)
    ordered = sorted(counts, key=lambda kind: -counts[kind])
    return {_filled(kind, numbers[kind]): counts[kind] for kind in ordered}


def note_lines(counts: Mapping[str, int], more: str) -> list[str]:
    """Return at most five lines of a tally; of further kinds only how many there are.

    >>> note_lines({"layout 'coco-17' taken": 40, "1 person left out": 1}, "info lists them")
    ["40 clips: layout 'coco-17' taken", '1 clip: 1 person left out']
    """
    lines = [f"{counted(clips, 'clip')}: {note}" for note, clips in counts.items()]
    if len(lines) <= LINES:
        return lines
    rest = len(lines) - LINES + 1
    return [*lines[: LINES - 1], f"and {rest} more kinds of notes; {more}"]


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _filled(kind: str, numbers: list[list[str]]) -> str:
    parts = kind.split("\0")
    told = [least if least == most else f"{least}-{most}" for least, most in numbers]
    return "".join(part + number for part, number in zip(parts, [*told, ""], strict=True))
