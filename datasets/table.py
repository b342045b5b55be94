"""Any other table of coordinates, by a pattern of its columns' names: `{joint}_{axis}`.

A line is a frame, or one person's joints in a frame; with a pattern without `{joint}` it is one
joint, and a column (`landmark`, `joint`, ...) names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.columns import AXES, SCORE, Column, clip_of_columns
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.files import files_ending, read_text
from skelfuse.datasets.reading.frames import rate_of
from skelfuse.datasets.reading.number_rows import cells_of, rows_of_numbers, whole_numbers
from skelfuse.errors import SkelfuseError

ENDINGS = (".csv", ".tsv", ".txt")
USUAL = "{joint}_{axis}"
SCORES = ("score", "confidence", "conf", "likelihood", "visibility", "p")
# Columns beside the coordinates, by the names that are usual for them.
FRAME = ("frame", "frame_idx", "frame_id", "frame_number", "frame_index", "frame#", "frames")
TIME = ("time", "timestamp", "seconds", "time_s")
PERSON = ("track", "track_id", "person", "person_id", "individual", "animal", "id")
JOINT = ("joint", "landmark", "keypoint", "bodypart", "marker", "node", "landmark_id", "joint_id")
REMEDY = (
    "give the columns' pattern, such as --columns '{joint}.{axis}' or '{person}_{joint}_{axis}'"
)
Numbers = npt.NDArray[np.float64]


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a table, `[T,M,N,D]`."""
    first, _, rest = read_text(path, "the table").partition("\n")
    delimiter = next((mark for mark in "\t;," if mark in first), None)
    names = [name.strip() for name in cells_of(first.rstrip("\r"), delimiter, 1)]
    columns, at = _matched(names, options.columns or USUAL)
    lower = [name.lower() for name in names]
    frame, time, person, joint = (
        next((i for i, name in enumerate(lower) if name in known and i not in at), None)
        for known in (FRAME, TIME, PERSON, JOINT)
    )
    long = not columns[0].joint
    if long and (joint is None or frame is None):
        raise SkelfuseError(
            "a pattern without {joint}, and no columns of joint and frame",
            line=1,
            expected=f"one of {', '.join(JOINT)}, and one of {', '.join(FRAME[:3])}",
            found=", ".join(names[:12]),
            remedy=REMEDY,
        )
    numbers_at = [*at, *(i for i in (frame, time) if i is not None)]
    values, words, lines = rows_of_numbers(
        rest,
        len(names),
        delimiter=delimiter,
        first_line=2,
        texts=[i for i in (person, joint) if i is not None],
        numbers=numbers_at,
        blank_rows=frame is None,
    )
    coords, more = values[:, : len(at)], values[:, len(at) :]
    numbers = whole_numbers(more[:, 0], lines) if frame is not None else list(range(len(values)))
    rate = rate_of(more[:, -1]) if time is not None else None
    people = words[0] if person is not None else None
    if long:
        columns, coords, numbers, people = _wide(columns, coords, numbers, words[-1], people)
    facts = Facts(path.stem, fps=rate)
    clip = clip_of_columns(facts, columns, coords, numbers, options, rows_of=people, body="table")
    used = len(at) + sum(i is not None for i in (frame, time, person)) + long
    notes = [f"{len(names) - used} other columns left out"] if len(names) > used else []
    yield clip.noted(*notes)


def _matched(names: Sequence[str], pattern: str) -> tuple[list[Column], list[int]]:
    """Return what the columns of the pattern hold, and where they are.

    >>> _matched(["frame", "nose.x", "nose.y", "nose.conf"], "{joint}.{axis}")[0][2]
    Column(person='', joint='nose', what='score')
    """
    fields = re.findall(r"\{(\w*)\}", pattern)
    if (
        "axis" not in fields
        or not {*fields} <= {"axis", "joint", "person"}
        or len({*fields}) < len(fields)
    ):
        raise SkelfuseError(
            f"no pattern of columns: '{pattern}'",
            expected="{axis}, and {joint} and {person} where names have them, once each",
            remedy=REMEDY,
        )
    kinds = {"axis": "|".join((*AXES, *SCORES)), "joint": ".+", "person": ".+?"}
    parts = re.split(r"(\{\w+\})", pattern)
    expression = "".join(
        f"(?P<{part[1:-1]}>{kinds[part[1:-1]]})" if part.startswith("{") else re.escape(part)
        for part in parts
    )
    columns, at = [], []
    for i, name in enumerate(names):
        if found := re.fullmatch(expression, name, re.IGNORECASE):
            said = found.groupdict()
            what = said["axis"].lower()
            column = Column(said.get("person", ""), said.get("joint", ""), what)
            columns.append(column._replace(what=SCORE) if what in SCORES else column)
            at.append(i)
    if not columns:
        raise SkelfuseError(
            f"no column of the pattern '{pattern}'",
            line=1,
            expected="names such as "
            + pattern.format(joint="nose", person="ann", axis="x").strip(),
            found=", ".join(names[:12]),
            remedy=REMEDY,
        )
    return columns, at


def _wide(
    columns: Sequence[Column],
    values: Numbers,
    numbers: list[int],
    joints: list[str],
    people: list[str] | None,
) -> tuple[list[Column], Numbers, list[int], list[str] | None]:
    """Return a table of a row a frame and person, from one of a row a joint."""
    keys = list(zip(numbers, people or [""] * len(numbers), strict=True))
    rows = {key: row for row, key in enumerate(dict.fromkeys(keys))}
    if len({*zip(keys, joints, strict=True)}) < len(keys):
        raise SkelfuseError(
            "a joint twice in one frame",
            expected="one row for each joint of a person in a frame",
            found=f"{len(keys)} rows of {len(rows)} frames and people",
            remedy=f"add a column that says whose it is, such as {PERSON[0]} or {PERSON[2]}",
        )
    names = {name: n for n, name in enumerate(dict.fromkeys(joints))}
    wide = np.full((len(rows), len(names), len(columns)), np.nan)
    wide[[rows[key] for key in keys], [names[name] for name in joints]] = values
    spread = [column._replace(joint=name) for name in names for column in columns]
    flat = wide.reshape(len(rows), len(spread))
    whose = [who for _, who in rows] if people is not None else None
    return spread, flat, [number for number, _ in rows], whose


def tables_in(path: Path) -> list[Path]:
    """List the tables in a file or folder, whatever is in them."""
    return files_ending(path, *ENDINGS)


FORMAT = Format(
    "table",
    "any table, by --columns",
    lambda path: [],  # a table is read only where somebody says how its columns are named
    read,
    find_named=tables_in,
    needs="--columns, such as '{joint}_{axis}', for a row a frame",
    named_by_users=True,
)
