"""DeepLabCut's tables, csv or h5, of one animal or several; Lightning Pose writes the same csv.

A csv begins with the lines `scorer`, (`individuals`,) `bodyparts`, `coords`; then a line a frame:
its number or its picture, and x, y, (z,) likelihood of each part. The h5 is pandas' table of the
same. Pictures of several folders (`labeled-data/day1/img003.png`) are a recording each.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.columns import AXES, SCORE, Column, clip_of_columns
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.files import beginning, files_ending, of_kind, read_text
from skelfuse.datasets.reading.number_rows import FETCH_AGAIN, rows_of_numbers
from skelfuse.datasets.reading.pandas_table import is_pandas_table, read_pandas_table
from skelfuse.errors import SkelfuseError

MIN_SCORE = 0.6  # DeepLabCut's own pcutoff
SCORES = ("likelihood", "confidence")
HEADER = 1 << 16  # bytes of the first lines: many body parts of many animals
OTHERWISE_SAVED = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"scorer;", b"scorer\t")
_COORDS = re.compile(rb"\ncoords,(?:,|coords,)*([^,\r\n]*)")
_PICTURE = re.compile(r"(?:(.*)[/\\])?[^/\\]*?(\d{1,15})\D*", re.ASCII | re.DOTALL)


def find(path: Path) -> list[Path]:
    """List the tables: of csv and h5 of one name the h5, and `..._filtered` before the raw."""
    tables = of_kind(files_ending(path, ".csv", ".h5"), _is_table)
    names = {(file.parent, file.stem, file.suffix.lower()) for file in tables}
    return [
        file
        for file in tables
        if (file.suffix.lower() == ".h5" or (file.parent, file.stem, ".h5") not in names)
        and not {(file.parent, f"{file.stem}_filtered", end) for end in (".csv", ".h5")} & names
    ]


def _is_table(file: Path) -> bool | None:
    if file.suffix.lower() == ".h5":
        return is_pandas_table(file)
    start = beginning(file, HEADER).removeprefix(codecs.BOM_UTF8)
    if not start or start.startswith(OTHERWISE_SAVED):
        return None  # nothing, or what somebody made of such a table: told when it is read
    coords = _COORDS.search(start)  # SimBA's project has the same lines, with names in the last
    return start.startswith(b"scorer,") and (coords is None or coords[1] in (b"x", b"y"))


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clip of a table `[T,M,N,D]` in pixels; of pictures one a folder, bad or not."""
    if path.suffix.lower() == ".h5":
        names, values, index = read_pandas_table(path)
        columns = [_column(name) for name in names]
    else:
        columns, values, index = _csv(path)

    def clip(recording: tuple[str, npt.NDArray[np.intp], list[int]]) -> Clip:
        folder, rows, numbers = recording
        facts = Facts(f"{path.stem}/{folder}" if folder else path.stem)
        return clip_of_columns(
            facts, columns, values[rows], numbers, options, min_score=MIN_SCORE, body="deeplabcut"
        )

    return map(clip, _recordings(index))


def _column(name: Sequence[str]) -> Column:
    if len(name) not in (3, 4):
        raise SkelfuseError(
            "not the columns of DeepLabCut",
            expected="scorer, (individual,) body part, coordinate",
            found=", ".join(name),
            remedy="give the csv beside it, or read the table with --columns",
        )
    individual, part, what = ("", *name[1:]) if len(name) == 3 else tuple(name[1:])
    return Column(individual, part, SCORE if what in SCORES else what)


def _csv(path: Path) -> tuple[list[Column], npt.NDArray[np.float64], list[str]]:
    text = read_text(path, "the table")
    lines = text.split("\n", 5)
    rows: list[list[str]] = []
    for line in lines[:5]:
        rows += [[cell.strip() for cell in row] for row in csv.reader([line.rstrip("\r")])] or [[]]
        if rows[-1][:1] == ["coords"]:
            break
    heads = {row[0]: row for row in rows if row}
    if (
        not {"scorer", "bodyparts", "coords"} <= heads.keys()
        or len({*map(len, heads.values())}) > 1
    ):
        raise SkelfuseError(
            "not the header of DeepLabCut",
            line=len(rows),
            expected="scorer, (individuals,) bodyparts, coords, equally long",
            found=", ".join(f"'{name[:20]}' of {len(row)}" for name, row in heads.items()),
            remedy=FETCH_AGAIN,
        )
    what, parts = heads["coords"], heads["bodyparts"]
    first = next((at for at, cell in enumerate(what) if cell in AXES), len(what))
    if first == len(what):
        raise SkelfuseError("no column of 'x'", line=len(rows), remedy=FETCH_AGAIN)
    individuals = heads.get("individuals", [""] * len(what))
    body = text.split("\n", len(rows))[len(rows)] if len(lines) > len(rows) else ""
    numbers, words, _ = rows_of_numbers(
        body, len(what), first_line=len(rows) + 1, texts=range(first)
    )
    names = zip(heads["scorer"], individuals, parts, what, strict=True)
    columns = [_column(name) for name in names][first:]
    return columns, numbers, ["/".join(row) for row in zip(*words, strict=True)]


def _recordings(
    index: Sequence[str],
) -> Iterator[tuple[str, npt.NDArray[np.intp], list[int]]]:
    """Yield folder, rows and frame numbers of each recording: one, unless pictures tell others."""
    rows: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, entry in enumerate(index):
        folder, number = _picture_of(entry)
        rows[folder].append((row if number is None else number, row))
    for folder, found in rows.items():
        found.sort()
        numbers = [number for number, _ in found]
        counted = all(entry.strip().isdecimal() for entry in index)
        if len(set(numbers)) < len(numbers) and not counted:  # names without numbers of frames
            found.sort(key=lambda pair: pair[1])
            numbers = list(range(len(found)))
        yield folder if len(rows) > 1 else "", np.array([row for _, row in found]), numbers


def _picture_of(path: str) -> tuple[str, int | None]:
    """Return a picture's folder and its number, None where it has none.

    >>> _picture_of("labeled-data/m4s1/img0012.png"), _picture_of("17"), _picture_of("last")
    (('m4s1', 12), ('', 17), ('', None))
    """
    found = _PICTURE.fullmatch(path)
    if found is None:
        return "", None
    folder = (found[1] or "").replace("\\", "/").rpartition("/")[2]
    return folder, int(found[2])


FORMAT = Format(
    "deeplabcut",
    "DeepLabCut or Lightning Pose, csv or h5",
    find,
    read,
    needs="a .csv that begins with 'scorer,', or pandas' table in an .h5",
    named_by_users=True,
)
