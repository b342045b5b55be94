"""A file's bytes and their hash: read once for both who hashes it and who parses it."""

from __future__ import annotations

import stat
from functools import lru_cache
from pathlib import Path

from skelfuse.files import check_readable

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
    if not stat.S_ISREG(facts.st_mode):
        check_readable(path)  # which says what is wrong
    return _read(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: Path, size: int, changed: int) -> bytes:
    return path.read_bytes()
