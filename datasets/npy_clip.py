"""Clips as bare arrays: one .npy each, [T,N,D] or [T,M,N,D], of which nothing more is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets import npy_folder
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_coordinates
from skelfuse.datasets.reading.facts import Facts, make_clip
from skelfuse.datasets.reading.files import files_ending
from skelfuse.datasets.reading.numpy_file import load_npy
from skelfuse.errors import SkelfuseError


def find(path: Path) -> list[Path]:
    """List the .npy files; those beside a table `clips.csv`, or below it, are the table's.

    >>> find(Path("mine.csv"))
    []
    """
    files = files_ending(path, ".npy")
    tables = {table.parent for table in (npy_folder.find(path) if files else ())}
    return [file for file in files if tables.isdisjoint(file.parents)]


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, named as the file is."""
    try:
        coords = as_coordinates(load_npy(path))
        layout, guessed = layout_of.choose(coords.shape[2], coords.shape[3], options.skeleton)
        facts = Facts(path.stem, fps=options.fps)
        yield make_clip(facts, coords, None, layout, options).noted(*guessed)
    except SkelfuseError as error:
        raise error.at(path) from None


FORMAT = Format("npy", "your own: .npy clips alone, without labels", find, read)
