"""Clips as bare arrays: one .npy each, [T,N,D] or [T,M,N,D], of which nothing more is said."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets import mediapipe_npy, npy_folder
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.array_clip import of_array
from skelfuse.datasets.reading.axes import arranged, arrays_of_clips
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.files import files_ending
from skelfuse.datasets.reading.numpy_file import load_npy


def find(path: Path) -> list[Path]:
    """List the .npy files but those of a table `clips.csv`, beside or below it, and MediaPipe's."""
    files = files_ending(path, ".npy")
    others = {table.parent for table in (npy_folder.find(path) if files else ())}
    others.update(mediapipe_npy.find(path) if files else ())
    return [file for file in files if others.isdisjoint((file, *file.parents))]


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, named as the file is; with `--axes` several, bad or not."""
    arrays = arrays_of_clips(load_npy(path), options)

    def clip(number: int, values: npt.NDArray[Any]) -> Clip:
        name = path.stem if len(arrays) == 1 else f"{path.stem}-{number:05d}"
        return of_array(Facts(name, fps=options.fps), *arranged(values, options), options)

    return map(clip, count(), arrays)


FORMAT = Format(
    "npy",
    "your own: .npy clips alone, without labels",
    find,
    read,
    needs=".npy of [T,N,D] or [T,M,N,D]",
    named_by_users=True,
)
