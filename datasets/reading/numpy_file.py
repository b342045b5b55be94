"""NumPy's .npy and .npz files: never unpickled, never larger in memory than the file can hold."""

from __future__ import annotations

import math
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError
from skelfuse.files import as_error, check_readable

NO_RECORDING = "this is no recording: leave it out; or save it without compression"
REMEDY = "the file is damaged, or was not written by numpy.save or numpy.savez: write it again"
LARGE = 128 << 20  # bytes that any file may become in memory
UNSOUND = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)
MOST_AXES = 8
VERSIONS = {  # 3.0 is for names of fields, which no recording has
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
LAST_LETTER = 0x10FFFF  # of Unicode
NUMBER, TEXT = 8, 64  # bytes of a number, and of a text beside its letters, when it is worked with
DENSEST = 100  # recordings shrink by a factor of 2 to 10; only a bomb shrinks by hundreds


@dataclass(frozen=True)
class Header:
    """What a .npy header says."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Bytes of the array; an exact integer, however absurd the shape."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(stream: IO[bytes]) -> Header:
    """Read a .npy header and leave the stream at the array's first byte.

    >>> import io
    >>> stream = io.BytesIO(); np.save(stream, np.zeros((2, 3))); _ = stream.seek(0)
    >>> read_header(stream).shape
    (2, 3)
    """
    try:
        read = VERSIONS[np.lib.format.read_magic(stream)]
        with warnings.catch_warnings():  # that Python 2 wrote it is nobody's trouble
            warnings.simplefilter("ignore", UserWarning)
            header = Header(*read(stream))
    except Exception as error:  # numpy parses text here, and a damaged one makes it raise anything
        raise SkelfuseError(f"not a NumPy array: {_first_line(error)}", remedy=REMEDY) from None
    if header.dtype.kind not in "biufUS":
        raise SkelfuseError(
            "an array of objects",
            expected="numbers or text",
            found=header.dtype,
            remedy="objects can run code when read: save plain arrays",
        )
    if not header.dtype.itemsize:
        raise SkelfuseError("an array of elements without bytes", found=header.dtype, remedy=REMEDY)
    sound = len(header.shape) <= MOST_AXES
    if not sound or any(type(size) is not int or size < 0 for size in header.shape):
        raise SkelfuseError(
            "an array of an impossible shape",
            expected=f"at most {MOST_AXES} whole numbers from 0",
            found=str(header.shape)[:60],
            remedy=REMEDY,
        )
    if header.size == 0 and any(size > LARGE for size in header.shape):
        raise SkelfuseError("an empty array", found=str(header.shape)[:60], remedy=REMEDY)
    return header


def read_array(stream: IO[bytes], available: int) -> npt.NDArray[Any]:
    """Read header and array from a stream that holds `available` bytes.

    >>> import io
    >>> stream = io.BytesIO(); np.save(stream, np.arange(3)); _ = stream.seek(0)
    >>> read_array(stream, len(stream.getvalue())).tolist()
    [0, 1, 2]
    """
    header = read_header(stream)
    _check_length(header, available - stream.tell())
    flat = as_array(_exactly(stream, header.size), header.dtype)
    return flat.reshape(header.shape, order="F" if header.fortran else "C")


def as_array(content: bytes, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return bytes as an array; text with invalid characters is an error.

    >>> as_array(b"a" + bytes(3), np.dtype("<U1")).tolist()
    ['a']
    >>> as_array(b"aaaa", np.dtype("<U1"))
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: text with invalid characters; the file is damaged, or \
was not written by numpy.save or numpy.savez: write it again
    """
    if dtype.kind == "U":
        letters = np.frombuffer(content, dtype=f"{dtype.byteorder}u4")
        if letters.size and int(letters.max()) > LAST_LETTER:
            raise SkelfuseError("text with invalid characters", remedy=REMEDY)
    return np.frombuffer(content, dtype=dtype)


def _grown(header: Header, size: int) -> int:
    """Return the bytes that an array takes when it is worked with: small numbers become floats."""
    each = header.dtype.itemsize
    each = max(each, NUMBER) if header.dtype.kind in "biuf" else each + TEXT
    return max(size, math.prod(header.shape) * each)


def _check_length(header: Header, available: int) -> None:
    if header.size != available:
        raise SkelfuseError(
            "the array's header and its size do not agree",
            expected=f"{header.size} bytes for {header.dtype} {list(header.shape)}",
            found=available,
            remedy=REMEDY,
        )


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) != size:
        raise SkelfuseError("the file ends early", expected=size, found=len(content), remedy=REMEDY)
    return content


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]


def load_npy(path: Path) -> npt.NDArray[Any]:
    """Return the array of a .npy file."""
    check_readable(path)
    facts = path.stat()
    on_disk = getattr(facts, "st_blocks", facts.st_size) * 512  # of a file with holes, without them
    if facts.st_size > max(LARGE, DENSEST * on_disk):
        raise SkelfuseError(
            f"{facts.st_size >> 20} MB, nearly all of it holes", file=path, remedy=NO_RECORDING
        )
    try:
        with path.open("rb") as stream:
            return read_array(stream, facts.st_size)
    except (OSError, SkelfuseError) as error:
        raise as_error(error, path) from None


def keys(path: Path) -> list[str]:
    """List the arrays in a .npz file; none where it is no such file.

    >>> keys(Path("no such file"))
    []
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception:
        return []


def holds(path: Path, name: str) -> bool | None:
    """Tell whether a .npz file holds an array of this name; None where it shows none at all.

    >>> holds(Path("no such file"), "coords") is None
    True
    """
    found = keys(path)
    return name in found if found else None


class Npz:
    """A .npz file: `keys`, `load(name)` for a whole array, `rows(name, lengths)` for one in parts.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "set.npz"); np.savez(file, lengths=[2, 1], x=np.arange(3))
    ...     npz = Npz(file)
    ...     npz.keys, [part.tolist() for part in npz.rows("x", npz.load("lengths").tolist())]
    (['lengths', 'x'], [[0, 1], [2]])
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys = keys(path)
        if not self.keys:
            check_readable(path)
            raise SkelfuseError("not a .npz file with arrays in it", file=path, remedy=REMEDY)

    @contextmanager
    def _member(self, name: str) -> Iterator[tuple[IO[bytes], int]]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                info = archive.getinfo(f"{name}.npy")
                with archive.open(info) as stream:
                    grown = _grown(read_header(stream), info.file_size)
                    if grown > max(LARGE, DENSEST * info.compress_size):
                        raise SkelfuseError(
                            f"array '{name}' would grow to {grown >> 20} MB",
                            found=f"{info.compress_size} bytes in the file",
                            remedy=NO_RECORDING,
                        )
                with archive.open(info) as stream:
                    yield stream, info.file_size
        except KeyError:
            raise SkelfuseError(
                f"no array '{name}' in it",
                file=self.path,
                found=", ".join(self.keys),
                remedy="add it to the file",
            ) from None
        except SkelfuseError as error:
            raise error.with_context(within=f"array '{name}'", file=self.path) from None
        except UNSOUND as error:
            raise SkelfuseError(
                f"array '{name}': {_first_line(error)}", file=self.path, remedy=REMEDY
            ) from None

    def header(self, name: str) -> Header:
        """Return an array's shape and type without reading it; its size is that of the file's."""
        with self._member(name) as (stream, available):
            header = read_header(stream)
            _check_length(header, available - stream.tell())
            return header

    def check_count(self, name: str, most: int) -> None:
        """Refuse an array of more elements than there can be, before it is read."""
        found = math.prod(self.header(name).shape)
        most = min(most, self.path.stat().st_size)  # each takes a byte at least
        if found > most:
            raise SkelfuseError(
                f"'{name}' has more elements than there can be",
                file=self.path,
                expected=f"at most {most}",
                found=found,
                remedy=REMEDY,
            )

    def load(self, name: str) -> npt.NDArray[Any]:
        """Return a whole array."""
        with self._member(name) as (stream, available):
            return read_array(stream, available)

    def rows(self, name: str, lengths: list[int]) -> Iterator[npt.NDArray[Any]]:
        """Yield an array in parts of so many rows, read one after the other."""
        header = self.header(name)
        if header.fortran:  # its rows lie scattered over the whole array
            yield from np.split(self.load(name), np.cumsum(lengths)[:-1])
            return
        row = header.shape[1:]
        size = math.prod(row) * header.dtype.itemsize
        with self._member(name) as (stream, _):
            read_header(stream)
            for length in lengths:
                flat = as_array(_exactly(stream, length * size), header.dtype)
                yield flat.reshape(length, *row)
