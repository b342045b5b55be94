"""A store's file, opened; whatever is wrong with its bytes ends as one kind of error."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError
from skelfuse.files import check_readable

FORMAT = "skelfuse-store"
FORMAT_VERSION = 1
SIGNATURE = b"\x89HDF\r\n\x1a\n"
LOOKED_THROUGH = 1 << 16  # bytes in which a store's own mark lies
ANEW = "make it anew with skelfuse preprocess"
DAMAGE = (
    *(KeyError, ValueError, IndexError, TypeError, AttributeError),
    *(OSError, RuntimeError, OverflowError, MemoryError),
)


class Undamaged:
    """A `with` in which a store is taken to be whole: what goes wrong there is damage to it.

    >>> with Undamaged(Path("s.h5")):
    ...     {}["skeleton"]
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: s.h5: the store is damaged: found KeyError 'skeleton'; \
make it anew with skelfuse preprocess
    """

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if isinstance(error, DAMAGE):
            first = (str(error).splitlines() or [""])[0]
            raise SkelfuseError(
                "the store is damaged",
                file=self.path,
                found=f"{type(error).__name__} {first}".strip(),
                remedy=ANEW,
            ) from None


def opened(path: Path) -> h5py.File:
    """Open the HDF5 file of a store; what is none, or of a later version, is an error."""
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise SkelfuseError(
            "no such store", file=path, remedy="make one: skelfuse preprocess INPUT --out STORE"
        ) from None
    except OSError as error:
        check_readable(path)
        raise SkelfuseError(
            "not a store, or a store cut short",
            file=path,
            found=str(error).splitlines()[0],
            remedy=ANEW,
        ) from None
    try:
        with Undamaged(path):
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
        with path.open("rb") as file:
            head = file.read(LOOKED_THROUGH)
        if not head.startswith(SIGNATURE):
            return False
        if FORMAT.encode() in head:
            return True
        with h5py.File(path, "r") as store:
            return bool(store.attrs.get("format") == FORMAT)
    except DAMAGE:
        return False
