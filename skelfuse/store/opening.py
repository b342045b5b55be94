"""A store's file, opened; whatever is wrong with its bytes ends as one kind of error."""

from __future__ import annotations

import hashlib
import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError
from skelfuse.files import check_readable, damage_told
from skelfuse.store.seal import ANEW, check_before_opening
from skelfuse.store.sound import check_sound

FORMAT = "skelfuse-store"
FORMAT_VERSION = 1
SIGNATURE = b"\x89HDF\r\n\x1a\n"
LOOKED_THROUGH = 1 << 16  # bytes in which a store's own mark lies


def undamaged(path: Path) -> AbstractContextManager[None]:
    """Return a `with` in which a store is taken to be whole: what goes wrong there is damage."""
    return damage_told(path, "the store", ANEW)


def opened(path: Path) -> h5py.File:
    """Open the HDF5 file of a store; what is none, or of a later version, is an error."""
    try:
        path.stat()
    except FileNotFoundError:
        raise SkelfuseError(
            "no such store", file=path, remedy="make one: skelfuse preprocess INPUT --out STORE"
        ) from None
    except OSError:
        pass  # told by the next line
    check_readable(path)
    check_before_opening(path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise SkelfuseError(
            "not a store, or a store cut short",
            file=path,
            found=str(error).splitlines()[0],
            remedy=ANEW,
        ) from None
    try:
        with undamaged(path):
            found = file.attrs.get("format", "another kind of HDF5 file")
            version = int(file.attrs.get("format_version", 0))
        if found != FORMAT or not 1 <= version <= FORMAT_VERSION:
            raise SkelfuseError(
                "not a store that this version reads",
                file=path,
                expected=f"{FORMAT} version 1 to {FORMAT_VERSION}",
                found=f"{found} version {version}" if version else found,
                remedy="update skelfuse, or make the store anew with skelfuse preprocess",
            )
        with undamaged(path):
            check_sound(file, path)
    except SkelfuseError:
        file.close()
        raise
    return file


def mapped(dataset: h5py.Dataset, path: Path) -> npt.NDArray[Any]:
    """Return a dataset as a view of the file: nothing is read until it is used."""
    if dataset.dtype.kind != "f":
        raise ValueError(f"{dataset.name} holds {dataset.dtype}")
    start = dataset.id.get_offset()
    if start is None:  # someone repacked the file with chunks or compression: read it whole
        return np.asarray(dataset[:])
    if path.stat().st_size < start + dataset.size * dataset.dtype.itemsize:
        raise SkelfuseError("the store is cut short", file=path, remedy=ANEW)
    return np.memmap(path, dataset.dtype, mode="r", offset=start, shape=dataset.shape)


def metadata_digest(file: h5py.File) -> str:
    """Return the SHA-256 of all that a store says of its clips, of their files and of itself."""
    digest = hashlib.sha256()
    for name in sorted(set(file.attrs) - {"digest"}):
        digest.update(json.dumps([name, str(file.attrs[name])]).encode())
    for name in sorted(set(file) - {"coords", "confidence"}):
        dataset = file[name]
        if h5py.check_string_dtype(dataset.dtype):
            texts = np.atleast_1d(dataset[()]).tolist()
            kind, data = "text", b"\0".join(texts)
        else:
            kind, data = dataset.dtype.str, dataset[()].tobytes()
        digest.update(json.dumps([name, kind, list(dataset.shape), len(data)]).encode() + data)
    return digest.hexdigest()


def is_store(path: Path) -> bool:
    """Whether a file is a store, of whatever version, be it a damaged one.

    >>> is_store(Path("no such file"))
    False
    """
    try:
        check_readable(path)
        with path.open("rb") as file:
            head = file.read(LOOKED_THROUGH)
        if not head.startswith(SIGNATURE):
            return False
        if FORMAT.encode() in head:
            return True
        check_before_opening(path)
        with h5py.File(path, "r") as store:
            return bool(store.attrs.get("format") == FORMAT)
    except Exception:  # whatever a damaged file makes the library raise
        return False
