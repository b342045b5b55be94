"""The files that a source consists of: most are one, some stand for others beside them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from skelfuse.datasets.formats import FORMATS
from skelfuse.files import check_readable


def stamp(path: Path, form: str) -> str | None:
    """Return what the file system says of a source's contents; None where that cannot be seen.

    Equal stamps are equal contents, as far as can be known without reading them.
    """
    try:
        files_of = FORMATS[form].files_of
        if files_of is None:
            return _stamp(path)
        files = files_of(path)
        seen = [f"{file.name} {_stamp(file) if file.exists() else None}" for file in files]
    except OSError:
        return None
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _stamp(path: Path) -> str:
    facts = os.stat(path)  # noqa: PTH116 - of a hundred thousand files, a Path's own is slower
    return f"{facts.st_size} {facts.st_mtime_ns}"


def fingerprint(path: Path, form: str) -> tuple[int, str]:
    """Return the size and SHA-256 of a source; of several files, that of one after the other.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.skeleton")
    ...     _ = path.write_text("abc")
    ...     fingerprint(path, "ntu")
    (3, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    """
    files_of = FORMATS[form].files_of
    files = [path] if files_of is None else [file for file in files_of(path) if file.is_file()]
    digest, size = hashlib.sha256(), 0
    for file in files:
        check_readable(file)  # a pipe would keep us for ever
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
                size += len(block)
    return size, digest.hexdigest()
