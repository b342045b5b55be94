"""A table that pandas wrote to HDF5 (`format="table"`), by h5py alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.hdf5_file import FETCH_AGAIN, names_in, opened, table, text_of
from skelfuse.datasets.reading.safe_pickle import unpickled
from skelfuse.errors import SkelfuseError

KEYS = ("df_with_missing", "df", "keypoints", "data")  # under which DeepLabCut and others write
TABLE = "table"
SAVE_CSV = "save it as csv, or with pandas' format='table'"


def is_pandas_table(path: Path) -> bool | None:
    """Tell whether a file holds a table of pandas under one of the known keys; None if damaged."""
    names = names_in(path)
    if not names or not {*KEYS} & names:
        return None if names is None else False
    try:
        with opened(path) as file:
            return any(_is_frame(file.get(key)) for key in KEYS)
    except SkelfuseError:
        return False


def _is_frame(group: Any) -> bool:
    return isinstance(group, h5py.Group) and "pandas_type" in group.attrs


def read_pandas_table(
    path: Path,
) -> tuple[list[tuple[str, ...]], npt.NDArray[np.float64], list[str]]:
    """Return the columns' names, the values `[R,columns]`, and each row's name."""
    with opened(path) as file:
        group = next((file[key] for key in KEYS if _is_frame(file.get(key))), None)
        if group is None or TABLE not in group:
            found = "no table" if group is None else text_of(group.attrs["pandas_type"])
            raise SkelfuseError("not pandas' table", found=found, remedy=SAVE_CSV)
        rows = table(group, TABLE)
        names: list[tuple[str, ...]] = []
        blocks: list[npt.NDArray[np.float64]] = []
        words: list[npt.NDArray[Any]] = []
        for field in rows.dtype.names or ():
            values = rows[field]
            kind = group[TABLE].attrs.get(f"{field}_kind")
            if values.ndim == 2 and values.dtype.kind in "biuf" and kind is not None:
                names += _names(kind, values.shape[1])
                blocks.append(values.astype(np.float64))
            elif values.ndim == 1 and (values.dtype.kind == "S" or field == "index"):
                words.append(values)
            elif values.ndim == 2 and values.dtype.kind == "S":
                words += list(values.T)
        if not blocks or not len(rows):
            raise SkelfuseError("a table without numbers", remedy=SAVE_CSV)
        if len(words) > 1 and words[0].dtype.kind != "S":  # a running number before the names
            words = words[1:]
        texts = [map(_word, column.tolist()) for column in words]
        index = ["/".join(row) for row in zip(*texts, strict=True)]
        return names, np.concatenate(blocks, axis=1), index or [str(i) for i in range(len(rows))]


def _names(kind: Any, columns: int) -> list[tuple[str, ...]]:
    found = unpickled(bytes(kind)) if isinstance(kind, bytes) else None
    names = found if isinstance(found, list) else []
    if len(names) != columns or not all(isinstance(name, tuple) for name in names):
        raise SkelfuseError(
            "columns without their names",
            expected=f"{columns} lists of names",
            found=f"{len(names)}",
            remedy=FETCH_AGAIN,
        )
    return [tuple(str(part) for part in name) for name in names]


def _word(word: Any) -> str:
    return text_of(word) if isinstance(word, bytes) else str(word)
