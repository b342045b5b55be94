"""HDF5 files of other programs: arrays and texts, never larger in memory than the file can hold."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.files import beginning, files_ending, of_kind
from skelfuse.errors import SkelfuseError
from skelfuse.store.trial import hdf5_fails
from skelfuse.telling.counted import counted

SIGNATURE = b"\x89HDF\r\n\x1a\n"
FETCH_AGAIN = "the file is damaged or of another kind: fetch it again, or leave it out"
SECONDS, A_SECOND = 5, 16 << 20  # of computing, to read it once; one more for so many bytes
SMALL = 64 << 20  # bytes that any file may ask for
DENSEST = 1100  # deflate's best is 1032 to 1
FIRST_TEXTS, MOST_TEXTS = 64, 8192  # read together
BESIDE = 64  # bytes that a text takes beside its letters


def find_hdf5(path: Path, endings: tuple[str, ...], needed: tuple[str, ...]) -> list[Path]:
    """List the HDF5 files with these endings that have all the needed names at their top."""

    def wanted(file: Path) -> bool | None:
        names = names_in(file)
        return None if names is None else {*needed} <= names

    return of_kind(files_ending(path, *endings), wanted)


def names_in(path: Path) -> set[str] | None:
    """Return the names at the top of an HDF5 file: none of another file, None of a damaged one.

    >>> names_in(Path("no such file"))
    set()
    """
    if beginning(path, len(SIGNATURE)) != SIGNATURE:
        return set()
    try:
        if _fails(path) is not None:
            return None
        with h5py.File(path, "r") as file:
            return set(file)
    except Exception:  # its reader will tell what is wrong with it
        return None


def _fails(path: Path) -> str | None:
    return hdf5_fails(path, SECONDS + path.stat().st_size // A_SECOND) if path.is_file() else None


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file; whatever turns out to be unsound while it is read is a SkelfuseError.

    A damaged one can hang or end the library, so each is read in another process first.
    """
    if (what := _fails(path)) is not None:
        raise SkelfuseError("not a sound HDF5 file", file=path, found=what, remedy=FETCH_AGAIN)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except SkelfuseError as error:
        raise error.at(path) from None
    except Exception as error:  # whatever bytes that are not what they should be make it raise
        said = str(error).strip("'\"").splitlines()
        raise SkelfuseError(
            f"not a sound HDF5 file: {said[0][:120] if said else type(error).__name__}",
            file=path,
            remedy=FETCH_AGAIN,
        ) from None


def array(file: h5py.Group, name: str, axes: int | None = None) -> npt.NDArray[Any]:
    """Return an array of numbers, of so many axes where that is known.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.h5")
    ...     with h5py.File(path, "w") as made: made["x"] = [1.0, 2.0]
    ...     with opened(path) as read: array(read, "x", 1)
    array([1., 2.])
    """
    return np.asarray(_dataset(file, name, "numbers", "biuf", axes)[()])


def table(file: h5py.Group, name: str) -> npt.NDArray[Any]:
    """Return a table: an array whose elements have named fields."""
    return np.asarray(_dataset(file, name, "rows of named fields", "V", 1)[()])


def texts(file: h5py.Group, name: str) -> list[str]:
    """Return a list of texts."""
    found = _dataset(file, name, "texts", "OSU", 1)
    _check_lengths(found, name)
    room = max(SMALL, DENSEST * Path(file.file.filename).stat().st_size)
    every: list[str] = []
    batch = FIRST_TEXTS
    while len(every) < len(found):  # many of them may be one and the same in the file
        new = [text_of(item) for item in found[len(every) : len(every) + batch].tolist()]
        room -= sum(map(len, new)) + BESIDE * len(new)
        if room < 0:
            raise SkelfuseError(f"'{name}' would grow beyond measure", remedy=FETCH_AGAIN)
        every += new
        batch = min(2 * batch, MOST_TEXTS)
    return every


def _check_lengths(found: h5py.Dataset, name: str) -> None:
    """Raise where a text claims to be longer than the file: HDF5 would make room for all of it."""
    if not (kind := h5py.check_string_dtype(found.dtype)) or kind.length is not None:
        return
    size = Path(found.file.filename).stat().st_size
    for content in _raw(found):
        stride = len(content) // max(math.prod(found.chunks or found.shape), 1)
        whole = content[: len(content) // max(stride, 1) * stride]
        elements = np.frombuffer(whole, np.uint8).reshape(-1, stride) if stride >= 4 else None
        # An element is the length of its text in four bytes, and where that lies.
        if elements is None or elements[:, :4].copy().view("<u4").max(initial=0) > size:
            raise SkelfuseError(f"'{name}' has a text longer than the file", remedy=FETCH_AGAIN)


def _raw(found: h5py.Dataset) -> Iterator[bytes]:
    """Yield a dataset's elements as they lie in the file, unpacked, a chunk at a time."""
    kept = found.id.get_create_plist()
    filters = [kept.get_filter(i)[0] for i in range(kept.get_nfilters())]
    if found.chunks is None:
        if (start := found.id.get_offset()) is not None:
            with Path(found.file.filename).open("rb") as file:
                file.seek(start)
                yield file.read(found.id.get_storage_size())
        return
    for number in range(found.id.get_num_chunks()):
        skipped, content = found.id.read_direct_chunk(found.id.get_chunk_info(number).chunk_offset)
        for i, one in reversed(list(enumerate(filters))):
            if skipped >> i & 1 or one == h5py.h5z.FILTER_FLETCHER32:
                continue  # a checksum lies behind the elements
            if one == h5py.h5z.FILTER_DEFLATE:
                content = zlib.decompress(content)
            elif one == h5py.h5z.FILTER_SHUFFLE:
                elements = math.prod(found.chunks)
                bytes_of = np.frombuffer(content, np.uint8).reshape(-1, elements)
                content = bytes_of.T.tobytes()
            else:
                raise SkelfuseError(
                    f"'{found.name}' is packed in a way that is not read",
                    found=f"filter {one}",
                    remedy="save it with gzip, or unpacked",
                )
        yield content


def text_of(value: Any) -> str:
    """Return a text that HDF5 keeps as bytes or as a string.

    >>> text_of(np.bytes_(b"nose")), text_of("tail")
    ('nose', 'tail')
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").rstrip("\0")
    if isinstance(value, str):
        return value
    raise SkelfuseError("no text where one belongs", found=type(value).__name__, remedy=FETCH_AGAIN)


def _dataset(file: h5py.Group, name: str, what: str, kinds: str, axes: int | None) -> h5py.Dataset:
    """Return an array whose elements are of these kinds, of so many axes where that is known."""
    found = file.get(name)
    if not isinstance(found, h5py.Dataset) or found.shape is None:
        raise SkelfuseError(
            f"no array '{name}' in it", found=", ".join([*file][:12]), remedy=FETCH_AGAIN
        )
    linked = found.file.filename != file.file.filename  # by an external link
    if found.external or found.is_virtual or linked:
        raise SkelfuseError(
            f"the numbers of '{name}' are in another file", remedy="write them into this one"
        )
    if found.dtype.kind not in kinds or axes not in (None, found.ndim):
        raise SkelfuseError(
            f"'{name}' is not what it should be",
            expected=what if axes is None else f"{what} with {counted(axes, 'axis', 'axes')}",
            found=f"{found.dtype} {list(found.shape)}",
            remedy=FETCH_AGAIN,
        )
    size = math.prod(found.shape) * found.dtype.itemsize
    if size > max(SMALL, DENSEST * Path(file.file.filename).stat().st_size):
        raise SkelfuseError(
            f"'{name}' would take {size >> 20:,} MB, which no file of this size holds",
            remedy=FETCH_AGAIN,
        )
    return found
