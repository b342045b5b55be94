"""SHREC'17 and DHG hands: `gesture_1/finger_2/subject_3/essai_4/skeletons_world.txt`.

A line a frame: 22 joints (x, y, z) in metres.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_coordinates, in_a_room
from skelfuse.datasets.reading.files import files_ending, read_text
from skelfuse.datasets.reading.number_rows import rows_of_numbers
from skelfuse.layouts.more import SHREC_22

FILES = ("skeletons_world.txt", "skeleton_world.txt")
PLACE = re.compile(
    r".*gesture_(\d+)/finger_(\d+)/subject_(\d+)/essai_(\d+)", re.ASCII | re.IGNORECASE | re.DOTALL
)
FPS = 30.0

GESTURES = (
    "grab",
    "tap",
    "expand",
    "pinch",
    "rotation clockwise",
    "rotation counter-clockwise",
    "swipe right",
    "swipe left",
    "swipe up",
    "swipe down",
    "swipe x",
    "swipe +",
    "swipe v",
    "shake",
)


def find(path: Path) -> list[Path]:
    """List the files `skeletons_world.txt`."""
    return [file for file in files_ending(path, *FILES) if file.name in FILES]


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,1,22,3]`; its folders say which it is."""
    text = read_text(path, encoding="ascii")
    rows, _, _ = rows_of_numbers(text, 3 * len(SHREC_22), delimiter=None)
    coords = in_a_room(as_coordinates(rows.reshape(len(rows), len(SHREC_22), 3)))
    skeleton = layout_of.imposed(options.skeleton, SHREC_22)
    rate = options.fps or FPS
    place = PLACE.fullmatch(path.absolute().parent.as_posix())
    if place is None:
        folder = path.absolute().parent.name
        yield Clip(coords, skeleton, name=f"{folder}/{path.stem}", fps=rate)
        return
    gesture, finger, subject, trial = (int(number) for number in place.groups())
    known = GESTURES[gesture - 1] if 1 <= gesture <= len(GESTURES) else ""
    yield Clip(
        coords,
        skeleton,
        name=f"g{gesture:02d}_f{finger}_s{subject:02d}_e{trial:02d}",
        label=f"g{gesture:02d} {known}".strip(),
        subject=str(subject),
        setup=f"finger {finger}",
        replication=str(trial),
        fps=rate,
    )


FORMAT = Format(
    "shrec",
    "SHREC'17 and DHG hands, skeletons_world.txt",
    find,
    read,
    needs="files named skeletons_world.txt",
    named_by_users=True,
)
