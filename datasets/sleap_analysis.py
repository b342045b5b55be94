"""SLEAP's analysis files: HDF5 with `tracks` [track, xy, node, frame], names, edges and scores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.hdf5_file import (
    FETCH_AGAIN,
    array,
    find_hdf5,
    opened,
    text_of,
    texts,
)
from skelfuse.datasets.reading.named_joints import named_clip
from skelfuse.errors import SkelfuseError

AXES = ("track", "xy", "node", "frame")  # where the file does not say


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,M,N,2]` in pixels; its tracks are the people."""
    with opened(path) as file:
        joints = texts(file, "node_names")
        tracks = _in_order(file, "tracks", ("frame", "track", "node", "xy"), AXES)
        if tracks.shape[2] != len(joints):
            raise SkelfuseError(
                "as many nodes as names belong together",
                expected=len(joints),
                found=tracks.shape[2],
                remedy=FETCH_AGAIN,
            )
        scores = None
        if "point_scores" in file:
            without_xy = tuple(axis for axis in AXES if axis != "xy")
            order = ("frame", "track", "node")
            scores = _in_order(file, "point_scores", order, without_xy)
            scores = scores if scores.shape == tracks.shape[:3] else None
        bones = None
        if "edge_inds" in file and array(file, "edge_inds").size:
            edges = array(file, "edge_inds", 2)
            known = (edges >= 0) & (edges < len(joints))
            if edges.shape[1] == 2 and edges.dtype.kind in "iu" and known.all():
                bones = [(joints[child], joints[parent]) for parent, child in edges.tolist()]
        people = texts(file, "track_names") if "track_names" in file else []
        people = people if len(people) == tracks.shape[1] else []
        clip = named_clip(
            Facts(path.stem),
            tracks,
            scores,
            joints,
            options,
            bones=bones,
            body="sleap",
            people=people,
        )
    yield clip


def _in_order(
    file: h5py.File, name: str, wanted: tuple[str, ...], usual: tuple[str, ...]
) -> npt.NDArray[np.float32]:
    """Return an array with its axes in the wanted order, by the names that the file gives them."""
    values = array(file, name, len(wanted))
    said = file[name].attrs.get("dims")
    axes = usual
    if said is not None:
        try:
            axes = tuple(json.loads(text_of(said)))
        except ValueError:
            axes = ()
    if sorted(axes) != sorted(wanted):
        raise SkelfuseError(
            f"unknown axes of '{name}'",
            expected=", ".join(wanted),
            found=", ".join(map(str, axes)) or "nothing",
            remedy="export the analysis file again",
        )
    with np.errstate(over="ignore", invalid="ignore"):
        return values.transpose([axes.index(axis) for axis in wanted]).astype(np.float32)


FORMAT = Format(
    "sleap-analysis",
    "SLEAP's analysis HDF5",
    partial(find_hdf5, endings=(".h5", ".hdf5"), needed=("tracks", "node_names")),
    read,
    needs="an .h5 with tracks and node_names",
    named_by_users=True,
)
