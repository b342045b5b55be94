"""Tables with a line a frame: equal frames one after the other are an interval."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

from skelfuse.datasets.labels.plain import Problems, each_line
from skelfuse.datasets.labels.rows import Row, frame
from skelfuse.datasets.labels.sheet import Sheet
from skelfuse.datasets.reading.number_rows import NOTHING
from skelfuse.errors import SkelfuseError
from skelfuse.telling.counted import counted

FLAGS = {"0", "1", "0.0", "1.0"}
NOT_SCORED = {*NOTHING, "nan"}
# SimBA's features that may happen to be 0 and 1 alone.
FEATURES = re.compile(
    r"(Low_prob_detections|Sum_probabilities|Mouse_\d|.*_(x|y|p|z|likelihood)$)", re.IGNORECASE
)

# By a recording's name and the frame, counted from 0: a line with its number in the file.
Recordings = dict[str, dict[int, tuple[int, dict[str, str]]]]


def frame_rows(
    sheet: Sheet, columns: Mapping[str, str], problems: Problems, notes: list[str]
) -> list[Row]:
    """Return the intervals of a table of `file`, `frame` and `label`; frames without one are none.

    Where every recording begins with frame 1 the frames are counted from 1.
    """
    label = columns["label"]
    recordings = _recordings(sheet, columns, [label], problems, notes)
    return [
        row
        for file, frames in recordings.items()
        for row in _joined(
            sheet.path.name, file, {at: (line[label], n) for at, (n, line) in frames.items()}
        )
    ]


def flag_columns(sheet: Sheet, beside: Collection[str] = ()) -> list[str]:
    """Return the columns at the end of a table that are 0 or 1 in its lines: SimBA's targets.

    Some cells may be empty: nobody scored those frames. Columns `beside` are none of them.

    >>> from pathlib import Path
    >>> lines = tuple((i, {"Nose_x": "1", "Attack": flag}) for i, flag in enumerate(["0", "", "1"]))
    >>> flag_columns(Sheet(Path("video1.csv"), ("Nose_x", "Attack"), lines))
    ['Attack']
    """
    found: list[str] = []
    for column in reversed(sheet.columns):
        told = {line[column].lower() for _, line in sheet.lines} - NOT_SCORED
        if column in beside or not told:
            continue
        if not told <= FLAGS or FEATURES.match(column) or column.startswith("column "):
            break
        found.insert(0, column)
    return found


def flag_rows(
    sheet: Sheet,
    columns: Mapping[str, str],
    flags: Sequence[str],
    problems: Problems,
    notes: list[str],
) -> list[Row]:
    """Return the intervals in which a column is 1, of a table with a line a frame.

    A frame is what the column `frame` says; without one it is the line's place among those of its
    recording.
    """
    if "frame" not in columns:
        if sheet.problems:  # without this line those below it would be other frames
            raise sheet.problems[0]
        if sheet.chosen:
            notes.append("frames are counted among the lines that --label-rows takes")
    recordings = _recordings(sheet, columns, flags, problems, notes)
    not_scored = [f for f in flags for _, line in sheet.lines if line[f].lower() in NOT_SCORED]
    if not_scored:
        where = f"{counted(len(not_scored), 'cell')} of {', '.join(dict.fromkeys(not_scored))}"
        notes.append(f"{sheet.path.name}: {where} without 0 or 1, taken as 0")
    rows: list[Row] = []
    for flag in flags:
        for file, frames in recordings.items():
            said = {
                at: (flag if line[flag].startswith("1") else "", number)
                for at, (number, line) in frames.items()
            }
            rows += _joined(sheet.path.name, file, said)
    return rows


def _recordings(
    sheet: Sheet,
    columns: Mapping[str, str],
    labels: Sequence[str],
    problems: Problems,
    notes: list[str],
) -> Recordings:
    """Return each recording's lines by frame; `labels` are the columns that say what happens."""
    found: Recordings = {}

    def take(number: int, line: dict[str, str]) -> None:
        file = line[columns["file"]] if "file" in columns else sheet.path.stem
        if not file:
            raise SkelfuseError("a line without a file", remedy="name it, or remove the line")
        at = frame(line[columns["frame"]]) if "frame" in columns else len(found.get(file, ()))
        first, same = found.setdefault(file, {}).setdefault(at, (number, line))
        before, now = ([one[label] for label in labels] for one in (same, line))
        if before != now:
            raise SkelfuseError(
                f"frame {at} of '{file}' has two labels",
                expected=f"'{', '.join(before)}', as in line {first}",
                found=f"'{', '.join(now)}'",
                remedy="correct one of them; the first is taken",
            )

    each_line(sheet, take, problems)
    if {min(frames) for frames in found.values()} != {1}:
        return found
    notes.append("frames are counted from 1, as every recording begins with it")
    return {file: {at - 1: line for at, line in frames.items()} for file, frames in found.items()}


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
