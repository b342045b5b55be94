"""Movement's poses as netCDF (HDF5 underneath): `position`, `confidence`, named on every axis."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.hdf5_file import FETCH_AGAIN, array, find_hdf5, opened, texts
from skelfuse.datasets.reading.named_joints import named_clip
from skelfuse.errors import SkelfuseError

AXES = ("time", "individuals", "keypoints", "space")
MIN_SCORE = 0.6  # what movement's own filter takes


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,M,N,D]`."""
    with opened(path) as file:
        joints, space = texts(file, "keypoints"), texts(file, "space")
        coords = _in_order(file, "position", AXES)
        if space not in (["x", "y"], ["x", "y", "z"]) or coords.shape[2:] != (
            len(joints),
            len(space),
        ):
            raise SkelfuseError(
                "keypoints and space that do not fit the positions",
                expected=f"{coords.shape[2]} keypoints, {coords.shape[3]} of x, y, z",
                found=f"{len(joints)} and {', '.join(space)}",
                remedy=FETCH_AGAIN,
            )
        scores = _in_order(file, "confidence", AXES[:3]) if "confidence" in file else None
        if scores is not None and scores.shape != coords.shape[:3]:
            raise SkelfuseError(
                "confidences of another shape than the positions",
                expected=list(coords.shape[:3]),
                found=list(scores.shape),
                remedy=FETCH_AGAIN,
            )
        facts = Facts(path.stem, fps=_rate(file))
        clip = named_clip(
            facts,
            coords,
            scores,
            joints,
            options,
            min_score=MIN_SCORE,
            body="movement",
            people=_individuals(file, coords.shape[1]),
        )
    yield clip


def _individuals(file: h5py.File, count: int) -> list[str]:
    """Return the names of all individuals; none where the file does not name each of them."""
    named = file.get("individuals")
    if not isinstance(named, h5py.Dataset) or named.dtype.kind not in "OSU":
        return []
    found = texts(file, "individuals")
    return found if len(found) == count else []


def _in_order(file: h5py.File, name: str, wanted: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return an array with its axes in the wanted order; an axis that is not there is one long."""
    values = array(file, name)
    axes = _axes(file, name)
    if len({*axes}) < len(axes) or not {*axes} <= {*wanted} or "time" not in axes:
        raise SkelfuseError(
            f"unknown axes of '{name}'",
            expected=", ".join(wanted),
            found=", ".join(axes) or "nothing",
            remedy="write the file again with movement",
        )
    for axis in wanted:
        if axis not in axes:
            values, axes = values[..., None], [*axes, axis]
    with np.errstate(over="ignore", invalid="ignore"):
        return values.transpose([axes.index(axis) for axis in wanted]).astype(np.float32)


def _axes(file: h5py.File, name: str) -> list[str]:
    """Return the names of an array's axes, "" where the file names none.

    h5py's `dims` would tell them too, but HDF5's own way to them crashes on a damaged list.
    """
    named = list(file[name].attrs.get("DIMENSION_LIST", ()))
    scales = [one[0] if len(one) else None for one in named[: file[name].ndim]]
    found = ["" if scale is None else str(file[scale].name).rpartition("/")[2] for scale in scales]
    return found + [""] * (file[name].ndim - len(found))


def _rate(file: h5py.File) -> float | None:
    said: Any = np.ravel(file.attrs.get("fps", ()))
    if len(said) == 1 and said.dtype.kind in "iuf" and 0 < said[0] < 1e6:
        return float(said[0])
    return None


FORMAT = Format(
    "movement",
    "movement's netCDF",
    partial(find_hdf5, endings=(".nc", ".h5"), needed=("position", "keypoints", "space")),
    read,
    needs="an .nc of netCDF 4 with position",
    named_by_users=True,
)
