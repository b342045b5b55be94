"""A table as text: which character parts its columns, where its header is, what its lines say."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skelfuse.datasets.reading.files import read_text
from skelfuse.errors import SkelfuseError

SEPARATORS = (",", "\t", ";")
HEADER_WITHIN = 200  # lines: some tools tell of the observation first
ELAN_TIME = re.compile(r"\d+:\d\d:\d\d\.\d+|\d+\.\d+|\d+")
ELAN_FIRST = 2  # tier and participant come before the times


@dataclass(frozen=True)
class Condition:
    """Lines to take: those in which a column says `value`, or those in which it does not."""

    column: str
    value: str
    equal: bool = True


def condition(text: str) -> Condition:
    """Return the condition that `COLUMN=VALUE` or `COLUMN!=VALUE` stands for.

    >>> condition("Experimenter=Ann"), condition("type!=Start/End").equal
    (Condition(column='Experimenter', value='Ann', equal=True), False)
    """
    column, equals, value = text.partition("=")
    equal = not column.endswith("!")
    column = column.removesuffix("!").strip()
    if not equals or not column:
        raise SkelfuseError(
            "no condition for lines of the table",
            expected="COLUMN=VALUE or COLUMN!=VALUE",
            found=text,
            remedy="correct --label-rows",
        )
    return Condition(column, value.strip(), equal)


@dataclass(frozen=True)
class Sheet:
    """A table's columns and lines; each line has its number in the file and a text a column."""

    path: Path
    columns: tuple[str, ...]
    lines: tuple[tuple[int, dict[str, str]], ...]
    decimal_comma: bool = False

    def where(self, conditions: Sequence[Condition]) -> Sheet:
        """Return the sheet with those lines that fulfil all conditions."""
        for one in conditions:
            if one.column not in self.columns:
                raise SkelfuseError(
                    f"the table has no column '{one.column}'",
                    file=self.path,
                    expected=" or ".join(self.columns),
                    remedy="correct --label-rows",
                )
        kept = tuple(
            (number, line)
            for number, line in self.lines
            if all((line[one.column] == one.value) == one.equal for one in conditions)
        )
        if not kept:
            raise SkelfuseError(
                "no line of the table is left",
                file=self.path,
                expected="lines that --label-rows takes",
                remedy="correct it",
            )
        return replace(self, lines=kept)


def read_sheet(path: Path) -> Sheet:
    r"""Read a table whose columns are parted by commas, tabs or semicolons.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "labels.csv"
    >>> _ = path.write_text('file;label\n"a;1.csv";wave\n')
    >>> sheet = read_sheet(path)
    >>> sheet.columns, sheet.lines
    (('file', 'label'), ((2, {'file': 'a;1.csv', 'label': 'wave'}),))
    """
    text = read_text(path, "the table of labels").lstrip("\n")
    separator = _separator(text)
    try:
        cells = [
            (reader.line_num, [cell.strip() for cell in row])
            for reader in [csv.reader(io.StringIO(text, newline=""), delimiter=separator)]
            for row in reader
        ]
    except csv.Error as error:
        raise SkelfuseError(
            f"cannot read the table of labels: {error}", file=path, remedy="save it as plain text"
        ) from None
    cells = [(line, row) for line, row in cells if any(row) and not row[0].startswith("#")]
    if not cells:
        raise SkelfuseError(
            "a table without lines",
            file=path,
            expected="a line with the columns' names, and a line for each label",
            remedy="save it again",
        )
    header, rows = _header(cells)
    columns = _told_apart(header)
    width = len(columns)
    lines = tuple(
        (line, dict(zip(columns, [*row, *[""] * (width - len(row))], strict=False)))
        for line, row in rows
    )
    if not lines:
        raise SkelfuseError(
            "a table without lines below its header",
            file=path,
            found=", ".join(columns),
            remedy="add a line for each label",
        )
    return Sheet(path, columns, lines, decimal_comma=separator != ",")


def _separator(text: str) -> str:
    """Return the character that parts most cells of the first line in which there is any."""
    for line in text.splitlines()[:HEADER_WITHIN]:
        bare = re.sub(r'"[^"]*"', "", line)
        most = max(SEPARATORS, key=bare.count)
        if most in bare and not line.startswith("#"):
            return most
    return SEPARATORS[0]


def _header(
    cells: list[tuple[int, list[str]]],
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the columns' names and the lines below them."""
    for i, (_, row) in enumerate(cells[:HEADER_WITHIN]):  # BORIS tells of the observation first
        names = {cell.lower() for cell in row}
        if {"time", "behavior"} <= names or {"behavior", "start (s)"} <= names:
            return row, cells[i + 1 :]
    first = cells[0][1]
    if elan := _elan_columns(first):
        return elan, cells
    return first, cells[1:]


def _elan_columns(row: list[str]) -> list[str] | None:
    """Return names for the columns of ELAN's export without a header, None for another table.

    There a line is tier, participant, begin, end and duration in one to three forms, annotation.
    """
    times = row[ELAN_FIRST:-1]
    if len(times) < 2 or not all(ELAN_TIME.fullmatch(cell) for cell in times):
        return None
    forms = ["hh:mm:ss.ms" if ":" in t else "ss.msec" if "." in t else "msec" for t in times]
    of_each = forms.index(forms[0], 1) if forms[0] in forms[1:] else len(forms)
    kinds = ("Begin Time", "End Time", "Duration")
    if -(-len(times) // of_each) not in (2, 3):
        return None
    named = [f"{kinds[i // of_each]} - {form}" for i, form in enumerate(forms)]
    return ["Tier", "Participant", *named, "Annotation"]


def _told_apart(columns: list[str]) -> tuple[str, ...]:
    """Return the names with a number behind those that were there before."""
    seen: dict[str, int] = {}
    names = []
    for i, name in enumerate(columns):
        own = name or f"column {i + 1}"
        seen[own] = seen.get(own, 0) + 1
        names.append(own if seen[own] == 1 else f"{own} ({seen[own]})")
    return tuple(names)
