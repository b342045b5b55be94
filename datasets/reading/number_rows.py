"""Tables of numbers as text: millions of them a second, and the line of what is no number."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.files import read_text
from skelfuse.errors import SkelfuseError

Numbers = npt.NDArray[np.float64]
PLAIN = "save it as plain comma-separated text"
WHITE = " \t,;"  # a row of nothing else has only empty cells
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
    blank_rows: bool = False,
) -> tuple[Numbers, list[list[str]], list[int]]:
    r"""Return the numbers `[R,numbers]`, the cells of the columns `texts`, and the rows' lines.

    Numbers are in the columns `numbers`, by default in all that are not `texts`.

    >>> rows_of_numbers("a,1,2\n\nb,,4\n", 3, texts=[0])
    (array([[ 1.,  2.],
           [nan,  4.]]), [['a', 'b']], [1, 3])
    >>> try: rows_of_numbers("1 2\n3 x\n", 2, delimiter=None)
    ... except SkelfuseError as error: print(error.line, error.problem, error.found)
    2 text among the numbers 'x'
    """
    names = [""] * columns
    table = Table(
        names, text, delimiter=delimiter, first_line=first_line, pad=pad, blank_rows=blank_rows
    )
    if numbers is None:
        numbers = [column for column in range(columns) if column not in texts]
    return table.numbers(numbers), [table.texts(column) for column in texts], table.lines


class Table:
    r"""A table whose columns have names, or "": `numbers(columns)` and `texts(column)`.

    An empty cell is NaN, and an empty line nothing. A row of empty cells is nothing either, but for
    `blank_rows`, where each row is a frame, seen or not; at the end it never is one. Cells beyond
    the last column must be empty; with `pad` a row that ends early has empty cells. `delimiter`
    None is any white space.

    >>> table = Table(["t", "who", "x"], "1,ann,0.5\n2,bob,\n")
    >>> table.numbers([0, 2]).tolist(), table.texts(1)
    ([[1.0, 0.5], [2.0, nan]], ['ann', 'bob'])
    """

    def __init__(
        self,
        names: Sequence[str],
        text: str,
        *,
        delimiter: str | None = ",",
        first_line: int = 1,
        pad: bool = False,
        blank_rows: bool = False,
    ) -> None:
        self.names, self._delimiter, self._pad = list(names), delimiter, pad
        numbered = enumerate(text.splitlines(), first_line)
        empty = None if blank_rows else WHITE  # for `strip`: white space, or separators as well
        kept = [(number, line) for number, line in numbered if line.strip(empty)]
        while kept and not kept[-1][1].strip(WHITE):
            kept.pop()
        if not kept:
            raise SkelfuseError(
                "no rows of numbers", remedy="fetch it again, or leave the file out"
            )
        self.lines = [number for number, _ in kept]
        self._rows = [line for _, line in kept]

    def __len__(self) -> int:
        return len(self._rows)

    def numbers(self, columns: Sequence[int]) -> Numbers:
        """Return some columns as `[R,columns]`; an empty cell, and column -1, is NaN."""
        there = [column for column in columns if column >= 0]
        values = self._plain_numbers(there)
        if values is None:
            flat = [
                _number(row[column], line, self.names[column])
                for row, line in zip(self._cells, self.lines, strict=True)
                for column in there
            ]
            values = np.array(flat, np.float64).reshape(len(self), len(there))
        if len(there) == len(columns):
            return values
        padded = np.full((len(self), len(columns)), np.nan)
        padded[:, np.array(columns) >= 0] = values
        return padded

    def texts(self, column: int) -> list[str]:
        """Return a column's cells as text, without space around them."""
        if self._even:
            return [row.split(self._delimiter, column + 1)[column].strip() for row in self._rows]
        return [row[column].strip() for row in self._cells]

    @cached_property
    def _even(self) -> bool:
        """Whether all rows have as many cells, and none is quoted: so most tables are."""
        mark, marks = self._delimiter, len(self.names) - 1
        if mark is None:
            return False
        return not any('"' in row or row.count(mark) != marks for row in self._rows)

    def _plain_numbers(self, columns: list[int]) -> Numbers | None:
        """Return the numbers of rows in which all is as it should be; None where it is not.

        NumPy's own reader is three times as fast as Python, but says little of what is wrong.
        """
        mark = self._delimiter
        if not self._even and (mark is not None or len(columns) != len(self.names)):
            return None
        rows = self._rows if mark is None else [_filled(row, mark) for row in self._rows]
        try:
            values = np.loadtxt(rows, delimiter=mark, comments=None, usecols=columns, ndmin=2)
        except ValueError:
            return None
        return values if values.shape == (len(rows), len(columns)) else None

    @cached_property
    def _cells(self) -> list[list[str]]:
        """The cells of any rows; what is wrong with one is an error of its line."""
        return [self._split(row, line) for row, line in zip(self._rows, self.lines, strict=True)]

    def _split(self, row: str, line: int) -> list[str]:
        mark, wanted = self._delimiter, len(self.names)
        cells = cells_of(row, mark, line)
        if len(cells) < wanted and self._pad:
            cells += [""] * (wanted - len(cells))
        if len(cells) < wanted or any(cell.strip() for cell in cells[wanted:]):
            raise SkelfuseError(
                "wrong number of columns",
                line=line,
                expected=wanted,
                found=len(cells),
                remedy=FETCH_AGAIN,
            )
        return cells[:wanted]


def cells_of(row: str, delimiter: str | None, line: int) -> list[str]:
    """Return the cells of a row, some of which may be quoted.

    >>> cells_of('a, "b, c",', ",", 1), cells_of("1  2", None, 1)
    (['a', 'b, c', ''], ['1', '2'])
    """
    if delimiter is None or '"' not in row:
        return row.split(delimiter)
    try:
        return next(csv.reader([row], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error as error:
        raise SkelfuseError(f"cannot read the table: {error}", line=line, remedy=PLAIN) from None


def _filled(row: str, delimiter: str) -> str:
    """Return a row with nan in its empty cells."""
    if delimiter * 2 in row:
        row = row.replace(delimiter * 2, f"{delimiter}nan{delimiter}")
        row = row.replace(delimiter * 2, f"{delimiter}nan{delimiter}")  # every second one is left
    if row.startswith(delimiter):
        row = f"nan{row}"
    return f"{row}nan" if row.endswith(delimiter) else row


def _number(cell: str, line: int, column: str) -> float:
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


def read_table(path: Path, told_by: Collection[str] = ()) -> Table:
    """Return the table of a comma- or tab-separated file.

    Where no column is one of those that say which frame of what a row is, `told_by`, each row is
    a frame, an empty one too.
    """
    head, _, body = read_text(path, "the table").partition("\n")
    delimiter = "\t" if "\t" in head else ";" if ";" in head and "," not in head else ","
    names = [name.strip() for name in cells_of(head.rstrip("\r"), delimiter, 1)]
    blank_rows = not {name.lower() for name in names} & {*told_by}
    return Table(names, body, delimiter=delimiter, first_line=2, blank_rows=blank_rows)
