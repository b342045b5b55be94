"""Northwestern-UCLA Multiview Action 3D: one JSON file per clip, `a01_s02_e03_v01.json`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_coordinates, in_a_room
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, as_numbers, get, read_json
from skelfuse.datasets.reading.named_files import named, numbers_in_name
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import NW_UCLA

NAME = re.compile(r"a(\d+)_s(\d+)_e(\d+)_v(\d+)", re.ASCII | re.IGNORECASE)

# By the label in the file. The numbers are those in the files' names: 7 and 10 are not there.
ACTIONS = (
    "a01 pick up with one hand",
    "a02 pick up with two hands",
    "a03 drop trash",
    "a04 walk around",
    "a05 sit down",
    "a06 stand up",
    "a08 donning",
    "a09 doffing",
    "a11 throw",
    "a12 carry",
)


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,1,20,3]` in metres; a joint at exactly 0 was not found."""
    _, subject, trial, view = numbers_in_name(path, NAME, "NW-UCLA", "aXX_sXX_eXX_vXX.json")
    fields = read_json(path)
    label = get(fields, "label", int)
    if label is None or not 1 <= label <= len(ACTIONS):
        raise SkelfuseError(
            "no usable 'label'",
            expected=f"a number from 1 to {len(ACTIONS)}",
            found=label,
            remedy="correct the label, or leave the file out",
        )
    numbers = as_numbers(get(fields, "skeletons", list, []), "'skeletons'")
    if numbers.ndim != 3 or numbers.shape[1:] != (len(NW_UCLA), 3) or not len(numbers):
        raise SkelfuseError(
            "'skeletons' of the wrong shape",
            expected="frames x 20 joints x 3",
            found=" x ".join(str(size) for size in numbers.shape),
            remedy=FETCH_AGAIN,
        )
    coords = in_a_room(as_coordinates(numbers))
    coords[(coords == 0).all(axis=-1)] = np.nan
    yield Clip(
        coords,
        layout_of.imposed(options.skeleton, NW_UCLA),
        name=path.stem,
        label=ACTIONS[label - 1],
        subject=str(subject),
        camera=str(view),
        replication=str(trial),
        fps=options.fps,
    )


FORMAT = Format(
    "nw-ucla",
    "Northwestern-UCLA Multiview, JSON",
    named(NAME, ".json"),
    read,
    needs="names such as a01_s02_e03_v01.json",
)
