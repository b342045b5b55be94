"""SBU Kinect Interaction: `s01s02/05/001/skeleton_pos.txt` (pair, class, trial), two bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_coordinates, in_a_room
from skelfuse.datasets.reading.files import files_ending, read_text
from skelfuse.datasets.reading.frames import frame_slots
from skelfuse.datasets.reading.number_rows import FETCH_AGAIN, rows_of_numbers, whole_numbers
from skelfuse.datasets.reading.tracks import keep_most_active
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import SBU_15

FILE = "skeleton_pos.txt"
PAIR = re.compile(r"s\d+s\d+", re.ASCII | re.IGNORECASE)
FPS = 15.0
COLUMNS = 1 + 2 * len(SBU_15) * 3  # the frame's number, then x, y, z of each joint of both

ACTIONS = (
    "approaching",
    "departing",
    "kicking",
    "pushing",
    "shaking hands",
    "hugging",
    "exchanging objects",
    "punching",
)

# The files hold x' = (1280 - x) / 2560, y' = (960 - y) / 1920, z' = 7.8125 z / 10000, from mm.
_FACTOR = np.array([-2.560, -1.920, 10 / 7.8125])
_OFFSET = np.array([1.280, 0.960, 0.0])


def find(path: Path) -> list[Path]:
    """List the files `skeleton_pos.txt` that lie in folders pair/class/trial."""
    return [file for file in files_ending(path, FILE) if file.name == FILE and _place(file)]


def _place(file: Path) -> tuple[str, int, int] | None:
    """Return pair, class and trial, as the folders say them."""
    parts = file.absolute().parts[-4:-1]
    if len(parts) < 3 or not PAIR.fullmatch(parts[0]) or not parts[1].isdecimal():
        return None
    return (parts[0].lower(), int(parts[1]), int(parts[2])) if parts[2].isdecimal() else None


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,M,15,3]` in metres, z away from the camera."""
    place = _place(path)
    if place is None or not 1 <= place[1] <= len(ACTIONS):
        raise SkelfuseError(
            "not in the folders of SBU",
            expected=f"pair/class/trial, as s01s02/05/001, with a class from 1 to {len(ACTIONS)}",
            remedy="put it where the data set has it, or leave it out",
        )
    pair, action, trial = place
    rows, _, lines = rows_of_numbers(read_text(path, encoding="ascii"), COLUMNS)
    frames = whole_numbers(rows[:, 0], lines)
    if (np.diff(frames) <= 0).any():
        raise SkelfuseError(
            "frame numbers that do not increase",
            expected="each larger than the one before",
            found=frames[:5],
            remedy=FETCH_AGAIN,
        )
    slots = frame_slots(frames)
    coords = np.full((slots.at[-1] + 1, 2, len(SBU_15), 3), np.nan, dtype=np.float32)
    coords[slots.at] = in_metres(rows[:, 1:].reshape(len(rows), 2, len(SBU_15), 3))
    clip = Clip(
        coords,
        layout_of.imposed(options.skeleton, SBU_15),
        name=f"{pair}_{action:02d}_{trial:03d}",
        label=f"{action:02d} {ACTIONS[action - 1]}",
        subject=pair,
        replication=str(trial),
        fps=options.fps or FPS,
        notes=slots.notes,
    )
    if options.max_persons < 2:  # the set's own two keep the order in which it tells of them
        clip = keep_most_active(clip, options.max_persons)
    yield clip


def in_metres(normalised: npt.NDArray[np.float64]) -> FloatArray:
    """Undo the normalisation of `[T,M,N,3]`; a joint that the tracker lost (all 0) becomes NaN.

    >>> in_metres(np.array([[[[0.5, 0.5, 1.5625], [0.0, 0.0, 0.0]]]])).tolist()
    [[[[0.0, 0.0, 2.0], [nan, nan, nan]]]]
    """
    raw = as_coordinates(normalised)
    raw[(raw == 0).all(axis=-1)] = np.nan
    return np.asarray(in_a_room(raw * _FACTOR + _OFFSET), dtype=np.float32)


FORMAT = Format(
    "sbu",
    "SBU Kinect Interaction, skeleton_pos.txt",
    find,
    read,
    needs="files named skeleton_pos.txt",
)
