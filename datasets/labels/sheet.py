"""A table as text: which character parts its columns, where its header is, what its lines say."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile, zip_longest
from pathlib import Path

from skelfuse.datasets.reading.files import read_text
from skelfuse.errors import SkelfuseError
from skelfuse.telling.counted import counted

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon"}
HEADER_WITHIN = 200  # lines: some tools tell of the observation first
ELAN_TIME = re.compile(r"\d+:\d\d:\d\d\.\d+|\d+\.\d+|\d+")
ELAN_FIRST = 2  # tier and participant come before the times

Cells = list[tuple[int, list[str]]]  # of each line, with its number in the file


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
    header: int = 1  # the number of the line that names the columns
    chosen: bool = False  # whether conditions have taken lines out
    problems: tuple[SkelfuseError, ...] = ()  # of lines that are left out

    @property
    def filled(self) -> Sheet:
        """The sheet without lines in which all cells are empty, as spreadsheets leave them."""
        return replace(self, lines=tuple(one for one in self.lines if any(one[1].values())))

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
        return replace(self, lines=kept, chosen=len(kept) < len(self.lines))


def read_sheet(path: Path) -> Sheet:
    r"""Read a table whose columns are parted by commas, tabs or semicolons.

    Lines above the header that begin with # are comments; below it they are lines like others.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "labels.csv"
    >>> _ = path.write_text('file;label\n"a;1.csv";wave\n')
    >>> sheet = read_sheet(path)
    >>> sheet.columns, sheet.lines
    (('file', 'label'), ((2, {'file': 'a;1.csv', 'label': 'wave'}),))
    """
    text = read_text(path, "the table of labels")
    separator = _separator(text)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        cells = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except csv.Error as error:
        raise SkelfuseError(
            f"cannot read the table of labels: {error}", file=path, remedy="save it as plain text"
        ) from None
    cells = [*dropwhile(lambda one: not any(one[1]) or one[1][0].startswith("#"), cells)]
    while cells and not any(cells[-1][1]):
        cells.pop()
    if not cells:
        raise SkelfuseError(
            "a table without lines",
            file=path,
            expected="a line with the columns' names, and a line for each label",
            remedy="save it again",
        )
    header, names, rows = _header(cells)
    columns = _told_apart(names)
    if not rows:
        raise SkelfuseError(
            "a table without lines below its header",
            file=path,
            found=", ".join(columns),
            remedy="add a line for each label",
        )
    lines: list[tuple[int, dict[str, str]]] = []
    problems: list[SkelfuseError] = []
    for number, row in rows:
        try:
            lines.append((number, _by_column(row, columns, separator)))
        except SkelfuseError as error:
            problems.append(error.with_context(file=path, line=number))
    if not lines:
        raise problems[0]
    comma = separator != ","
    return Sheet(path, columns, tuple(lines), comma, header, problems=tuple(problems))


def _by_column(row: list[str], columns: Sequence[str], separator: str) -> dict[str, str]:
    """Return what a line says in each column; refuse it where a cell would be in none.

    >>> _by_column(["a", "walk"], ["file", "label", "subject"], ",")
    {'file': 'a', 'label': 'walk', 'subject': ''}
    >>> _by_column(["a", "0", "5"], ["file", "start"], ",")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: more cells than columns: expected 2 cells, \
found 3: a | 0 | 5; put a cell with a comma in double quotes, \
or separate columns by tabs or semicolons
    """
    while len(row) > len(columns) and not row[-1]:
        row = row[:-1]
    if len(row) > len(columns):
        others = " or ".join(f"{name}s" for mark, name in SEPARATORS.items() if mark != separator)
        raise SkelfuseError(
            "more cells than columns",
            expected=counted(len(columns), "cell"),
            found=f"{len(row)}: {' | '.join(row)}"[:200],
            remedy=f"put a cell with a {SEPARATORS[separator]} in double quotes, "
            f"or separate columns by {others}",
        )
    return dict(zip_longest(columns, row, fillvalue=""))


def _separator(text: str) -> str:
    """Return the character that parts most cells of the first line in which there is any."""
    for line in text.splitlines()[:HEADER_WITHIN]:
        bare = re.sub(r'"[^"]*"', "", line)
        most = max(SEPARATORS, key=bare.count)
        if most in bare and not line.startswith("#"):
            return most
    return ","


def _header(cells: Cells) -> tuple[int, list[str], Cells]:
    """Return the header's line, the columns' names, and the lines below them."""
    for i, (line, row) in enumerate(cells[:HEADER_WITHIN]):  # BORIS tells of the observation first
        names = {cell.lower() for cell in row}
        if {"time", "behavior"} <= names or {"behavior", "start (s)"} <= names:
            return line, row, cells[i + 1 :]
    line, first = cells[0]
    if elan := _elan_columns(first):
        return line, elan, cells
    return line, first, cells[1:]


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
