"""Whether a store's bytes may be given to the HDF5 library, which a damaged file can hang or crash.

The last 256 bytes of a store are its seal: the SHA-256 of everything in the file but coordinates
and confidences. HDF5 does not look behind its own end. A store whose seal holds is as it was
written. One without a seal (of an earlier version, or repacked) is first opened in another process
with little time and memory, which may crash in our place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from skelfuse.errors import SkelfuseError
from skelfuse.store.trial import hdf5_fails

MARK = b"skelfuse-seal-1\n"
SIZE = 256
BLOCK = 1 << 20
ANEW = "make it anew with skelfuse preprocess"
Range = tuple[int, int]  # where in the file, how many bytes


def seal(path: Path, data: Sequence[Range]) -> None:
    """Append its seal to a finished store, in which `data` are the ranges of the coordinates."""
    told = {"data": list(data), "sha256": _digest(path, data, path.stat().st_size)}
    with path.open("ab") as file:
        file.write((MARK + json.dumps(told).encode()).ljust(SIZE))


def check_before_opening(path: Path) -> None:
    """Raise where a store is not what was written, or where opening it ends or keeps a process."""
    size = path.stat().st_size
    found = _seal_of(path, size)
    if found is None:
        # Of one cut short the library says so at once.
        if size >= _claimed(path) and (what := hdf5_fails(path)) is not None:
            raise SkelfuseError("the store is damaged", file=path, found=what, remedy=ANEW)
        return
    data, digest = found
    if _digest(path, data, size - SIZE) != digest:
        raise SkelfuseError(
            "the store is damaged: its metadata have changed since they were written",
            file=path,
            remedy=ANEW,
        )


def _seal_of(path: Path, size: int) -> tuple[list[Range], str] | None:
    with path.open("rb") as file:
        file.seek(max(0, size - SIZE))
        text = file.read(SIZE)
    if not text.startswith(MARK):
        return None
    try:
        told = json.loads(text[len(MARK) :])
        data = [(int(start), int(length)) for start, length in told["data"]]
        return data, str(told["sha256"])
    except Exception:
        return [], ""  # a seal that is damaged itself


def _digest(path: Path, data: Sequence[Range], end: int) -> str:
    digest = hashlib.sha256(json.dumps(list(data)).encode())
    with path.open("rb") as file:
        for start, stop in _between(data, end):
            file.seek(start)
            left = stop - start
            while left > 0 and (block := file.read(min(BLOCK, left))):
                digest.update(block)
                left -= len(block)
    return digest.hexdigest()


def _between(data: Sequence[Range], end: int) -> Iterator[Range]:
    """Yield (start, stop) of all that is not data.

    >>> list(_between([(10, 5), (20, 10)], 40))
    [(0, 10), (15, 20), (30, 40)]
    """
    at = 0
    for start, length in sorted(data):
        yield at, min(start, end)
        at = max(at, start + length)
    yield at, end


def _claimed(path: Path) -> int:
    """Return how long an HDF5 file says that it is; 0 where it does not say."""
    with path.open("rb") as file:
        head = file.read(48)
    at = {0: 40, 1: 44, 2: 28, 3: 28}.get(head[8] if len(head) == 48 else -1)
    return 0 if at is None else int.from_bytes(head[at : at + 8], "little")
