"""What commands read clips from: files and folders of any format, or a store."""

from __future__ import annotations

from pathlib import Path

from skelfuse.datasets.clips import ClipFile, find_clip_files
from skelfuse.datasets.reading.hdf5_file import SIGNATURE


def find_recordings(path: Path, form: str) -> list[ClipFile]:
    """List the source files in a file or folder."""
    return find_clip_files(path, form)


def is_store(path: Path) -> bool:
    """Tell whether a path is a store, perhaps a damaged one; opening it says so then."""
    try:
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:  # a folder, or nothing
        return False
