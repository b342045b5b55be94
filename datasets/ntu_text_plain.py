"""NTU `.skeleton` text in plain Python: the way without the compiled scanner, and its grammar.

Line 1 is the number of frames. Each frame is a line with its number of bodies, and each body is a
line of ten fields that begins with its ID, a line with the number of joints, and one line a joint:
x y z, seven columns in the depth and colour images and of orientation, and the tracking state,
which recordings of an older kind lack. Every message about a bad file is written here.
"""

from __future__ import annotations

import io
import math
import re
from array import array
from dataclasses import dataclass
from os import PathLike
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.coordinates import NOT_METRES, ROOM
from skelfuse.errors import SkelfuseError

JOINTS = 25
BODY_FIELDS = 10
MOST_BODIES = 6  # as many as a Kinect v2 can track

DAMAGED = "the file is damaged: fetch it again or leave it out"
FOREIGN = "a .skeleton file of NTU RGB+D begins with its number of frames; leave this one out"

_WHOLE = re.compile(rb"[0-9]{1,20}")
_NAN = re.compile(rb"[+-]?(nan.*|[0-9.]*#(ind|qnan|snan).*)", re.IGNORECASE)
_INFINITE = re.compile(rb"[+-]?(inf|infinity|[0-9.]*#inf.*)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Recording:
    """All of a `.skeleton` file that matters: R observed bodies, in the order of the file.

    >>> one = np.ones((1, 25, 3), np.float32)
    >>> seen = Recording(frames=3, frame=np.array([1]), body=np.array([7], np.uint64), joints=one,
    ...                  tracking=np.full((1, 25), 2, np.uint8))
    >>> seen.frames, seen.frame.tolist()  # three frames, and one body, seen in the second of them
    (3, [1])
    """

    frames: int  # T, with those in which nobody was seen
    frame: npt.NDArray[np.int64]  # [R], 0-based, never falling
    body: npt.NDArray[np.uint64]  # [R], the sensor's ID of the body
    joints: npt.NDArray[np.float32]  # [R,25,3], metres
    tracking: npt.NDArray[np.uint8]  # [R,25]: 0 not tracked, 1 inferred, 2 tracked


class _Text:
    """The lines of a file, one after the other, and the complaints about them."""

    def __init__(self, data: bytes, file: str | PathLike[str]) -> None:
        self.file = file
        self.lines = io.BytesIO(data)
        self.number = 0
        self.cut = False  # the line is the last one and has no end: the file may stop in its middle
        self.frames = 0  # promised
        self.whole = 0  # read

    def fields(self, expected: str) -> list[bytes]:
        """Step to the next line and cut it into its fields."""
        line = self.lines.readline()
        self.number += 1
        self.cut = not line.endswith(b"\n")
        fields = line.split()
        if not fields:
            if not self.rest():
                self.truncated()
            self.wrong("a blank line", expected)
        return fields

    def rest(self) -> bytes:
        """Return the next line that is not blank, or nothing."""
        return next((line for line in self.lines if line.strip()), b"")

    def count(self, what: str, remedy: str = DAMAGED) -> int:
        """Read a line that holds one whole number."""
        fields = self.fields(f"the number of {what}")
        if len(fields) != 1:
            self.wrong(f"not a number of {what}", "one number", f"{len(fields)} columns", remedy)
        return self.whole_number(fields[0], f"not a number of {what}", remedy)

    def whole_number(self, token: bytes, problem: str, remedy: str = DAMAGED) -> int:
        if not _WHOLE.fullmatch(token) or int(token) >= 2**64:
            self.wrong(problem, "a whole number", _shown(token), remedy)
        return int(token)

    def wrong(
        self, problem: str, expected: object, found: object = None, remedy: str = DAMAGED
    ) -> NoReturn:
        raise SkelfuseError(
            problem,
            file=self.file,
            line=self.number,
            expected=expected,
            found=found,
            remedy=remedy,
        )

    def truncated(self) -> NoReturn:
        self.wrong(
            "the file ends too early",
            f"{self.frames} whole frames, as line 1 says",
            self.whole,
            "the file is truncated: fetch it again or leave it out",
        )


def parse_plain(data: bytes, *, file: str | PathLike[str]) -> Recording:
    """Parse a text line by line, as `parse_ntu` of ntu_text.py does; `file` is for the messages."""
    if not data.strip():
        raise SkelfuseError(
            "the file is empty", file=file, line=1, expected="the number of frames", remedy=DAMAGED
        )
    text = _Text(data, file)
    frame, body, joints, tracking = array("q"), array("Q"), array("f"), bytearray()
    columns = 0  # of a joint's line; the first one decides for the file
    text.frames = text.count("frames", FOREIGN)
    if text.frames == 0:
        text.wrong("a recording without frames", "at least 1", 0)

    # Never a list of so many: the number is only a promise until the lines have been read.
    for t in range(text.frames):
        text.whole = t
        bodies = text.count("bodies")
        if bodies > MOST_BODIES:
            text.wrong("too many bodies in a frame", f"at most {MOST_BODIES}", bodies)
        for _ in range(bodies):
            body.append(_body_line(text))
            frame.append(t)
            for _ in range(JOINTS):
                fields = text.fields("a joint")
                if len(fields) != columns:
                    columns = _columns(text, columns, len(fields))
                joints.append(_metres(text, fields[0], "x"))
                joints.append(_metres(text, fields[1], "y"))
                joints.append(_metres(text, fields[2], "z"))
                tracking.append(_tracking(text, fields[11]) if columns == 12 else 2)
    extra = text.lines.readline()
    text.number += 1
    while extra and not extra.strip():
        extra = text.lines.readline()
        text.number += 1
    if extra:
        text.wrong(
            "more data after the last frame",
            f"the end after {text.frames} frames, as line 1 says",
            _shown(extra.strip()),
        )
    return Recording(
        frames=text.frames,
        frame=np.array(frame, np.int64),
        body=np.array(body, np.uint64),
        joints=np.array(joints, np.float32).reshape(-1, JOINTS, 3),
        tracking=np.array(tracking, np.uint8).reshape(-1, JOINTS),
    )


def _body_line(text: _Text) -> int:
    fields = text.fields("a body")
    if len(fields) != BODY_FIELDS:
        if text.cut and len(fields) < BODY_FIELDS:
            text.truncated()
        text.wrong("wrong number of columns for a body", BODY_FIELDS, len(fields))
    identity = text.whole_number(fields[0], "not the ID of a body")
    joints = text.count("joints")
    if joints != JOINTS:
        if text.cut:
            text.truncated()
        text.wrong("wrong number of joints", JOINTS, joints)
    return identity


def _columns(text: _Text, settled: int, found: int) -> int:
    """Return how many columns the file's joints have, now that a line has another number."""
    if not settled and found in (11, 12):
        return found
    if text.cut and found < (settled or 11):
        text.truncated()
    text.wrong("wrong number of columns for a joint", settled or "12 (or 11)", found)


def _metres(text: _Text, token: bytes, axis: str) -> float:
    try:
        number = float(token)
    except ValueError:
        number = math.nan
    # Python's float() reads 1_000, which no other program means as a number.
    if -ROOM <= number <= ROOM and b"_" not in token:
        return number
    expected, shown = f"-{ROOM:g} to {ROOM:g} metres", _shown(token)
    if _NAN.fullmatch(token):
        text.wrong(f"NaN for a joint's {axis}", expected, shown)
    if _INFINITE.fullmatch(token):
        text.wrong(f"infinity for a joint's {axis}", expected, shown)
    if math.isnan(number) or b"_" in token:
        text.wrong(f"no number for a joint's {axis}", expected, shown)
    text.wrong(f"no room holds a joint's {axis}", expected, shown, NOT_METRES)


def _tracking(text: _Text, token: bytes) -> int:
    if token not in (b"0", b"1", b"2"):
        text.wrong("not a tracking state", "0, 1 or 2", _shown(token))
    return int(token)


def _shown(token: bytes) -> str:
    short = token if len(token) <= 40 else token[:37] + b"..."
    return repr(short.decode("ascii", "backslashreplace"))
