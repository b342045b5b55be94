"""Recordings of any format: written small, and read."""

from __future__ import annotations

from pathlib import Path

from helpers import small_recordings
from skelfuse.clip import Clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS


def written(form: str, folder: Path, number: int = 0) -> Path:
    write, content = small_recordings.FILES[form][number]
    return write(folder, content)


def read(form: str, path: Path, **options: object) -> list[Clip]:
    return list(FORMATS[form].read(path, ReadOptions(**options)))  # type: ignore[arg-type]
