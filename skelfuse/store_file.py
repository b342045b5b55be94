"""The HDF5 file of a store, written in one pass from a finished journal and its coordinates."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from skelfuse.clip import FloatArray
from skelfuse.skeleton import Skeleton
from skelfuse.store import FORMAT, FORMAT_VERSION, TEXT_COLUMNS, class_indices

COPY_BYTES = 1 << 24
SOURCE_FIELDS = ("source", "bytes", "sha256", "clips", "problems")


def write_store(
    path: Path, folder: Path, skeleton: Skeleton, *, provenance: dict[str, Any], half: bool
) -> None:
    """Write `path` from the files `journal`, `coords` and `confidence` in a folder."""
    columns = _Columns(folder / "journal")
    with h5py.File(path, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["skeleton"] = json.dumps(skeleton.to_dict())
        file.attrs["provenance"] = json.dumps(provenance)
        columns.write(file)
        dtype = np.dtype("<f2" if half else "<f4")
        shape = (len(skeleton), skeleton.dimensions)
        _copy(folder / "coords", file, "coords", shape, dtype)
        if columns.has_confidence:
            _copy(folder / "confidence", file, "confidence", shape[:1], dtype)
    with path.open("rb+") as written:
        os.fsync(written.fileno())


class _Columns:
    """The journal, turned from one line a clip into one column a field."""

    def __init__(self, journal: Path) -> None:
        self.text: dict[str, list[str]] = {name: [] for name in TEXT_COLUMNS}
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
                self.sources.append({key: line[key] for key in SOURCE_FIELDS})

    def _clip(self, line: dict[str, Any]) -> None:
        self.rows.append(line["frames"] * line["persons"])
        self.persons.append(line["persons"])
        self.labels.append(line["label"])
        self.fps.append(np.nan if line["fps"] is None else line["fps"])
        self.has_confidence |= line["has_confidence"]
        for name, column in self.text.items():
            value = line[name]
            column.append(_text(value))

    def write(self, file: h5py.File) -> None:
        classes = class_indices({label: 0 for label in self.labels if label is not None})
        file.attrs["class_names"] = json.dumps(list(classes))
        indices = [-1 if label is None else classes[label] for label in self.labels]
        file["offset"] = np.cumsum(self.rows, dtype=np.int64)
        file["persons"] = np.asarray(self.persons, np.int32)
        file["label"] = np.asarray(indices, np.int32)
        file["fps"] = np.asarray(self.fps, np.float64)
        for name, column in self.text.items():
            file.create_dataset(name, data=column, dtype=h5py.string_dtype())
        file.create_dataset("sources", data=json.dumps(self.sources), dtype=h5py.string_dtype())


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def journal_lines(journal: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each whole line of the journal and where it ends."""
    end = 0
    with journal.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):  # the last line of a killed run
                return
            end += len(line)
            yield json.loads(line), end


def _copy(
    path: Path, file: h5py.File, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    width = int(np.prod(shape)) * dtype.itemsize
    rows = path.stat().st_size // width
    dataset = file.create_dataset(name, (rows, *shape), dtype)
    step = max(1, COPY_BYTES // width)
    with path.open("rb") as source:
        for start in range(0, rows, step):
            block: FloatArray = np.frombuffer(source.read(step * width), dtype)
            dataset[start : start + step] = block.reshape(-1, *shape)
