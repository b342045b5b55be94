"""Recordings as commands take them: files and folders of any format, none of them a store."""

from __future__ import annotations

from pathlib import Path

from skelfuse.datasets.clips import ClipFile, find_clip_files
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store


def find_recordings(path: Path, form: str) -> list[ClipFile]:
    """List the source files in a file or folder; tell why, where it may not be read."""
    try:
        return find_clip_files(path, form)
    except SkelfuseError:
        if path.is_file() and is_store(path):
            raise SkelfuseError(
                "this is a store, not a recording",
                file=path,
                remedy=f"its clips are recognised by skelfuse evaluate --data {path}; or give the "
                "files that it was made from",
            ) from None
        raise


def is_store(path: Path) -> bool:
    """Tell whether a path is a store that can be opened."""
    try:
        Store(path)
    except SkelfuseError:
        return False
    return True
