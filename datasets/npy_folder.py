"""A user's own data as a folder: one .npy a clip, [T,N,D] or [T,M,N,D], and a table `clips.csv`.

The table needs the column `file`; `label`, `name`, `subject`, `camera`, `setup`, `replication`,
`fps`, `split` (text) or `train` (1 or 0) are read where they are there. A `skeleton.yaml` in the
same folder says what the joints are.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_coordinates
from skelfuse.datasets.reading.facts import PER_CLIP, Facts, check_names, in_file, make_clip
from skelfuse.datasets.reading.files import files_ending
from skelfuse.datasets.reading.numpy_file import load_npy
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

TABLE = "clips.csv"
SKELETON = "skeleton.yaml"
COLUMNS = ("file", *PER_CLIP)
TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
Row = tuple[int, dict[str, str]]  # line in the table, its values


def find(path: Path) -> list[Path]:
    """List the tables `clips.csv`: each stands for the clips that it names.

    >>> find(Path("mine.csv"))
    []
    """
    return [file for file in files_ending(path, TABLE) if file.name == TABLE]


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clip of each line of the table; a bad one does not end the iteration."""
    rows, notes = _table(path)
    beside = path.parent / SKELETON
    skeleton = options.skeleton
    if skeleton is None and beside.is_file():
        skeleton = Skeleton.from_yaml(beside)

    def clip(row: Row) -> Clip:
        line, values = row
        try:
            facts = _facts(values)
        except SkelfuseError as error:
            raise SkelfuseError(
                error.problem, file=path, line=line, expected=error.expected, found=error.found
            ) from None
        file = path.parent / values["file"]
        if not file.is_file():
            raise SkelfuseError(
                "a clip that is not there", file=path, line=line, found=values["file"]
            )
        try:
            coords = as_coordinates(load_npy(file))
            layout, guessed = layout_of.choose(coords.shape[2], coords.shape[3], skeleton)
            return make_clip(facts, coords, None, layout, options).noted(*guessed, *notes)
        except SkelfuseError as error:
            raise error.at(file) from None

    return map(clip, rows)


def _table(path: Path) -> tuple[list[Row], tuple[str, ...]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            columns = [(name or "").strip() for name in reader.fieldnames or ()]
            notes = _check_columns(columns, path)
            reader.fieldnames = columns
            rows = [_row(values, reader.line_num, path) for values in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SkelfuseError(f"cannot read the table: {error}", file=path) from None
    if not rows:
        raise SkelfuseError("a table without clips", file=path, remedy="add a line for each clip")
    return rows, notes


def _check_columns(columns: list[str], path: Path) -> tuple[str, ...]:
    if len(set(columns)) != len(columns):
        raise SkelfuseError("two columns of one name", file=path, line=1, found=",".join(columns))
    try:
        notes = check_names(columns, COLUMNS, "column")
    except SkelfuseError as error:
        raise SkelfuseError(error.problem, file=path, line=1, remedy=error.remedy) from None
    if "file" not in columns or {"split", "train"} <= set(columns):
        raise SkelfuseError(
            "the first line must name the columns",
            file=path,
            line=1,
            expected="'file', and any of " + ", ".join(PER_CLIP) + " (split or train, not both)",
            found=",".join(columns) or "nothing",
        )
    return notes


def _row(values: dict[str | None, str | None], line: int, path: Path) -> Row:
    if None in values or None in values.values():
        raise SkelfuseError(
            "a line with too many or too few values", file=path, line=line, remedy="one a column"
        )
    row = {str(name): str(value).strip() for name, value in values.items()}
    if not row["file"]:
        raise SkelfuseError("a line without a file", file=path, line=line)
    return line, row


def _facts(values: dict[str, str]) -> Facts:
    known = {name: text or None for name, text in values.items()}
    return Facts(
        known.get("name") or Path(values["file"]).with_suffix("").as_posix(),
        label=known.get("label"),
        subject=known.get("subject"),
        camera=known.get("camera"),
        setup=known.get("setup"),
        replication=known.get("replication"),
        fps=_rate(known.get("fps")),
        splits=in_file(_part(known)),
    )


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise SkelfuseError("'fps' is no rate", expected="a positive number", found=text)
    return rate


def _part(known: dict[str, str | None]) -> str | None:
    flag = known.get("train")
    if flag is None:
        return known.get("split")
    if flag.lower() not in TRUTHS:
        raise SkelfuseError("'train' is no flag", expected="1 or 0", found=flag)
    return "train" if TRUTHS[flag.lower()] else "test"


FORMAT = Format("npy-folder", "your own: .npy clips with clips.csv", find, read)
