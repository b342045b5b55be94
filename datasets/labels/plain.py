"""A table of one's own: a line a clip, or a line an interval."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from skelfuse.datasets.labels.rows import Row, frame, seconds
from skelfuse.datasets.labels.sheet import Sheet
from skelfuse.errors import SkelfuseError

Result = TypeVar("Result")
Problems = list[SkelfuseError]

# What a column may be called; the first name is the one to write.
NAMES = {
    "file": ("file", "filename", "video", "recording", "clip", "name", "path"),
    "label": ("label", "class", "action", "activity", "behavior", "behaviour", "category"),
    "start": ("start", "start_s", "start_time", "begin", "from"),
    "end": ("end", "end_s", "end_time", "stop", "to"),
    "start_frame": ("start_frame", "frame_start", "first_frame"),
    "end_frame": ("end_frame", "frame_end", "last_frame"),
    "subject": ("subject", "participant", "patient", "animal"),
    "split": ("split", "part", "set"),
    "camera": ("camera", "view"),
    "person": ("person",),
}
SAID = ("label", "subject", "split", "camera")  # of which a table must say something


def named_columns(sheet: Sheet, given: Mapping[str, str]) -> dict[str, str]:
    """Return for each thing that the table says the name of its column.

    `given` are columns that a user has chosen for something.

    >>> from pathlib import Path
    >>> sheet = Sheet(Path("a.csv"), ("Video", "Action", "Weather"), ())
    >>> named_columns(sheet, {})
    {'file': 'Video', 'label': 'Action'}
    """
    for what, column in given.items():
        if column not in sheet.columns:
            near = difflib.get_close_matches(column, sheet.columns, n=1)
            raise SkelfuseError(
                f"the table has no column '{column}' for the {what}",
                file=sheet.path,
                expected=" or ".join(sheet.columns),
                remedy=f"did you mean '{near[0]}'?" if near else "correct the name",
            )
    spelled = {plainly(column): column for column in sheet.columns}
    found = {
        what: next(spelled[name] for name in names if name in spelled)
        for what, names in NAMES.items()
        if not spelled.keys().isdisjoint(names)
    }
    return {**found, **given}


def plainly(column: str) -> str:
    """Return a column's name as tables of one's own are asked for it.

    >>> plainly("Start-Frame"), plainly("start frame")
    ('start_frame', 'start_frame')
    """
    return column.lower().replace(" ", "_").replace("-", "_")


def unknown_columns(sheet: Sheet, known: Iterable[str]) -> list[str]:
    """Say which columns are passed over, and what each may have been meant for.

    >>> from pathlib import Path
    >>> unknown_columns(Sheet(Path("a.csv"), ("file", "lable", "weather"), ()), ["file"])
    ["column 'lable' is passed over: did you mean 'label'?", "column 'weather' is passed over"]
    """
    names = [name for all_of_it in NAMES.values() for name in all_of_it]
    taken = set(known)
    notes = []
    for column in sheet.columns:
        if column not in taken:
            near = difflib.get_close_matches(column.lower(), names, n=1, cutoff=0.75)
            meant = f": did you mean '{near[0]}'?" if near else ""
            notes.append(f"column '{column}' is passed over{meant}")
    return notes


def plain_rows(sheet: Sheet, columns: Mapping[str, str], problems: Problems) -> list[Row]:
    """Return a row for each line; what is wrong with a line is added to `problems`."""
    if not set(columns) & set(SAID):
        notes = "; ".join(unknown_columns(sheet, columns.values()))
        raise SkelfuseError(
            "the first line must name the columns of a table of labels",
            file=sheet.path,
            line=sheet.header,
            expected="'file' and 'label', and any of " + ", ".join([*NAMES][2:]),
            found=", ".join(sheet.columns),
            remedy=notes or "correct the first line",
        )
    return each_line(sheet, lambda number, line: _row(sheet, columns, number, line), problems)


def each_line(
    sheet: Sheet, row: Callable[[int, dict[str, str]], Result | None], problems: Problems
) -> list[Result]:
    """Return what each line of a sheet gives; what is wrong with one is added to `problems`."""
    found = []
    for number, line in sheet.lines:
        try:
            one = row(number, line)
        except SkelfuseError as error:
            problems.append(
                error.with_context(file=sheet.path, line=number, remedy="correct the line")
            )
        else:
            found += [] if one is None else [one]
    return found


def _row(sheet: Sheet, columns: Mapping[str, str], number: int, line: dict[str, str]) -> Row:
    said = {what: line[column] or None for what, column in columns.items()}
    start, end, in_frames = _interval(said, comma=sheet.decimal_comma)
    file = said["file"] if "file" in columns else sheet.path.stem
    if not file:
        raise SkelfuseError("a line without a file", remedy="name it, or remove the line")
    if start is not None and "label" in columns and not said["label"]:
        raise SkelfuseError("an interval without a label", remedy="name it, or remove the line")
    return Row(
        sheet.path.name,
        number,
        file,
        label=said.get("label"),
        start=start,
        end=end,
        in_frames=in_frames,
        subject=said.get("subject"),
        split=said.get("split"),
        camera=said.get("camera"),
        person=_person(said.get("person")),
    )


def _person(text: str | None) -> int | str | None:
    """Return whose interval it is: 1 is the first, anything else a name.

    >>> _person("2"), _person("resident"), _person(None)
    (1, 'resident', None)
    """
    if text is None or not text.isdecimal():
        return text
    if int(text) < 1:
        raise SkelfuseError("no person's number", expected="1 for the first", found=text)
    return int(text) - 1


def _interval(
    said: Mapping[str, str | None], *, comma: bool
) -> tuple[float | None, float | None, bool]:
    """Return start, end, and whether they are frames."""
    in_frames = bool(said.get("start_frame") or said.get("end_frame"))
    start, end = (said.get(f"{what}_frame" if in_frames else what) for what in ("start", "end"))
    if not start and not end:
        return None, None, False
    if not start or not end:
        raise SkelfuseError(
            "half an interval", expected="a start and an end", found=start or end, remedy="add it"
        )
    first, last = (
        frame(time) if in_frames else seconds(time, comma=comma) for time in (start, end)
    )
    if last < first:
        raise SkelfuseError("an interval that ends before it begins", found=f"{start} to {end}")
    return first, last + 1 if in_frames else last, in_frames
