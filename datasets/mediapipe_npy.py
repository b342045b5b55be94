"""MediaPipe Holistic as .npy: `MP_Data/<class>/<clip>/<frame>.npy`, a row of numbers a frame.

A frame has 1,662 numbers: pose 33 x (x, y, z, visibility), face 468 x 3, left hand 21 x 3, right
hand 21 x 3; or 258 without the face, 126 of hands alone, and what else is in mediapipe_parts.py. A
file may as well hold a whole clip `[T, 1662]`: `<class>/<clip>.npy`. The folder names the class.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets import npy_folder
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.mediapipe_parts import ROWS, bodies_of_rows
from skelfuse.datasets.reading.facts import in_its_folder, make_clip
from skelfuse.datasets.reading.files import walk
from skelfuse.datasets.reading.frames import frame_slots
from skelfuse.datasets.reading.image_order import frame_numbers
from skelfuse.datasets.reading.numpy_file import Header, load_npy, read_header
from skelfuse.datasets.reading.scores import hide_unsure
from skelfuse.errors import SkelfuseError
from skelfuse.files import MAY_READ

ENDING = ".npy"
PEEKS = 3  # files of a folder that are looked at: one may be damaged
SIZES = ", ".join(str(size) for size in ROWS)


def find(path: Path) -> list[Path]:
    """List the folders with a frame a file, and the files with a clip each."""
    folders: dict[str, list[str]] = defaultdict(list)
    for folder, name in walk(path):
        if name.lower().endswith(ENDING):
            folders[folder].append(name)
    tables = {table.parent for table in (npy_folder.find(path) if folders else ())}
    found: list[Path] = []
    for folder, names in folders.items():
        place = Path(folder)
        if not tables.isdisjoint((place, *place.parents)):
            continue
        headers = [header for name in sorted(names)[:PEEKS] if (header := _peek(place / name))]
        axes = {len(header.shape) for header in headers if _is_frame(header) or _is_clip(header)}
        if axes == {1} or any(_is_frame(header) for header in headers):
            found.append(place)
        elif axes:
            found += [place / name for name in names]
    return sorted(found)


def _peek(file: Path) -> Header | None:
    if not file.is_file():  # a pipe would keep us for ever
        return None
    try:
        with file.open("rb") as stream:
            return read_header(stream)
    except (OSError, SkelfuseError):
        return None


def _is_frame(header: Header) -> bool:
    return header.shape in {shape for size in ROWS for shape in ((size,), (1, size))}


def _is_clip(header: Header) -> bool:
    return len(header.shape) == 2 and header.shape[1] in ROWS


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clip of a folder of frames, or of one file: `[T,1,75|42|33|21,3]`."""
    rows, numbers = _folder(path) if path.is_dir() else _file(path)
    coords, sure, skeleton, notes = bodies_of_rows(rows, options.skeleton)
    slots = frame_slots(numbers)
    if slots.at[-1] + 1 > len(slots.at):
        coords, sure = _spread(coords, slots.at, np.nan), _spread(sure, slots.at, 0)
    # Visibility says what is hidden, not what was not found: nothing is missing unless asked for.
    coords, unsure = hide_unsure(coords, sure, options.min_score, -np.inf)
    clip = make_clip(in_its_folder(path), coords, sure, skeleton, options)
    yield replace(clip, first_frame=slots.first).noted(*notes, *unsure, *slots.notes)


def _spread(values: npt.NDArray[Any], slots: list[int], nobody: float) -> npt.NDArray[Any]:
    """Return the frames at their places, and in between those in which nobody was seen."""
    whole = np.full((slots[-1] + 1, *values.shape[1:]), nobody, dtype=values.dtype)
    whole[slots] = values
    return whole


def files_of(path: Path) -> list[Path]:
    """List the files of a source: a folder's frames, by name."""
    if not path.is_dir():
        return [path]
    files = (file for file in path.iterdir() if file.name.lower().endswith(ENDING))
    return sorted(file for file in files if not file.name.startswith("."))


def _folder(folder: Path) -> tuple[npt.NDArray[Any], list[int]]:
    """Return the rows of a folder's frames, and the increasing numbers of the frames."""
    files = files_of(folder)
    if not files:
        raise SkelfuseError("no .npy files in the folder", remedy="fetch them again")
    numbers, _ = frame_numbers([file.name for file in files])
    order = sorted(range(len(files)), key=numbers.__getitem__)
    files = [files[i] for i in order]
    return _rows(files), [numbers[i] for i in order]


def _rows(files: list[Path]) -> npt.NDArray[Any]:
    """Return the frames `[T,K]`; a file with the first one's header is read without parsing it."""
    first = _one_row(files[0])
    with files[0].open("rb") as stream:
        header = read_header(stream)
        start = stream.tell()
        stream.seek(0)
        begins = stream.read(start)
    rows = np.empty((len(files), len(first)), dtype=first.dtype)
    rows[0] = first
    for t, file in enumerate(files[1:], start=1):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise SkelfuseError(
                f"cannot read: {error.strerror}", file=file, remedy=MAY_READ
            ) from None
        if len(content) == start + header.size and content.startswith(begins):
            rows[t] = np.frombuffer(content, dtype=header.dtype, offset=start)
        else:
            rows[t] = _one_row(file, len(first))
    return rows


def _one_row(file: Path, size: int | None = None) -> npt.NDArray[Any]:
    row = load_npy(file)
    flat = row.reshape(-1)
    if row.dtype.kind not in "iuf" or flat.size not in ((size,) if size else ROWS) or row.ndim > 2:
        raise SkelfuseError(
            "a frame of the wrong size",
            file=file,
            expected=f"{size} numbers, as the frames before" if size else f"one of {SIZES} numbers",
            found=f"{row.dtype} {list(row.shape)}",
            remedy="write every frame of a clip alike, or leave the clip out",
        )
    return flat


def _file(path: Path) -> tuple[npt.NDArray[Any], list[int]]:
    rows = load_npy(path)
    if rows.ndim == 1 and rows.size in ROWS:
        return rows[None], [0]
    if rows.ndim != 2 or rows.dtype.kind not in "iuf" or rows.shape[1] not in ROWS or not len(rows):
        raise SkelfuseError(
            "no rows of MediaPipe's landmarks",
            expected=f"[T, K], K one of {SIZES}",
            found=f"{rows.dtype} {list(rows.shape)}",
            remedy="write one row of numbers a frame, or leave the file out",
        )
    return rows, list(range(len(rows)))


FORMAT = Format(
    "mediapipe-npy",
    "MediaPipe Holistic .npy, class/clip/frame",
    find,
    read,
    needs=".npy of 1,662, 258, 126, ... numbers a frame",
    files_of=files_of,
    named_by_users=True,
)
