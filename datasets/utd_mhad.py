"""UTD-MHAD: one MATLAB file per clip, `a1_s1_t1_skeleton.mat`, with `d_skel` [20,3,T] in metres."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_coordinates, in_a_room
from skelfuse.datasets.reading.matlab import numbers, read_mat
from skelfuse.datasets.reading.named_files import named, numbers_in_name
from skelfuse.layouts import UTD_MHAD

NAME = re.compile(r"a(\d+)_s(\d+)_t(\d+)_skeleton", re.ASCII | re.IGNORECASE)
FPS = 30.0

ACTIONS = (
    "swipe left",
    "swipe right",
    "wave",
    "clap",
    "throw",
    "arm cross",
    "basketball shoot",
    "draw x",
    "draw circle clockwise",
    "draw circle counter-clockwise",
    "draw triangle",
    "bowling",
    "boxing",
    "baseball swing",
    "tennis swing",
    "arm curl",
    "tennis serve",
    "push",
    "knock",
    "catch",
    "pick up and throw",
    "jog",
    "walk",
    "sit to stand",
    "stand to sit",
    "lunge",
    "squat",
)


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,1,20,3]`."""
    usual = "aX_sX_tX_skeleton.mat"
    action, subject, trial = numbers_in_name(path, NAME, "UTD-MHAD", usual, len(ACTIONS))
    joints = numbers(read_mat(path, ["d_skel"]), "d_skel", (len(UTD_MHAD), 3, None))
    yield Clip(
        in_a_room(as_coordinates(joints.transpose(2, 0, 1))),
        layout_of.imposed(options.skeleton, UTD_MHAD),
        name=path.stem.removesuffix("_skeleton"),
        label=f"a{action:02d} {ACTIONS[action - 1]}",
        subject=str(subject),
        replication=str(trial),
        fps=options.fps or FPS,
    )


FORMAT = Format(
    "utd-mhad",
    "UTD-MHAD, MATLAB files with d_skel",
    named(NAME, ".mat"),
    read,
    needs="names such as a1_s1_t1_skeleton.mat",
)
