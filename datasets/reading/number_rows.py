"""Rows of numbers as text, millions of numbers a second, and the line of what is no number."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import chain
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError

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
) -> tuple[npt.NDArray[np.float64], list[list[str]], list[int]]:
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
    rows = _split([lines[number] for number in at], delimiter)
    at = [number + first_line for number in at]
    rows = [
        row if len(row) == columns else _of_length(row, columns, line, pad=pad)
        for row, line in zip(rows, at, strict=True)
    ]
    words = [[row[column].strip() for row in rows] for column in texts]
    if numbers is None:
        numbers = [column for column in range(columns) if column not in texts]
    if [*numbers] == [*range(columns)]:
        cells = list(chain.from_iterable(rows))
    elif len(numbers) > 1:
        cells = list(chain.from_iterable(map(itemgetter(*numbers), rows)))
    else:
        cells = [row[column] for row in rows for column in numbers]
    try:
        flat = np.array([cell or "nan" for cell in cells], dtype=np.float64)
    except ValueError:
        flat = np.array([_number(cell, at[i // len(numbers)]) for i, cell in enumerate(cells)])
    return flat.reshape(len(rows), len(numbers)), words, at


def _split(lines: list[str], delimiter: str | None) -> list[list[str]]:
    if delimiter is not None and any('"' in line for line in lines):
        try:
            return list(csv.reader(lines, delimiter=delimiter))
        except csv.Error as error:
            raise SkelfuseError(f"cannot read the table: {error}", remedy=FETCH_AGAIN) from None
    return [line.split(delimiter) for line in lines]


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


def _number(cell: str, line: int) -> float:
    word = cell.strip()
    if word.lower() in NOTHING:
        return float("nan")
    try:
        return float(word)
    except ValueError:
        raise SkelfuseError(
            "text among the numbers",
            line=line,
            expected="a number",
            found=repr(word[:40]),
            remedy=FETCH_AGAIN,
        ) from None
