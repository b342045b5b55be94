"""Recordings of any format: written small, and read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers import small_recordings
from skelfuse.clip import Clip
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.format import ReadOptions
from skelfuse.errors import SkelfuseError


def written(form: str, folder: Path, number: int = 0) -> Path:
    write, content = small_recordings.FILES[form][number]
    return write(folder, content)


def read(form: str, path: Path, **options: Any) -> list[Clip]:
    """Return the clips of a file, as commands read them; the first error is raised."""
    clips = []
    for clip in clips_in(path, form, ReadOptions(**options)):
        if isinstance(clip, SkelfuseError):
            raise clip
        clips.append(clip)
    return clips
