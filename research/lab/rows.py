"""Rows of finished experiments, one JSON object a line, written by many processes at once."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Key = tuple[str, str, int, str]  # data set, protocol, seed, hash of all that was asked for


def key_of(row: Row) -> Key:
    return row["dataset"], row["protocol"], row["seed"], row["hash"]


def read_rows(paths: Iterable[Path]) -> list[Row]:
    """Read every whole row; a line that a killed process left unfinished is passed over."""
    rows: list[Row] = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            rows.append(row)
    return rows


def append_row(path: Path, row: Row) -> None:
    """Append a row as a whole line, even after a line that has no end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path), path.open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(row).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a lock that no other process holds; it ends with its process, however that ends.

    Yields whether it is held: without `wait` another process may have it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
