"""Tables of numbers as text: millions of them a second, and the line of what is no number."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.files import read_text
from skelfuse.errors import SkelfuseError

Numbers = npt.NDArray[np.float64]
PLAIN = "save it as plain comma-separated text"
FETCH_AGAIN = "the file is damaged: fetch it again, or correct the line"
NOTHING = frozenset(
    {"", "na", "n/a", "null", "none", "-", "--"}
)  # how tables write a missing number


def rows_of_numbers(
    text: str,
    columns: int,
    *,
    delimiter: str | None = ",",
    first_line: int = 1,
    texts: Sequence[int] = (),
    numbers: Sequence[int] | None = None,
    pad: bool = False,
) -> tuple[Numbers, list[list[str]], list[int]]:
    r"""Return the numbers `[R,numbers]`, the cells of the columns `texts`, and the rows' lines.

    Numbers are in the columns `numbers`, by default in all that are not `texts`. An empty cell is
    NaN, and an empty line nothing. Cells beyond the last column must be empty; with `pad` a row
    that ends early has empty cells. `delimiter` None is any white space.

    >>> rows_of_numbers("a,1,2\n\nb,,4\n", 3, texts=[0])
    (array([[ 1.,  2.],
           [nan,  4.]]), [['a', 'b']], [1, 3])
    >>> try: rows_of_numbers("1 2\n3 x\n", 2, delimiter=None)
    ... except SkelfuseError as error: print(error.line, error.problem, error.found)
    2 text among the numbers 'x'
    """
    lines = text.splitlines()
    at = [number for number, line in enumerate(lines) if line.strip(" \t,;")]
    if not at:
        raise SkelfuseError("no rows of numbers", remedy="fetch it again, or leave the file out")
    kept = [lines[number] for number in at]
    at = [number + first_line for number in at]
    if numbers is None:
        numbers = [column for column in range(columns) if column not in texts]
    values = _plain_numbers(kept, columns, delimiter, numbers)
    if values is not None:
        heads = [line.split(delimiter, max(texts) + 1) for line in kept] if texts else []
        return values, [[head[column].strip() for head in heads] for column in texts], at
    rows = [
        row if len(row) == columns else _of_length(row, columns, line, pad=pad)
        for row, line in zip(_split(kept, delimiter), at, strict=True)
    ]
    flat = [
        _number(row[column], line) for row, line in zip(rows, at, strict=True) for column in numbers
    ]
    words = [[row[column].strip() for row in rows] for column in texts]
    return np.array(flat).reshape(len(rows), len(numbers)), words, at


def _plain_numbers(
    lines: list[str], columns: int, delimiter: str | None, numbers: Sequence[int]
) -> Numbers | None:
    """Return the numbers of lines in which all is as it should be; None where it is not.

    NumPy's own reader is three times as fast as Python, but says little of what is wrong.
    """
    if delimiter is None:
        if len(numbers) != columns:
            return None
    elif not _even(lines, columns, delimiter):
        return None
    return _loaded(lines, delimiter, numbers)


def _loaded(lines: list[str], delimiter: str | None, numbers: Sequence[int]) -> Numbers | None:
    if delimiter is not None:
        lines = [_filled(line, delimiter) for line in lines]
    try:
        values = np.loadtxt(lines, delimiter=delimiter, comments=None, usecols=numbers, ndmin=2)
    except ValueError:
        return None
    return values if values.shape == (len(lines), len(numbers)) else None


def _even(lines: list[str], columns: int, delimiter: str) -> bool:
    """Tell whether all lines have as many cells, and none is quoted."""
    return not any('"' in line or line.count(delimiter) != columns - 1 for line in lines)


def _filled(line: str, delimiter: str) -> str:
    """Return a line with nan in its empty cells."""
    if delimiter * 2 in line:
        line = line.replace(delimiter * 2, f"{delimiter}nan{delimiter}")
        line = line.replace(delimiter * 2, f"{delimiter}nan{delimiter}")  # every second one is left
    if line.startswith(delimiter):
        line = f"nan{line}"
    return f"{line}nan" if line.endswith(delimiter) else line


def whole_numbers(values: Numbers, lines: Sequence[int]) -> list[int]:
    """Return frame numbers, read as numbers of some lines, as whole ones.

    >>> whole_numbers(np.array([3.0, 4.0]), [1, 2])
    [3, 4]
    """
    with np.errstate(invalid="ignore"):
        good = (values % 1 == 0) & (abs(values) < 1e12)
    if not good.all():
        wrong = int((~good).argmax())
        raise SkelfuseError(
            "not a frame number",
            line=lines[wrong],
            expected="a whole number",
            found=f"{values[wrong]:g}",
            remedy=FETCH_AGAIN,
        )
    return [int(value) for value in values.tolist()]


def _split(lines: list[str], delimiter: str | None) -> list[list[str]]:
    if delimiter is None:
        return [line.split() for line in lines]
    try:
        return [
            line.split(delimiter)
            if '"' not in line
            else next(csv.reader([line], delimiter=delimiter))
            for line in lines
        ]
    except csv.Error as error:
        raise SkelfuseError(f"cannot read the table: {error}", remedy=FETCH_AGAIN) from None


def _of_length(row: list[str], columns: int, line: int, *, pad: bool) -> list[str]:
    if len(row) > columns and not any(cell.strip() for cell in row[columns:]):
        return row[:columns]
    if len(row) < columns and pad:
        return row + [""] * (columns - len(row))
    raise SkelfuseError(
        "wrong number of columns",
        line=line,
        expected=columns,
        found=len(row),
        remedy=FETCH_AGAIN,
    )


def _number(cell: str, line: int, column: str | None = None) -> float:
    word = cell.strip()
    if word.lower() in NOTHING:
        return float("nan")
    try:
        return float(word)
    except ValueError:
        raise SkelfuseError(
            f"text among the numbers of column '{column}'" if column else "text among the numbers",
            line=line,
            expected="a number",
            found=repr(word[:40]),
            remedy=FETCH_AGAIN,
        ) from None


class Table:
    r"""A table whose first line names its columns: `numbers(columns)` and `texts(column)`.

    >>> table = Table(["t", "who", "x"], "1,ann,0.5\n2,bob,\n", ",")
    >>> table.numbers([0, 2]).tolist(), table.texts(1)
    ([[1.0, 0.5], [2.0, nan]], ['ann', 'bob'])
    """

    def __init__(self, names: Sequence[str], body: str, delimiter: str) -> None:
        self.names = list(names)
        self._body, self._delimiter = body, delimiter

    @cached_property
    def _lines(self) -> list[str] | None:
        """The lines, where each is a row without quotes; so most tables are."""
        lines = [line for line in self._body.splitlines() if line.strip(f" \t{self._delimiter}")]
        return lines if _even(lines, len(self.names), self._delimiter) else None

    @cached_property
    def _cells(self) -> tuple[list[list[str]], list[int]]:
        """The rows of any table, and the line on which each ends."""
        reader = csv.reader(
            io.StringIO(self._body, newline=""), delimiter=self._delimiter, skipinitialspace=True
        )
        rows: list[list[str]] = []
        at: list[int] = []
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    line = reader.line_num + 1
                    same = len(row) == len(self.names)
                    rows.append(row if same else _of_length(row, len(self.names), line, pad=False))
                    at.append(line)
        except csv.Error as error:
            raise SkelfuseError(
                f"cannot read the table: {error}", line=reader.line_num + 1, remedy=PLAIN
            ) from None
        return rows, at

    def __len__(self) -> int:
        return len(self._cells[0] if self._lines is None else self._lines)

    def numbers(self, columns: Sequence[int]) -> Numbers:
        """Return some columns as `[R,columns]`; an empty cell, and column -1, is NaN."""
        wanted = sorted({column for column in columns if column >= 0})
        values = None
        if self._lines and wanted:
            values = _loaded(self._lines, self._delimiter, wanted)
        if values is None:
            rows, at = self._cells
            flat = [
                _number(row[column], line, self.names[column])
                for row, line in zip(rows, at, strict=True)
                for column in wanted
            ]
            values = np.array(flat, np.float64).reshape(len(rows), len(wanted))
        places = {column: place for place, column in enumerate(wanted)}
        if len(wanted) == len(columns):
            return np.asarray(values[:, [places[column] for column in columns]])
        padded = np.concatenate([values, np.full((len(values), 1), np.nan)], axis=1)
        return np.asarray(padded[:, [places.get(column, -1) for column in columns]])

    def texts(self, column: int) -> list[str]:
        """Return a column's cells as text, without space around them."""
        if self._lines is None:
            return [row[column].strip() for row in self._cells[0]]
        return [line.split(self._delimiter, column + 1)[column].strip() for line in self._lines]


def read_table(path: Path) -> Table:
    """Return the table of a comma- or tab-separated file."""
    head, _, body = read_text(path, "the table").partition("\n")
    delimiter = "\t" if "\t" in head else ";" if ";" in head and "," not in head else ","
    try:
        names = next(
            csv.reader([head.rstrip("\r")], delimiter=delimiter, skipinitialspace=True), []
        )
    except csv.Error as error:
        raise SkelfuseError(
            f"cannot read the table: {error}", file=path, line=1, remedy=PLAIN
        ) from None
    if not names or not body.strip():
        raise SkelfuseError("a table without rows", file=path, remedy="leave the file out")
    return Table([name.strip() for name in names], body, delimiter)
