"""Listing files by name, quickly: a data set may hold a hundred thousand of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def walk(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (folder, name) of every file below a folder, or of the file itself.

    Hidden files and folders are left out: they are what editors, archives and file managers leave.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as top:
    ...     _ = Path(top, "clip.json").write_text("{}"), Path(top, "._clip.json").write_text("")
    ...     [name for folder, name in walk(Path(top))]
    ['clip.json']
    """
    if path.is_file():
        yield str(path.parent), path.name
        return
    for folder, folders, names in os.walk(path, followlinks=False):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for name in names:
            if not name.startswith("."):
                yield folder, name


def files_ending(path: Path, *endings: str) -> list[Path]:
    """List the files whose names end so, in any case of letters, sorted.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as top:
    ...     _ = [Path(top, name).write_text("") for name in ("b.MAT", "a.mat", "c.json")]
    ...     [file.name for file in files_ending(Path(top), ".mat")]
    ['a.mat', 'b.MAT']
    """
    found = (
        os.path.join(folder, name)  # noqa: PTH118 - a Path for each of 100,000 names is slow
        for folder, name in walk(path)
        if name.lower().endswith(endings)
    )
    return [Path(file) for file in sorted(found)]


def beginning(path: Path, size: int = 4096) -> bytes:
    """Return the first bytes of a file; nothing where it cannot be read.

    >>> beginning(Path("no such file"))
    b''
    """
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""
