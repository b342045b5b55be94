"""UT-Kinect: `joints_s01_e02.txt`, a recording of ten actions, cut by `actionLabel.txt`.

A line is a frame's number and 20 joints (x, y, z) in metres. The Kinect gave about 15 frames a
second, and numbers that leap by 2 to 10: the lines are taken as the frames, in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_coordinates, in_a_room
from skelfuse.datasets.reading.files import read_text
from skelfuse.datasets.reading.named_files import named, numbers_in_name
from skelfuse.datasets.reading.number_rows import FETCH_AGAIN, rows_of_numbers, whole_numbers
from skelfuse.errors import SkelfuseError
from skelfuse.layouts.more import UTKINECT_20

NAME = re.compile(r"joints_s(\d+)_e(\d+)", re.ASCII | re.IGNORECASE)
INTERVAL = re.compile(r"\s*(\w+)\s*:\s*(NaN|\d+)\s+(NaN|\d+)\s*", re.ASCII | re.IGNORECASE)
LABELS = "actionLabel.txt"
FPS = 15.0

ACTIONS = {
    "walk": "walk",
    "sitDown": "sit down",
    "standUp": "stand up",
    "pickUp": "pick up",
    "carry": "carry",
    "throw": "throw",
    "push": "push",
    "pull": "pull",
    "waveHands": "wave hands",
    "clapHands": "clap hands",
}
Interval = tuple[str, int, int]  # action, first and last frame number


def files_of(path: Path) -> list[Path]:
    """List what a recording is read from: itself and the table of all recordings' actions."""
    return [path, *([labels] if (labels := _labels_of(path)) else [])]


def _labels_of(path: Path) -> Path | None:
    beside = (path.parent / LABELS, path.parent.parent / LABELS)
    return next((file for file in beside if file.is_file()), None)


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Return a clip `[T,1,20,3]` of each action, or the whole recording where nothing says which.

    A bad action does not end the iteration.
    """
    subject, recording = numbers_in_name(path, NAME, "UT-Kinect", "joints_sXX_eXX.txt")
    numbers, coords, notes = _frames(path)
    skeleton = layout_of.imposed(options.skeleton, UTKINECT_20)
    labels = _labels_of(path)
    name = f"s{subject:02d}_e{recording:02d}"
    intervals, more = _intervals(labels, name) if labels else ([("", *numbers[[0, -1]])], ())

    def clip_of(interval: Interval) -> Clip:
        action, first, last = interval
        inside = (numbers >= first) & (numbers <= last)
        if not inside.any():
            raise SkelfuseError(
                f"no frame of {name} in the interval of '{action}'",
                file=labels,
                expected=f"frame numbers from {numbers[0]} to {numbers[-1]}",
                found=f"{first} to {last}",
                remedy="correct the interval, or remove it",
            )
        place = f"{[*ACTIONS].index(action) + 1:02d}" if action else ""
        return Clip(
            coords[inside],
            skeleton,
            name=f"{name}_{action}" if action else name,
            label=f"{place} {ACTIONS[action]}" if action else None,
            subject=str(subject),
            replication=str(recording),
            fps=options.fps or FPS,
            notes=(*notes, *more),
        )

    return map(clip_of, intervals)


def _frames(path: Path) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], tuple[str, ...]]:
    """Return the frames' numbers `[T]`, the joints `[T,1,20,3]`, and a note on lines left out."""
    columns = 1 + 3 * len(UTKINECT_20)
    text = read_text(path, encoding="ascii")
    rows, _, lines = rows_of_numbers(text, columns, delimiter=None)
    numbers = np.array(whole_numbers(rows[:, 0], lines))
    back = np.diff(numbers) < 0
    if back.any():
        at = int(back.argmax()) + 1
        raise SkelfuseError(
            "frame numbers that do not increase",
            line=lines[at],
            expected=f"{numbers[at - 1]} or more",
            found=int(numbers[at]),
            remedy=FETCH_AGAIN,
        )
    first = np.concatenate([[True], np.diff(numbers) > 0])  # a number may come twice
    coords = as_coordinates(rows[first, 1:].reshape(-1, len(UTKINECT_20), 3))
    coords[(coords == 0).all(axis=-1)] = np.nan
    again = int((~first).sum())
    notes = (f"{again} lines with the frame number of the line before left out",) if again else ()
    return numbers[first], in_a_room(coords), notes


def _intervals(labels: Path, recording: str) -> tuple[list[Interval], tuple[str, ...]]:
    """Return the actions of a recording, and a note on those without frames."""
    lines = read_text(labels, "the actions' frames").splitlines()
    begin = next((at for at, line in enumerate(lines, 1) if line.strip() == recording), None)
    if begin is None:
        raise SkelfuseError(
            f"nothing on the recording {recording}",
            file=labels,
            expected=f"a line '{recording}', and its actions below",
            remedy="add it, or leave the recording out",
        )
    found: list[Interval] = []
    absent = []
    for number, line in enumerate(lines[begin:], begin + 1):
        if not line.strip() or NAME.fullmatch(f"joints_{line.strip()}"):
            break
        match = INTERVAL.fullmatch(line)
        if match is None or match[1] not in ACTIONS:
            raise SkelfuseError(
                "no action and its frames",
                file=labels,
                line=number,
                expected=f"one of {', '.join(ACTIONS)}, its first and its last frame",
                found=repr(line[:40]),
                remedy="correct the line, as in 'walk: 252 390'",
            )
        if "nan" in (match[2].lower(), match[3].lower()):
            absent.append(match[1])
        else:
            found.append((match[1], int(match[2]), int(match[3])))
    return found, (f"without frames in {LABELS}: {', '.join(absent)}",) if absent else ()


FORMAT = Format(
    "utkinect",
    "UT-Kinect, joints and actionLabel.txt",
    named(NAME, ".txt"),
    read,
    needs="names such as joints_s01_e02.txt, and actionLabel.txt",
    files_of=files_of,
)
