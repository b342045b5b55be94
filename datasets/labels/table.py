"""Which kind of table of labels a file is, and all that it says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from skelfuse.datasets.labels.frame_by_frame import flag_columns, flag_rows, frame_rows
from skelfuse.datasets.labels.plain import (
    SAID,
    named_columns,
    plain_rows,
    plainly,
    unknown_columns,
)
from skelfuse.datasets.labels.rows import Row
from skelfuse.datasets.labels.sheet import Condition, Sheet, read_sheet
from skelfuse.datasets.labels.tools import boris_aggregated, boris_tabular, dlc_analyzer, elan
from skelfuse.datasets.reading.files import files_ending
from skelfuse.errors import SkelfuseError

ENDINGS = (".csv", ".tsv", ".txt")
# Not `frames`: in a table of clips that is how many a clip has.
FRAME = (
    *("frame", "frame_number", "frame_num", "frame_no", "frame_nr", "frame_id", "frame_idx"),
    *("frame_index", "framenumber", "frameid", "frameidx", "frameindex", "frame#", "frame_#"),
)
DLC_ANALYZER = {"file", "Experimenter", "from", "to", "type", "ID"}


@dataclass(frozen=True)
class LabelTable:
    """Everything that a table says, or a folder of tables, each named as its recording is."""

    path: Path
    kind: str
    rows: tuple[Row, ...]
    says: frozenset[str]  # of label, subject, split, camera
    sha256: str
    problems: tuple[SkelfuseError, ...] = ()
    notes: tuple[str, ...] = ()
    made_by: tuple[Any, ...] = field(default=(), repr=False)  # arguments of `read_labels`

    @cached_property
    def of_files(self) -> dict[str, list[Row]]:
        """The rows of each recording, by the name that the table has for it."""
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(row.file, []).append(row)
        return groups

    @cached_property
    def has_intervals(self) -> bool:
        """Whether any row is of a part of a recording."""
        return any(row.start is not None for row in self.rows)

    def __reduce__(self) -> tuple[Any, ...]:
        # A process that helps reads the table once, instead of being sent it with every file.
        return _read_once, self.made_by


def read_labels(
    path: Path,
    conditions: tuple[Condition, ...] = (),
    given: tuple[tuple[str, str], ...] = (),
) -> LabelTable:
    r"""Read a table of labels, or all tables in a folder; `given` are columns chosen for things.

    What is wrong with one line, or with one table of several, is in `problems`.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "labels.csv"
    >>> _ = path.write_text("file,label,start,end\nwalk.csv,limp,0.5,2\nwalk.csv,stand,2,\n")
    >>> table = read_labels(path)
    >>> table.kind, table.rows[0].label, [str(error) for error in table.problems] == [
    ...     f"{path}, line 3: half an interval: expected a start and an end, found 2; add it"]
    ('a table of intervals', 'limp', True)
    """
    files = files_ending(path, *ENDINGS) if path.is_dir() else [path]
    if not files:
        raise SkelfuseError(
            "a folder without tables of labels",
            file=path,
            expected=f"files that end in {' or '.join(ENDINGS)}",
            remedy="correct --labels",
        )
    rows: list[Row] = []
    problems: list[SkelfuseError] = []
    notes: list[str] = []
    kinds: dict[str, None] = {}
    for file in files:
        of_lines: list[SkelfuseError] = []
        try:
            sheet = read_sheet(file).where(conditions)
            kind, found = _rows(sheet, dict(given), of_lines, notes)
        except SkelfuseError as error:
            if len(files) == 1:
                raise
            problems.append(error.at(file))
        else:
            kinds[kind] = None
            rows += found
            of_lines += sheet.problems
            problems += sorted(of_lines, key=lambda error: error.line or 0)
    if not rows:
        raise (
            problems[0]
            if problems
            else SkelfuseError("a table without labels", file=path, remedy="give one with labels")
        )
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    says = {what for what in SAID if any(getattr(row, what) is not None for row in rows)}
    return LabelTable(
        path,
        " and ".join(kinds),
        tuple(rows),
        frozenset(says),
        digest,
        tuple(problems),
        tuple(dict.fromkeys(notes)),
        (path, conditions, given),
    )


@lru_cache(maxsize=2)
def _read_once(
    path: Path, conditions: tuple[Condition, ...], given: tuple[tuple[str, str], ...]
) -> LabelTable:
    return read_labels(path, conditions, given)


def _rows(
    sheet: Sheet, given: Mapping[str, str], problems: list[SkelfuseError], notes: list[str]
) -> tuple[str, Sequence[Row]]:
    """Return what kind of table a sheet is, and its rows; chosen columns make it one's own."""
    filled = sheet.filled
    if not given and (of_tool := _of_tool(filled, problems, notes)):
        return of_tool
    columns = named_columns(sheet, given)
    frame = next((name for name in sheet.columns if plainly(name) in FRAME), None)
    placed = columns if frame is None else {**columns, "frame": frame}
    if "label" in columns and frame and not {"start", "start_frame"} & set(columns):
        notes += unknown_columns(sheet, placed.values())
        return "a line a frame", frame_rows(filled, placed, problems, notes)
    if not set(columns) & set(SAID) and (flags := flag_columns(sheet, placed.values())):
        lines = filled if frame else sheet  # without numbers an empty line is a frame too
        kind = "a column of 0 and 1 for each label"
        return kind, flag_rows(lines, placed, flags, problems, notes)
    found = plain_rows(filled, columns, problems)
    intervals = any(row.start is not None for row in found)
    if "file" not in columns and not intervals:
        raise SkelfuseError(
            "a table that names no files",
            file=sheet.path,
            expected="a column 'file'",
            found=", ".join(sheet.columns),
            remedy="name the column of the files so",
        )
    notes += unknown_columns(sheet, columns.values())
    return "a table of intervals" if intervals else "a table of clips", found


def _of_tool(
    sheet: Sheet, problems: list[SkelfuseError], notes: list[str]
) -> tuple[str, Sequence[Row]] | None:
    """Return the kind and the rows of an annotation tool's table, None of another one."""
    names = {column.lower() for column in sheet.columns}
    if {"behavior", "start (s)", "stop (s)"} <= names:
        return "BORIS, aggregated events", boris_aggregated(sheet, problems, notes)
    if {"behavior", "time"} <= names and names & {"status", "behavior type"}:
        return "BORIS, tabular events", boris_tabular(sheet, problems, notes)
    if any(name.startswith("begin time") for name in names):
        return "ELAN, tab-delimited", elan(sheet, problems)
    if {*sheet.columns} >= DLC_ANALYZER:
        return "DLCAnalyzer's intervals", dlc_analyzer(sheet, problems)
    return None
