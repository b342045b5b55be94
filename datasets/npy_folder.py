"""A user's own data as a folder: one .npy a clip, [T,N,D] or [T,M,N,D], and a table `clips.csv`.

The table needs the column `file`; `label`, `name`, `subject`, `camera`, `setup`, `replication`,
`fps`, `split` (text) or `train` (1 or 0) are read where they are there. A `skeleton.yaml` in the
same folder says what the joints are.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.array_clip import of_array
from skelfuse.datasets.reading.axes import one_clip
from skelfuse.datasets.reading.facts import PER_CLIP, WHO, Facts, check_names, in_file
from skelfuse.datasets.reading.files import files_ending, read_text
from skelfuse.datasets.reading.numpy_file import load_npy
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

TABLE = "clips.csv"
SKELETON = "skeleton.yaml"
COLUMNS = ("file", *PER_CLIP)
TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
Row = tuple[int, dict[str, str]]  # line in the table, its values


def find(path: Path) -> list[Path]:
    """List the tables `clips.csv`: each stands for the clips that it names."""
    return [file for file in files_ending(path, TABLE) if file.name == TABLE]


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clip of each line of the table; a bad one does not end the iteration."""
    rows, notes = _table(path)
    beside = path.parent / SKELETON
    own = Skeleton.from_yaml(beside) if beside.is_file() else None
    skeleton = options.skeleton or own
    order: list[int] | slice = slice(None)
    if own is not None and skeleton is not None:
        try:
            order = layout_of.order_in_file(own.joints, skeleton)
        except SkelfuseError as error:
            raise error.at(beside) from None

    def read_row(row: Row) -> Clip:
        line, values = row
        try:
            facts = _facts(values, notes)
        except SkelfuseError as error:
            raise error.with_context(line=line) from None
        file = path.parent / values["file"]
        if not file.is_file():
            raise SkelfuseError(
                "a clip that is not there",
                line=line,
                expected=f"a file beside {path.name}",
                found=values["file"],
                remedy="correct the name, or remove the line",
            )
        try:
            coords, confidence = one_clip(load_npy(file), options)
            own_options = replace(options, skeleton=skeleton)
            return of_array(facts, coords, confidence, own_options, order)
        except SkelfuseError as error:
            raise error.at(file) from None

    return map(read_row, rows)


def files_of(path: Path) -> list[Path]:
    """List the files that a table stands for: itself, the clips that it names, and the skeleton."""
    try:
        rows, _ = _table(path)
    except SkelfuseError:  # told by `read`
        rows = []
    named = {path.parent / values["file"] for _, values in rows}
    return [path, path.parent / SKELETON, *sorted(named)]


def _table(path: Path) -> tuple[list[Row], tuple[str, ...]]:
    text = io.StringIO(read_text(path, "the table"), newline="")
    reader = csv.DictReader(text, skipinitialspace=True)
    try:
        columns = [(name or "").strip() for name in reader.fieldnames or ()]
        notes = _check_columns(columns)
        reader.fieldnames = columns
        rows = [_row(values, reader.line_num) for values in reader]
    except csv.Error as error:
        raise SkelfuseError(
            f"cannot read the table: {error}",
            line=reader.line_num,
            remedy="save it as plain comma-separated text",
        ) from None
    if not rows:
        raise SkelfuseError("a table without clips", remedy="add a line for each clip")
    return rows, notes


def _check_columns(columns: list[str]) -> tuple[str, ...]:
    if len(set(columns)) != len(columns):
        raise SkelfuseError(
            "two columns of one name",
            line=1,
            found=",".join(columns),
            remedy="rename or remove one of the two",
        )
    try:
        notes = check_names(columns, COLUMNS, "column")
    except SkelfuseError as error:
        raise error.with_context(line=1) from None
    if "file" not in columns or {"split", "train"} <= set(columns):
        raise SkelfuseError(
            "the first line must name the columns",
            line=1,
            expected="'file', and any of " + ", ".join(PER_CLIP) + " (split or train, not both)",
            found=",".join(columns) or "nothing",
            remedy="correct the first line",
        )
    return notes


def _row(values: dict[str | None, str | None], line: int) -> Row:
    if None in values or None in values.values():
        raise SkelfuseError(
            "a line with too many or too few values", line=line, remedy="one a column"
        )
    row = {str(name): str(value).strip() for name, value in values.items()}
    if not row["file"]:
        raise SkelfuseError("a line without a file", line=line, remedy="remove the line")
    return line, row


def _facts(values: dict[str, str], notes: tuple[str, ...]) -> Facts:
    if not Path(values["file"]).name:
        raise SkelfuseError(
            "a line whose file has no name", found=values["file"], remedy="correct or remove it"
        )
    known = {name: text or None for name, text in values.items()}
    return Facts(
        known.get("name") or Path(values["file"]).with_suffix("").as_posix(),
        fps=_rate(known.get("fps")),
        splits=in_file(_part(known)),
        notes=notes,
        **{what: known.get(what) for what in ("label", *WHO)},
    )


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise SkelfuseError(
            "'fps' is no rate",
            expected="a positive number",
            found=text,
            remedy="correct it, or leave it empty",
        )
    return rate


def _part(known: dict[str, str | None]) -> str | None:
    flag = known.get("train")
    if flag is None:
        return known.get("split")
    if flag.lower() not in TRUTHS:
        raise SkelfuseError(
            "'train' is no flag",
            expected="1 or 0",
            found=flag,
            remedy="correct it, or leave it empty",
        )
    return "train" if TRUTHS[flag.lower()] else "test"


FORMAT = Format(
    "npy-folder",
    "your own: .npy clips with clips.csv",
    find,
    read,
    needs="a clips.csv with columns file and label beside .npy of [T,N,D]",
    files_of=files_of,
)
