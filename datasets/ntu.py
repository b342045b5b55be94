"""NTU RGB+D, 60 and 120 classes: a folder of `SsssCcccPpppRrrrAaaa.skeleton` files."""

from __future__ import annotations

import os
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
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2

SUFFIX = ".skeleton"
FPS = 30.0  # Kinect v2's rate; the files do not say
CLASS_NAMES = "class_names.txt"


def find(path: Path) -> list[Path]:
    """List the `.skeleton` files in a folder and the folders below it, or the one file given.

    Every such file is listed, whatever its name: one that does not follow NTU's pattern is an
    error to be reported when it is read, not a file to be passed over in silence.

    >>> find(Path("clips.csv"))
    []
    """
    if path.is_file():
        return [path] if path.name.endswith(SUFFIX) else []
    return sorted(
        Path(folder, name)
        for folder, _, names in os.walk(path)
        for name in names
        if name.endswith(SUFFIX) and not name.startswith(".")
    )


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,M,25,3]` with M from 1 to `options.max_persons`.

    The classes' names come from `options.class_names`, else from a `class_names.txt` beside the
    file, else they are NTU's own.
    """
    name = parse_ntu_name(path.name.removesuffix(SUFFIX), file=path)
    label = _label(name.action, path, options)
    recording = read_ntu_text(path)
    try:
        actors = find_actors(recording, max_persons=options.max_persons, filters=options.filters)
    except SkelfuseError as error:
        raise error.at(path) from None
    yield Clip(
        coords=actors.coords,
        skeleton=options.skeleton or KINECT_V2,
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
            file=path,
            remedy=f"add a line 'A{action:03d} ...' to it",
        )
    return class_label(action, names)


FORMAT = Format("ntu", "NTU RGB+D 60 and 120, .skeleton text files", find, read)
