"""BVH motion capture: a hierarchy of offsets, a line of channels a frame; forward kinematics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.files import ending, read_any_text
from skelfuse.datasets.reading.forward_kinematics import places_of, turn_about
from skelfuse.datasets.reading.frames import other_count
from skelfuse.datasets.reading.named_joints import named_clip
from skelfuse.datasets.reading.number_rows import FETCH_AGAIN, rows_of_numbers
from skelfuse.errors import SkelfuseError

AXES = "xyz"
CHANNELS = [f"{axis}{what}" for what in ("position", "rotation") for axis in AXES]
MOST_JOINTS = 1000
Numbers = npt.NDArray[np.float64]


@dataclass
class _Joint:
    name: str
    parent: int | None
    offset: list[float] = field(default_factory=lambda: [0.0] * 3)
    channels: list[str] = field(default_factory=list)  # in lower case, in the file's order


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,1,N,3]` in its own unit; ends of chains are no joints."""
    lines = read_any_text(path).splitlines()
    joints, at = _hierarchy(lines)
    frames, frame_time, at = _motion(lines, at)
    columns = sum(len(joint.channels) for joint in joints)
    rest = "\n".join(lines[at:])
    values, _, _ = rows_of_numbers(rest, columns, delimiter=None, first_line=at + 1)
    parents = [i if joint.parent is None else joint.parent for i, joint in enumerate(joints)]
    with np.errstate(over="ignore", invalid="ignore"):  # told as coordinates out of bounds
        places = places_of(*_offsets_and_turns(joints, values), parents).astype(np.float32)
    names = [joint.name for joint in joints]
    bones = [(names[i], names[above]) for i, above in enumerate(parents) if i != above]
    facts = Facts(path.stem, fps=round(1 / frame_time, 2) if frame_time else None)
    clip = named_clip(facts, places[:, None], None, names, options, bones=bones, body="bvh")
    yield clip.noted(*other_count(frames, clip.frames))


def _hierarchy(lines: list[str]) -> tuple[list[_Joint], int]:
    """Return the joints, parents first, and the line after the hierarchy."""
    joints: list[_Joint] = []
    open_: list[int | None] = []  # the joints whose braces are open; None for the end of a chain
    coming: int | None = None
    for number, line in enumerate(lines):
        words = line.split()
        key = words[0].upper() if words else ""
        if key in ("ROOT", "JOINT"):
            parent = next((i for i in reversed(open_) if i is not None), None)
            joints.append(_Joint(" ".join(words[1:]) or f"joint{len(joints)}", parent))
            coming = len(joints) - 1
        elif key == "END":
            coming = None
        elif key == "{":
            open_.append(coming)
        elif key == "}" and open_:
            open_.pop()
        elif key == "OFFSET" and open_ and (inside := open_[-1]) is not None:
            joints[inside].offset = _three(words[1:], number + 1)
        elif key == "CHANNELS" and open_ and (inside := open_[-1]) is not None:
            joints[inside].channels = _channels(words[1:], number + 1)
        elif key == "MOTION":
            if open_ or not joints or len(joints) > MOST_JOINTS:
                raise _unsound("a hierarchy that is not closed", number + 1, "every { with its }")
            return joints, number + 1
        elif key not in ("", "HIERARCHY", "OFFSET"):
            raise _unsound("a word that is none of BVH", number + 1, "JOINT, OFFSET, CHANNELS, }")
    raise _unsound("no motion", len(lines), "a line MOTION after the hierarchy")


def _three(words: list[str], line: int) -> list[float]:
    try:
        x, y, z = (float(word) for word in words)
    except ValueError:
        raise _unsound("no offset", line, "OFFSET and three numbers") from None
    return [x, y, z]


def _channels(words: list[str], line: int) -> list[str]:
    channels = [word.lower() for word in words[1:]]
    right = words and words[0] == str(len(channels)) and set(channels) <= {*CHANNELS}
    if not right or len({*channels}) < len(channels):
        raise _unsound("no channels", line, f"their number, and any of {', '.join(CHANNELS)}")
    return channels


def _motion(lines: list[str], at: int) -> tuple[str, float | None, int]:
    """Return how many frames the file says, the time between them, and the line of the first."""
    frames = ""
    for number in range(at, min(at + 4, len(lines))):
        key, _, value = lines[number].partition(":")
        if key.strip().lower() == "frames":
            frames = value.strip()
        if key.strip().lower() == "frame time":
            try:
                time = float(value)
            except ValueError:
                time = -1.0
            if not 0 <= time < 1e4:
                raise _unsound("no time between frames", number + 1, "Frame Time: and seconds")
            return frames, time or None, number + 1
    raise _unsound("no time between frames", at + 1, "a line 'Frame Time: 0.0333' after MOTION")


def _offsets_and_turns(joints: list[_Joint], values: Numbers) -> tuple[Numbers, Numbers]:
    """Return offsets `[T,N,3]` and turns `[T,N,3,3]`; a position channel replaces the offset."""
    offsets = np.repeat(np.array([[joint.offset for joint in joints]]), len(values), axis=0)
    turns = np.broadcast_to(np.eye(3), (len(values), len(joints), 3, 3)).copy()
    column = 0
    for n, joint in enumerate(joints):
        for channel in joint.channels:
            axis = AXES.index(channel[0])
            if channel.endswith("position"):
                offsets[:, n, axis] = values[:, column]
            else:
                turns[:, n] = turns[:, n] @ turn_about(axis, values[:, column])
            column += 1
    return offsets, turns


def _unsound(problem: str, line: int, expected: str) -> SkelfuseError:
    return SkelfuseError(problem, line=line, expected=expected, remedy=FETCH_AGAIN)


FORMAT = Format(
    "bvh",
    "BVH motion capture",
    ending(".bvh"),
    read,
    needs="*.bvh, a hierarchy and its motion",
    named_by_users=True,
)
