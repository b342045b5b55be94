"""Parts of a recording: what happens from one frame to another, and where a clip was cut from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skelfuse.errors import SkelfuseError
from skelfuse.plain_text import is_plain


@dataclass(frozen=True)
class Interval:
    """What happens in a recording from frame `start` until before frame `end`.

    `person` says whose it is, counted from 0 in the order of the clip; None where nobody says.

    >>> Interval(30, 90, "wave").as_list()
    [30, 90, 'wave', None]
    >>> Interval.from_list([30, 90, "wave", 1]).person
    1
    """

    start: int
    end: int
    label: str
    person: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise SkelfuseError(
                f"an interval '{self.label}' without a frame",
                expected="a start of at least 0, and an end after it",
                found=f"{self.start} to {self.end}",
            )
        if not is_plain(self.label):
            raise SkelfuseError(
                "an interval's label that cannot be kept",
                expected="text without NUL and half characters, in UTF-8",
                found=ascii(self.label),
            )

    def as_list(self) -> list[Any]:
        """Return plain values, ready for JSON."""
        return [self.start, self.end, self.label, self.person]

    @classmethod
    def from_list(cls, values: Any) -> Interval:
        """Return what `as_list` has given."""
        start, end, label, person = values
        return cls(int(start), int(end), str(label), None if person is None else int(person))


@dataclass(frozen=True)
class Origin:
    """The part of a recording that a clip was cut from: frames `start` until before `end`.

    >>> Origin.from_list(Origin("s01_e01", 900, 252, 391).as_list())
    Origin(recording='s01_e01', frames=900, start=252, end=391, person=None)
    """

    recording: str
    frames: int  # of the whole recording
    start: int
    end: int
    person: int | None = None  # the only one who was kept, counted from 0 in the recording

    def as_list(self) -> list[Any]:
        """Return plain values, ready for JSON."""
        return [self.recording, self.frames, self.start, self.end, self.person]

    @classmethod
    def from_list(cls, values: Any) -> Origin:
        """Return what `as_list` has given."""
        recording, frames, start, end, person = values
        return cls(str(recording), int(frames), int(start), int(end), person)
