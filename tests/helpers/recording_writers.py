"""Writers of small files: text, HDF5 as several programs lay it out, C3D."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Content = Any  # dictionaries, lists, arrays, texts: what a file of the format is made of
Write = Callable[[Path, Content], Path]


UNWRITABLE = (
    *(LookupError, AttributeError, TypeError, RuntimeError, OSError, Warning, struct.error),
)


def writable(write: Write) -> Write:
    """Return a writer to which whatever cannot be written is a ValueError."""

    def checked(folder: Path, content: Content) -> Path:
        try:
            return write(folder, content)
        except UNWRITABLE as error:
            raise ValueError(str(error)) from None

    return checked


def as_text(name: str, **beside: str) -> Write:
    """Write a text, and other texts beside it."""

    def write(folder: Path, content: Content) -> Path:
        for file, text in ((name, content), *beside.items()):
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
        return folder / name

    return write


def as_hdf5(name: str) -> Write:
    @writable
    def write(folder: Path, content: Content) -> Path:
        with h5py.File(folder / name, "w") as file:
            for key, value in content.items():
                if key == "attributes":
                    file.attrs.update(value)
                else:
                    file[key] = value
        return folder / name

    return write


@writable
def as_pandas(folder: Path, content: Content) -> Path:
    with h5py.File(folder / "DLC.h5", "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = np.bytes_(b"frame_table")
        values = np.asarray(content["values"], dtype=np.float64)
        rows = np.zeros(
            len(values), [("index", "<i8"), ("values_block_0", "<f8", values.shape[1:])]
        )
        rows["index"], rows["values_block_0"] = content["index"], values
        group["table"] = rows
        kind = np.bytes_(pickle.dumps(content["columns"], protocol=0))
        group["table"].attrs["values_block_0_kind"] = kind
    return folder / "DLC.h5"


@writable
def as_slp(folder: Path, content: Content) -> Path:
    with h5py.File(folder / "a.slp", "w") as file:
        for key in ("frames", "instances", "points", "pred_points"):
            file[key] = content[key]
        file["videos_json"] = [json.dumps(content["video"]).encode()]
        file.create_group("metadata").attrs["json"] = json.dumps(content["metadata"])
    return folder / "a.slp"


@writable
def as_netcdf(folder: Path, content: Content) -> Path:
    with h5py.File(folder / "a.nc", "w") as file:
        file.attrs["fps"] = content["fps"]
        axes = ("time", "space", "keypoints", "individuals")
        for axis in axes:
            file[axis] = content[axis]
            file[axis].make_scale(axis)
        for name, own in (("position", axes), ("confidence", (axes[0], *axes[2:]))):
            file[name] = content[name]
            for i, axis in enumerate(own):
                file[name].dims[i].attach_scale(file[axis])
    return folder / "a.nc"


@writable
def as_c3d(folder: Path, content: Content) -> Path:
    """Write points `[T,N,4]` (x, y, z, residual) as floating-point numbers, or as whole ones."""
    points, scale = np.asarray(content["points"], dtype=np.float64), float(content["scale"])
    frames, markers, _ = points.shape
    width = max(map(len, content["labels"]), default=0)
    labels = b"".join(label.encode().ljust(width) for label in content["labels"])
    unit = content["units"].encode()
    block = _group(1, "POINT")
    block += _parameter(1, "LABELS", -1, [width, len(content["labels"])], labels)
    block += _parameter(1, "UNITS", -1, [len(unit)], unit) + b"\0\0"
    blocks = -(-(len(block) + 4) // 512)
    header = struct.pack(
        "<BB4HHfHHf", 2, 0x50, markers, 0, 1, frames, 0, scale, 2 + blocks, 0, content["rate"]
    )
    if scale > 0:
        points = np.concatenate([points[..., :3] / scale, points[..., 3:]], axis=-1)
    data = points.astype("<f4" if scale < 0 else "<i2").tobytes()
    whole = struct.pack("<BBBB", 1, 0x50, blocks, 84) + block
    path = folder / "a.c3d"
    path.write_bytes(header.ljust(512, b"\0") + whole.ljust(512 * blocks, b"\0") + data)
    return path


def _group(number: int, name: str) -> bytes:
    return struct.pack("bb", len(name), -number) + name.encode() + struct.pack("<HB", 3, 0)


def _parameter(group: int, name: str, kind: int, sizes: list[int], data: bytes) -> bytes:
    body = struct.pack("bB", kind, len(sizes)) + bytes(sizes) + data + b"\0"
    begin = struct.pack("bb", len(name), group) + name.encode()
    return begin + struct.pack("<H", 2 + len(body)) + body
