"""SLEAP's csv: `track,frame_idx,instance.score,nose.x,nose.y,nose.score,...`, a row an animal."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.columns import AXES, SCORE, Column, clip_of_columns
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.files import beginning, files_ending, of_kind, read_text
from skelfuse.datasets.reading.number_rows import FETCH_AGAIN, rows_of_numbers, whole_numbers
from skelfuse.errors import SkelfuseError

HEAD = ["track", "frame_idx", "instance.score"]


def find(path: Path) -> list[Path]:
    """List the tables that begin with SLEAP's three columns."""
    return of_kind(files_ending(path, ".csv"), _is_table)


def _is_table(file: Path) -> bool | None:
    start = beginning(file).removeprefix(codecs.BOM_UTF8)
    return start.startswith(",".join(HEAD).encode()) if start else None


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clip of a table, `[T,M,N,2]` in pixels; its tracks are the people."""
    first, _, rest = read_text(path, "the table").partition("\n")
    names = [name.strip() for name in first.split(",")]
    columns = [Column("", *name.rpartition(".")[::2]) for name in names[len(HEAD) :]]
    odd = next((name for name, c in zip(names[3:], columns, strict=True) if not _good(c)), "")
    if names[:3] != HEAD or not columns or odd:
        raise SkelfuseError(
            "not the columns of SLEAP",
            line=1,
            expected=f"{', '.join(HEAD)}, then node.x, node.y, node.score of each node",
            found=odd or ", ".join(names[:4]),
            remedy=FETCH_AGAIN,
        )
    numbers, (tracks,), lines = rows_of_numbers(rest, len(names), first_line=2, texts=[0])
    yield clip_of_columns(
        Facts(path.stem),
        columns,
        numbers[:, 2:],
        whole_numbers(numbers[:, 0], lines),
        options,
        rows_of=tracks,
        body="sleap",
    )


def _good(column: Column) -> bool:
    return bool(column.joint) and column.what in (*AXES, SCORE)


FORMAT = Format(
    "sleap-csv",
    "SLEAP's csv",
    find,
    read,
    needs="a .csv that begins with track,frame_idx,instance.score",
    named_by_users=True,
)
