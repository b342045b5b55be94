"""A table of text whose first line names its columns: numbers at once, words where they are."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.files import read_text
from skelfuse.errors import SkelfuseError

Numbers = npt.NDArray[np.float64]
PLAIN = "save it as plain comma-separated text"
EMPTY = frozenset({"", "na", "nan", "none", "null", "n/a"})
LARGEST = 1 << 24  # characters in a cell


class Table:
    r"""The names of a table's columns, and its rows: `numbers(columns)`, `texts(column)`.

    >>> table = Table(["t", "who", "x"], "1,ann,0.5\n2,bob,\n", ",")
    >>> table.numbers([0, 2]).tolist(), table.texts(1)
    ([[1.0, 0.5], [2.0, nan]], ['ann', 'bob'])
    """

    def __init__(self, names: Sequence[str], body: str, delimiter: str) -> None:
        self.names = list(names)
        self._body, self._delimiter = body, delimiter

    @cached_property
    def _fast(self) -> Numbers | None:
        """All values `[R,K]` where every cell is a plain number: much faster than by cells."""
        lines = self._body.rstrip().replace("\r\n", "\n")
        if not lines or '"' in lines or f"{self._delimiter}{self._delimiter}" in lines:
            return None
        flat = lines.replace("\n", self._delimiter)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                values = np.fromstring(flat, sep=self._delimiter)
            except (DeprecationWarning, ValueError):
                return None
        rows = lines.count("\n") + 1
        if values.size != rows * len(self.names):
            return None
        return np.asarray(values.reshape(rows, -1), dtype=np.float64)

    @cached_property
    def _columns(self) -> list[tuple[str, ...]]:
        reader = csv.reader(
            io.StringIO(self._body, newline=""), delimiter=self._delimiter, skipinitialspace=True
        )
        rows: list[list[str]] = []
        try:
            for row in reader:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) != len(self.names):
                    raise SkelfuseError(
                        "a line with too many or too few values",
                        line=reader.line_num + 1,
                        expected=len(self.names),
                        found=len(row),
                        remedy="one a column",
                    )
                rows.append(row)
        except csv.Error as error:
            raise SkelfuseError(
                f"cannot read the table: {error}", line=reader.line_num + 1, remedy=PLAIN
            ) from None
        return list(zip(*rows, strict=True)) if rows else [()] * len(self.names)

    def __len__(self) -> int:
        return len(self._columns[0]) if self._fast is None else len(self._fast)

    def numbers(self, columns: Sequence[int]) -> Numbers:
        """Return some columns as `[R,columns]`; an empty cell, and column -1, is NaN."""
        if self._fast is not None:
            padded = np.concatenate([self._fast, np.full((len(self), 1), np.nan)], axis=1)
            return np.asarray(padded[:, list(columns)])
        found = {column: self._as_numbers(column) for column in set(columns) if column >= 0}
        found[-1] = np.full(len(self), np.nan)
        return np.stack([found[column] for column in columns], axis=1)

    def texts(self, column: int) -> list[str]:
        """Return a column's cells as text, without space around them."""
        return [cell.strip() for cell in self._columns[column]]

    def _as_numbers(self, column: int) -> Numbers:
        cells = self._columns[column]
        try:
            return np.array(cells, dtype=np.float64)
        except ValueError:
            return np.array([self._number(cell, column) for cell in cells], dtype=np.float64)

    def _number(self, cell: str, column: int) -> float:
        word = cell.strip()
        if word.lower() in EMPTY:
            return float("nan")
        try:
            return float(word)
        except ValueError:
            raise SkelfuseError(
                f"column '{self.names[column]}' among whose numbers is text",
                expected="numbers, or nothing",
                found=repr(word[:40]),
                remedy="correct it, or leave the cell empty",
            ) from None


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
