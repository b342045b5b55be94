"""Clips as bare arrays: one .npy each, [T,N,D] or [T,M,N,D], of which nothing more is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets import mediapipe_npy, npy_folder
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.array_clip import of_array
from skelfuse.datasets.reading.axes import clips_in_array
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
    """Yield the one clip of a file, named as the file is; with `--axes` there may be several."""
    clips = clips_in_array(load_npy(path), options)
    for number, (coords, confidence) in enumerate(clips):
        name = path.stem if len(clips) == 1 else f"{path.stem}-{number:05d}"
        yield of_array(Facts(name, fps=options.fps), coords, confidence, options)


FORMAT = Format(
    "npy",
    "your own: .npy clips alone, without labels",
    find,
    read,
    needs=".npy of [T,N,D] or [T,M,N,D]",
)
