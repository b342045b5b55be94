"""MSR-Action3D: `a01_s01_e01_skeleton3D.txt`, a line a joint: x, y, z in metres, confidence.

The joints are in an order of the set's own; a frame is 20 lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_confidence, as_coordinates, in_a_room
from skelfuse.datasets.reading.files import read_text
from skelfuse.datasets.reading.named_files import named, numbers_in_name
from skelfuse.datasets.reading.number_rows import FETCH_AGAIN, rows_of_numbers
from skelfuse.errors import SkelfuseError
from skelfuse.layouts.more import MSR_ACTION3D_20

NAME = re.compile(r"a(\d+)_s(\d+)_e(\d+)_skeleton3D", re.ASCII | re.IGNORECASE)
FPS = 15.0
JOINTS = len(MSR_ACTION3D_20)

ACTIONS = (
    "high arm wave",
    "horizontal arm wave",
    "hammer",
    "hand catch",
    "forward punch",
    "high throw",
    "draw x",
    "draw tick",
    "draw circle",
    "hand clap",
    "two hand wave",
    "side boxing",
    "bend",
    "forward kick",
    "side kick",
    "jogging",
    "tennis swing",
    "tennis serve",
    "golf swing",
    "pick up and throw",
)


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,1,20,3]`; a joint at (0, 0, 0) was not seen."""
    usual = "aXX_sXX_eXX_skeleton3D.txt"
    action, subject, trial = numbers_in_name(path, NAME, "MSR-Action3D", usual, len(ACTIONS))
    rows, _, lines = rows_of_numbers(read_text(path, encoding="ascii"), 4, delimiter=None)
    if len(rows) % JOINTS:
        raise SkelfuseError(
            "a frame without all its joints",
            line=lines[-1],
            expected=f"a multiple of {JOINTS} lines",
            found=len(rows),
            remedy=FETCH_AGAIN,
        )
    frames = rows.reshape(-1, 1, JOINTS, 4)
    coords = as_coordinates(frames[..., :3])
    coords[(coords == 0).all(axis=-1)] = np.nan  # nobody stands in the sensor
    if np.isnan(coords).all():
        raise SkelfuseError("nobody in any frame", remedy="leave the file out")
    yield Clip(
        in_a_room(coords),
        layout_of.imposed(options.skeleton, MSR_ACTION3D_20),
        name=f"a{action:02d}_s{subject:02d}_e{trial:02d}",
        label=f"a{action:02d} {ACTIONS[action - 1]}",
        confidence=as_confidence(frames[..., 3], coords.shape[:3]),
        subject=str(subject),
        replication=str(trial),
        fps=options.fps or FPS,
    )


FORMAT = Format(
    "msr-action3d",
    "MSR-Action3D, skeleton3D text",
    named(NAME, ".txt"),
    read,
    needs="names such as a01_s02_e03_skeleton3D.txt",
)
