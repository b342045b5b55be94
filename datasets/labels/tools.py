"""Tables that annotation tools write: BORIS, ELAN, DLCAnalyzer."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

from skelfuse.datasets.labels.plain import Problems, each_line
from skelfuse.datasets.labels.rows import Row, seconds
from skelfuse.datasets.labels.sheet import Sheet
from skelfuse.errors import SkelfuseError
from skelfuse.telling.counted import counted

NOBODY = "No focal subject"  # BORIS, of a behaviour without a subject
MEDIA = ("Media file name", "Media file path", "Media file")
BEGIN, END, TIMES = "Begin Time", "End Time", ("Begin Time", "End Time", "Duration")
FORMS = ("ss.msec", "hh:mm:ss.ms", "msec")
WHO_AND_WHERE = ("Tier", "Participant", "File", "File Path", "File Name", "Annotation file")


def boris_aggregated(sheet: Sheet, problems: Problems, notes: list[str]) -> list[Row]:
    """Return BORIS's aggregated events: a line a state, with its start and stop."""
    _check_columns(sheet, "Behavior", "Start (s)", "Stop (s)")
    media = _media(sheet)
    return each_line(
        _without_points(sheet, "Behavior type", notes),
        lambda number, line: Row(
            sheet.path.name,
            number,
            _file(line, media, sheet.path),
            label=line["Behavior"],
            start=seconds(line["Start (s)"], comma=sheet.decimal_comma),
            end=seconds(line["Stop (s)"], comma=sheet.decimal_comma),
            subject=_subject(line),
            fps=_fps(line),
        ),
        problems,
    )


def _check_columns(sheet: Sheet, *needed: str) -> None:
    missing = [name for name in needed if name not in sheet.columns]
    if missing:
        raise SkelfuseError(
            f"events of BORIS without '{missing[0]}'",
            file=sheet.path,
            line=sheet.header,
            expected=f"columns {', '.join(needed)}",
            found=", ".join(sheet.columns)[:200],
            remedy="export them from BORIS again",
        )


def boris_tabular(sheet: Sheet, problems: Problems, notes: list[str]) -> list[Row]:
    """Return BORIS's tabular events: one line where a state starts, one where it stops."""
    media = _media(sheet)
    what = "Status" if "Status" in sheet.columns else "Behavior type"
    _check_columns(sheet, "Behavior", "Time", what)
    begun: dict[tuple[str, ...], list[tuple[int, float]]] = defaultdict(list)

    def row(number: int, line: dict[str, str]) -> Row | None:
        file = _file(line, media, sheet.path)
        state = (file, line.get("Subject", ""), line["Behavior"])
        time, kind = seconds(line["Time"], comma=sheet.decimal_comma), line[what].upper()
        if kind == "START":
            begun[state].append((number, time))
        elif kind == "STOP":
            if not begun[state]:
                raise SkelfuseError(f"'{line['Behavior']}' stops without a start")
            first, start = begun[state].pop()
            return Row(
                sheet.path.name,
                first,
                file,
                label=line["Behavior"],
                start=start,
                end=time,
                subject=_subject(line),
                fps=_fps(line),
            )
        else:
            raise SkelfuseError(
                f"an unknown '{what}'", expected="START, STOP or POINT", found=line[what]
            )
        return None

    rows = each_line(_without_points(sheet, what, notes), row, problems)
    for (_, _, behaviour), starts in begun.items():
        problems += [
            SkelfuseError(
                f"'{behaviour}' starts and never stops",
                file=sheet.path,
                line=number,
                remedy="close it in BORIS, and export again",
            )
            for number, _ in starts
        ]
    return rows


def _without_points(sheet: Sheet, what: str, notes: list[str]) -> Sheet:
    """Return the sheet without events that have no duration."""
    lines = tuple(one for one in sheet.lines if one[1].get(what, "").upper() != "POINT")
    if points := len(sheet.lines) - len(lines):
        notes.append(f"{counted(points, 'point event')} without a duration left out")
    return replace(sheet, lines=lines)


def _media(sheet: Sheet) -> str | None:
    """Return the column that names the video; refuse times that go on from video to video."""
    column = next((name for name in MEDIA if name in sheet.columns), None)
    videos: dict[str, set[str]] = defaultdict(set)
    for _, line in sheet.lines:
        if column and line[column]:
            videos[line.get("Observation id", "")].add(line[column])
    several = next((name for name, found in videos.items() if len(found) > 1 and name), None)
    if several is not None:
        raise SkelfuseError(
            f"observation '{several}' is of several videos, and its times go on from one to the "
            "next",
            file=sheet.path,
            found=", ".join(sorted(videos[several])[:3]),
            remedy="export one observation for each video",
        )
    return column


def _file(line: dict[str, str], media: str | None, table: Path) -> str:
    """Return the video, else the observation's name, else that of the table."""
    named = line[media].split(";")[0] if media else ""
    return named or line.get("Observation id") or table.stem


def _fps(line: dict[str, str]) -> float | None:
    """Return the rate of the video: "FPS", or "FPS (frame/s)"; of several the first.

    >>> _fps({"FPS (frame/s)": "25.00"}), _fps({"FPS": "NA"}), _fps({})
    (25.0, None, None)
    """
    told = next((value for name, value in line.items() if name.startswith("FPS")), "")
    try:
        rate = float(told.split(";")[0].replace(",", "."))
    except ValueError:
        return None
    return rate if 0 < rate < 1e5 else None


def _subject(line: dict[str, str]) -> str | None:
    subject = line.get("Subject", "")
    return None if subject in ("", NOBODY) else subject


def elan(sheet: Sheet, problems: Problems) -> list[Row]:
    """Return the annotations of ELAN's tab-delimited export, with a header or without.

    Where each tier is a column of its own, each text in one of them is an annotation.
    """
    begin, end = _times(sheet, BEGIN), _times(sheet, END)
    file = next((name for name in ("File Path", "File", "File Name") if name in sheet.columns), "")
    texts = [
        name
        for name in sheet.columns
        if name not in WHO_AND_WHERE and not name.startswith((*TIMES, "column "))
    ]

    def rows(number: int, line: dict[str, str]) -> list[Row]:
        start, stop = _elan_time(line, begin), _elan_time(line, end)
        return [
            Row(
                sheet.path.name,
                number,
                (line[file] if file else "") or sheet.path.stem,
                label=line[text],
                start=start,
                end=stop,
                subject=line.get("Participant") or None,
            )
            for text in texts
            if line[text]
        ]

    return [row for of_line in each_line(sheet, rows, problems) for row in of_line]


def _times(sheet: Sheet, what: str) -> str:
    """Return the column of a time, in the form that is the least work to read."""
    for form in FORMS:
        if f"{what} - {form}" in sheet.columns:
            return f"{what} - {form}"
    for column in sheet.columns:
        if column.startswith(what):
            return column
    raise SkelfuseError(
        f"a table of ELAN without '{what}'",
        file=sheet.path,
        found=", ".join(sheet.columns),
        remedy="choose begin and end time when exporting",
    )


def _elan_time(line: dict[str, str], column: str) -> float:
    time = seconds(line[column], comma=True)
    return time / 1000 if column.endswith("- msec") else time


def dlc_analyzer(sheet: Sheet, problems: Problems) -> list[Row]:
    """Return DLCAnalyzer's intervals; `ID` names the recording, `file` only the annotation."""
    _check_one_annotator(sheet)
    return each_line(
        sheet,
        lambda number, line: Row(
            sheet.path.name,
            number,
            line["ID"],
            label=line["type"],
            start=seconds(line["from"], comma=True),
            end=seconds(line["to"], comma=True),
        ),
        problems,
    )


def _check_one_annotator(sheet: Sheet) -> None:
    """Refuse what several people said of the same recordings: each of them alone is a truth."""
    lines = Counter(line.get("Experimenter", "") for _, line in sheet.lines)
    if len(lines) > 1:
        [(most, _)] = lines.most_common(1)
        raise SkelfuseError(
            "several people annotated the recordings",
            file=sheet.path,
            found=", ".join(f"{name} ({count} lines)" for name, count in lines.items()),
            remedy=f"take one of them, e.g. --label-rows Experimenter={most}",
        )
