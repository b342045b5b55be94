"""Tables with a line a frame: equal frames one after the other are an interval."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby

from skelfuse.datasets.labels.plain import Problems, each_line
from skelfuse.datasets.labels.rows import Row, frame
from skelfuse.datasets.labels.sheet import Sheet
from skelfuse.errors import SkelfuseError

FLAGS = {"0", "1", "0.0", "1.0"}
# SimBA's features that may happen to be 0 and 1 alone.
FEATURES = re.compile(
    r"(Low_prob_detections|Sum_probabilities|Mouse_\d|.*_(x|y|p|z|likelihood)$)", re.IGNORECASE
)


def frame_rows(
    sheet: Sheet, columns: Mapping[str, str], problems: Problems, notes: list[str]
) -> list[Row]:
    """Return the intervals of a table of `file`, `frame` and `label`; frames without one are none.

    Where every recording begins with frame 1 the frames are counted from 1.
    """

    def read(number: int, line: dict[str, str]) -> tuple[str, int, str, int]:
        file = line[columns["file"]] if "file" in columns else sheet.path.stem
        if not file:
            raise SkelfuseError("a line without a file", remedy="name it, or remove the line")
        return file, frame(line[columns["frame"]]), line[columns["label"]], number

    recordings: dict[str, dict[int, tuple[str, int]]] = {}
    for file, at, label, number in each_line(sheet, read, problems):
        known = recordings.setdefault(file, {})
        if at in known and known[at][0] != label:
            problems.append(
                SkelfuseError(
                    f"frame {at} of '{file}' has two labels",
                    file=sheet.path,
                    line=number,
                    expected=f"'{known[at][0]}', as in line {known[at][1]}",
                    found=f"'{label}'",
                    remedy="correct one of them; the first is taken",
                )
            )
        known.setdefault(at, (label, number))
    first = 1 if recordings and all(min(frames) == 1 for frames in recordings.values()) else 0
    if first:
        notes.append("frames are counted from 1, as every recording begins with it")
    return [
        row
        for file, frames in recordings.items()
        for row in _joined(sheet.path.name, file, {at - first: said for at, said in frames.items()})
    ]


def flag_columns(sheet: Sheet) -> list[str]:
    """Return the columns at the end of a table that are 0 or 1 in every line: SimBA's targets.

    >>> from pathlib import Path
    >>> lines = tuple((i, {"Nose_x": "1", "Attack": flag}) for i, flag in enumerate("001"))
    >>> flag_columns(Sheet(Path("video1.csv"), ("Nose_x", "Attack"), lines))
    ['Attack']
    """
    found: list[str] = []
    for column in reversed(sheet.columns):
        told = {line[column] for _, line in sheet.lines}
        if not told <= FLAGS or FEATURES.match(column) or column.startswith("column "):
            break
        found.insert(0, column)
    return found


def flag_rows(sheet: Sheet, columns: list[str]) -> list[Row]:
    """Return the intervals in which a column is 1, of a table with a line a frame."""
    rows: list[Row] = []
    for column in columns:
        frames = {
            at: (column if line[column].startswith("1") else "", number)
            for at, (number, line) in enumerate(sheet.lines)
        }
        rows += _joined(sheet.path.name, sheet.path.stem, frames)
    return rows


def _joined(table: str, file: str, frames: Mapping[int, tuple[str, int]]) -> list[Row]:
    """Return one row for frames that follow each other and say the same."""
    rows: list[Row] = []
    ranked = enumerate(sorted(frames))
    # In frames that follow each other the number goes with the rank.
    for (label, _), run in groupby(ranked, lambda one: (frames[one[1]][0], one[1] - one[0])):
        numbers = [at for _, at in run]
        start, end = numbers[0], numbers[-1] + 1
        if label:
            line = frames[start][1]
            rows.append(Row(table, line, file, label=label, start=start, end=end, in_frames=True))
    return rows
