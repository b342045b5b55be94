"""The HDF5 file of a store, written in one pass from a finished journal and its coordinates."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from skelfuse.files import flush_to_disk
from skelfuse.skeleton import Skeleton
from skelfuse.store.journal import facts_of, journal_lines
from skelfuse.store.opening import FORMAT, FORMAT_VERSION, metadata_digest
from skelfuse.store.seal import seal

TEXT_COLUMNS = ("name", "subject", "camera", "setup", "replication", "splits", "notes", "digest")
PARTS = ("intervals", "origin")  # columns of text that are there where a clip has one
COPY_BYTES = 1 << 20


def write_store(
    path: Path,
    folder: Path,
    skeleton: Skeleton,
    *,
    provenance: Mapping[str, Any],
    asked: Mapping[str, Any],
    half: bool,
) -> None:
    """Write `path` from the files `journal`, `coords` and `confidence` in a folder."""
    columns = _Columns(folder / "journal")
    dtype = np.dtype("<f2" if half else "<f4")
    shapes: dict[str, tuple[int, ...]] = {"coords": (len(skeleton), skeleton.dimensions)}
    if columns.has_confidence:
        shapes["confidence"] = (len(skeleton),)
    with h5py.File(path, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["skeleton"] = json.dumps(skeleton.to_dict())
        file.attrs["provenance"] = json.dumps(provenance)
        file.attrs["asked"] = json.dumps(asked)
        columns.write(file)
        file.attrs["digest"] = metadata_digest(file)
        starts = {
            name: _reserved(file, name, (folder / name).stat().st_size, shape, dtype)
            for name, shape in shapes.items()
        }
    with path.open("rb+") as file:
        for name, start in starts.items():
            file.seek(start)
            with (folder / name).open("rb") as source:
                shutil.copyfileobj(source, file, COPY_BYTES)
    seal(path, [(start, (folder / name).stat().st_size) for name, start in starts.items()])
    flush_to_disk(path)


class _Columns:
    """The journal, turned from one line a clip into one column a field."""

    def __init__(self, journal: Path) -> None:
        self.text: dict[str, list[str]] = {name: [] for name in TEXT_COLUMNS}
        self.parts: dict[str, list[str]] = {name: [] for name in PARTS}
        self.happening: set[str] = set()  # labels of intervals
        self.rows: list[int] = [0]
        self.persons: list[int] = []
        self.fps: list[float] = []
        self.labels: list[str | None] = []
        self.sources: list[dict[str, Any]] = []
        self.has_confidence = False
        for line, _ in journal_lines(journal):
            if "name" in line:
                self._clip(line)
            elif "skeleton" not in line:
                self.sources.append(facts_of(line, notes={}))

    def _clip(self, line: dict[str, Any]) -> None:
        self.rows.append(line["frames"] * line["persons"])
        self.persons.append(line["persons"])
        self.labels.append(line["label"])
        self.fps.append(np.nan if line["fps"] is None else line["fps"])
        self.has_confidence |= line["has_confidence"]
        for name, column in self.text.items():
            column.append(_text(line[name]))
        for name, column in self.parts.items():
            column.append(json.dumps(line[name]) if name in line else "")
        self.happening.update(label for _, _, label, _ in line.get("intervals", ()))

    def write(self, file: h5py.File) -> None:
        own = {label for label in self.labels if label is not None}
        names = sorted(own | self.happening, key=natural_key)
        classes = {name: i for i, name in enumerate(names)}
        file.attrs["class_names"] = json.dumps(list(classes))
        indices = [-1 if label is None else classes[label] for label in self.labels]
        file["offset"] = np.cumsum(self.rows, dtype=np.int64)
        file["persons"] = np.asarray(self.persons, np.int32)
        file["label"] = np.asarray(indices, np.int32)
        file["fps"] = np.asarray(self.fps, np.float64)
        for name, column in self.text.items():
            file.create_dataset(name, data=column, dtype=h5py.string_dtype())
        for name, column in self.parts.items():
            if any(column):
                file.create_dataset(name, data=column, dtype=h5py.string_dtype())
        file.create_dataset("sources", data=json.dumps(self.sources), dtype=h5py.string_dtype())


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Order texts as people do: 'clip 9' before 'clip 10'.

    >>> sorted(["A10", "A9", "A10 b"], key=natural_key)
    ['A9', 'A10', 'A10 b']
    """
    # The end of a text comes after a number, and before every letter.
    parts = re.split(r"(\d+)", f"{text}\0")
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _reserved(
    file: h5py.File, name: str, size: int, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> int:
    """Make room for a dataset of so many bytes; return where in the file it begins."""
    rows = size // (int(np.prod(shape)) * dtype.itemsize)
    kind = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    kind.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    kind.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    kind.set_obj_track_times(False)  # equal clips give equal files
    space = h5py.h5s.create_simple((rows, *shape))
    dataset = h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(dtype), space, kind)
    start: int = dataset.get_offset()
    return start
