"""UI-PRMD, Kinect: `m01_s02_e03_positions.txt` and the angles beside it, by forward kinematics.

The positions are offsets from the parent joint, in centimetres and in the parent's frame; the
angles, in degrees, turn each joint's own. Repetitions done wrong end in `_inc`.
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
from skelfuse.datasets.reading.forward_kinematics import places_of, turn_about
from skelfuse.datasets.reading.named_files import named, numbers_in_name
from skelfuse.datasets.reading.number_rows import FETCH_AGAIN, rows_of_numbers
from skelfuse.errors import SkelfuseError
from skelfuse.layouts.more import UI_PRMD_22

NAME = re.compile(r"m(\d+)_s(\d+)_e(\d+)_positions(?:_inc)?", re.ASCII | re.IGNORECASE)
FPS = 30.0
OTHER_SENSOR = "vicon"
INCORRECT = "_inc"  # ends the names of repetitions done wrong
CENTIMETRE = 0.01

MOVEMENTS = (
    "deep squat",
    "hurdle step",
    "inline lunge",
    "side lunge",
    "sit to stand",
    "standing active straight leg raise",
    "standing shoulder abduction",
    "standing shoulder extension",
    "standing shoulder internal-external rotation",
    "standing shoulder scaption",
)


def find(path: Path) -> list[Path]:
    """List the positions of the Kinect, `m01_s02_e03_positions.txt`; not those of the Vicon."""
    files = named(NAME, ".txt")(path)
    return [file for file in files if OTHER_SENSOR not in map(str.lower, file.parts)]


def files_of(path: Path) -> list[Path]:
    """List what a clip is read from: the positions and the angles."""
    return [path, _angles_of(path)]


def _angles_of(path: Path) -> Path:
    name = path.name.replace("positions", "angles")
    beside = path.with_name(name)
    return beside if beside.is_file() else path.parent.parent / "Angles" / name


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,1,22,3]` in metres, y upwards; `setup` is the quality."""
    usual = "mXX_sXX_eXX_positions.txt"
    movement, subject, repetition = numbers_in_name(path, NAME, "UI-PRMD", usual, len(MOVEMENTS))
    incorrect = path.stem.lower().endswith(INCORRECT)
    angles = _angles_of(path)
    offsets, turned = _joints(path), _joints(angles)
    if offsets.shape != turned.shape:
        raise SkelfuseError(
            "positions and angles of different length",
            expected=f"{len(offsets)} frames in {angles.name}",
            found=len(turned),
            remedy=FETCH_AGAIN,
        )
    turns = (
        turn_about(2, turned[..., 2])
        @ turn_about(0, turned[..., 0])
        @ turn_about(1, turned[..., 1])  # in this order feet stay on the ground in a squat
    )
    places = places_of(offsets * CENTIMETRE, turns, UI_PRMD_22.parents)
    yield Clip(
        in_a_room(as_coordinates(places)),
        layout_of.imposed(options.skeleton, UI_PRMD_22),
        name=f"m{movement:02d}_s{subject:02d}_e{repetition:02d}{INCORRECT if incorrect else ''}",
        label=f"m{movement:02d} {MOVEMENTS[movement - 1]}",
        subject=str(subject),
        setup="incorrect" if incorrect else "correct",
        replication=str(repetition),
        fps=options.fps or FPS,
    )


def _joints(path: Path) -> npt.NDArray[np.float64]:
    """Return three numbers of each joint, `[T,22,3]`."""
    text = read_text(path, encoding="ascii")
    delimiter = "," if "," in text else None
    try:
        rows, _, _ = rows_of_numbers(text, 3 * len(UI_PRMD_22), delimiter=delimiter)
    except SkelfuseError as error:
        raise error.at(path) from None
    rows[~(abs(rows) < 1e6)] = np.nan  # no centimetres and no degrees
    return rows.reshape(len(rows), len(UI_PRMD_22), 3)


FORMAT = Format(
    "ui-prmd",
    "UI-PRMD, Kinect positions and angles",
    find,
    read,
    needs="names such as m01_s02_e03_positions.txt",
    files_of=files_of,
)
