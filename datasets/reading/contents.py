"""A file's bytes and their hash: read once for both who hashes it and who parses it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

READ_AT_ONCE = 16 << 20  # bytes; larger files are hashed in pieces


def contents(path: Path) -> bytes:
    """Return the bytes of a file; the last file read is remembered until it changes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.txt")
    ...     _ = path.write_text("one")
    ...     first = contents(path)
    ...     _ = path.write_text("other")
    ...     first, contents(path)
    (b'one', b'other')
    """
    facts = path.stat()
    return _read(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: Path, size: int, changed: int) -> bytes:
    return path.read_bytes()


def fingerprint(path: Path) -> tuple[int, str]:
    """Return the size and SHA-256 of a file, or of all files of a folder in order of name.

    A table stands for the files beside it.
    """
    path = path.parent if path.suffix == ".csv" else path
    if path.is_file() and path.stat().st_size <= READ_AT_ONCE:
        data = contents(path)
        return len(data), hashlib.sha256(data).hexdigest()
    digest, size = hashlib.sha256(), 0
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as opened:
                while block := opened.read(1 << 20):
                    digest.update(block)
                    size += len(block)
    return size, digest.hexdigest()
