"""NTU RGB+D, 60 and 120 classes: a folder of `SsssCcccPpppRrrrAaaa.skeleton` files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.ntu_actors import find_actors
from skelfuse.datasets.ntu_names import (
    NTU_CLASSES,
    class_label,
    parse_ntu_name,
    read_class_names,
)
from skelfuse.datasets.ntu_text import read_ntu_text
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.files import ending
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2

SUFFIX = ".skeleton"
FPS = 30.0  # Kinect v2's rate; the files do not say
CLASS_NAMES = "class_names.txt"


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,M,25,3]` with M from 1 to `options.max_persons`.

    The classes' names come from `options.class_names`, else from a `class_names.txt` beside the
    file, else they are NTU's own.
    """
    name = parse_ntu_name(path.stem, file=path)
    label = _label(name.action, path, options)
    recording = read_ntu_text(path)
    skeleton = layout_of.imposed(options.skeleton, KINECT_V2)
    actors = find_actors(recording, max_persons=options.max_persons, filters=options.filters)
    yield Clip(
        coords=actors.coords,
        skeleton=skeleton,
        name=str(name),
        label=label,
        confidence=actors.confidence,
        subject=str(name.subject),
        camera=str(name.camera),
        setup=str(name.setup),
        replication=str(name.replication),
        fps=options.fps or FPS,
        notes=actors.notes,
    )


def _label(action: int, path: Path, options: ReadOptions) -> str:
    file = options.class_names
    beside = path.parent / CLASS_NAMES
    if file is None and beside.is_file():
        file = beside
    if file is None:
        return class_label(action, NTU_CLASSES)
    names = read_class_names(file)
    if action not in names:
        raise SkelfuseError(
            f"class A{action:03d} has no name in {file}",
            remedy=f"add a line 'A{action:03d} ...' to it",
        )
    return class_label(action, names)


# Whatever their names: one that does not follow NTU's pattern is an error to be reported when it is
# read, not a file to be passed over in silence.
FORMAT = Format(
    "ntu",
    "NTU RGB+D 60 and 120, .skeleton text files",
    ending(SUFFIX),
    read,
    needs="*.skeleton",
    numbered_classes=True,
)
