"""SimBA's csv: `Nose_1_x,Nose_1_y,Nose_1_p,...`, a line a frame; the number is the animal's.

Features and targets beside the body parts (`features_extracted`, `targets_inserted`) are passed
over. The lines of a project's `input_csv` above the names are, too.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.columns import SCORE, Column, clip_of_columns
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.files import beginning, files_ending, of_kind, read_text
from skelfuse.datasets.reading.number_rows import FETCH_AGAIN, cells_of, rows_of_numbers
from skelfuse.errors import SkelfuseError

HEADERS = 3  # lines at most before the names
ENDINGS = ("_x", "_y", "_p")
FIRST_NAMES = re.compile(
    rb"(?:^|\n)(?:scorer|bodyparts|coords)?,?\"?([^,\n\"]+)_x\"?,\"?\1_y\"?,\"?\1_p\"?[,\r\n]"
)
_ANIMAL = re.compile(r"(.+)_(\d{1,2})")


def find(path: Path) -> list[Path]:
    """List the tables whose first columns are x, y and p of one body part."""
    return of_kind(files_ending(path, ".csv"), _is_table)


def _is_table(file: Path) -> bool | None:
    start = beginning(file, 1 << 16).removeprefix(codecs.BOM_UTF8)
    return FIRST_NAMES.search(start) is not None if start else None


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a table, `[T,M,N,2]` in pixels."""
    text = read_text(path, "the table")
    names, above = _names(text)
    at, columns = _columns(names)
    rest = text.split("\n", above)[above] if text.count("\n") >= above else ""
    numbers, _, _ = rows_of_numbers(
        rest, len(names), first_line=above + 1, numbers=at, blank_rows=True
    )
    frames = range(len(numbers))
    clip = clip_of_columns(Facts(path.stem), columns, numbers, frames, options, body="simba")
    others = len([name for name in names if name]) - len(columns)
    yield clip.noted(*([f"{others} columns that are no body parts left out"] if others else []))


def _names(text: str) -> tuple[list[str], int]:
    """Return the names of the columns, and how many lines the header has."""
    for number, line in enumerate(text.split("\n", HEADERS + 1)[: HEADERS + 1], start=1):
        names = [name.strip() for name in cells_of(line.rstrip("\r"), ",", number)]
        if any(name.endswith("_x") for name in names):
            if names[0] in ("scorer", "bodyparts", "coords"):
                names[0] = ""
            return names, number
    raise SkelfuseError(
        "not the columns of SimBA",
        line=1,
        expected="part_x, part_y and part_p of each body part",
        remedy=FETCH_AGAIN,
    )


def _columns(names: Sequence[str]) -> tuple[list[int], list[Column]]:
    """Return where the columns of body parts are, and what each is."""
    known = {name: at for at, name in enumerate(names)}
    parts = [name[:-2] for name in names if name.endswith("_x")]
    parts = [part for part in parts if all(part + end in known for end in ENDINGS)]
    if not parts:
        raise SkelfuseError(
            "no body part with x, y and p", found=", ".join(names[:6]), remedy=FETCH_AGAIN
        )
    numbered = [_ANIMAL.fullmatch(part) for part in parts]
    animals = all(numbered) and any(match[2] == "1" for match in numbered if match)
    at, columns = [], []
    for part, match in zip(parts, numbered, strict=True):
        person, joint = (match[2], match[1]) if animals and match else ("", part)
        for end, what in zip(ENDINGS, ("x", "y", SCORE), strict=True):
            at.append(known[part + end])
            columns.append(Column(person, joint, what))
    return at, columns


FORMAT = Format(
    "simba",
    "SimBA's csv",
    find,
    read,
    needs="a .csv that begins with part_x,part_y,part_p",
    named_by_users=True,
)
