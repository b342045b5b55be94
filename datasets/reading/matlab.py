"""MATLAB 5 files: named arrays of numbers and texts.

Parsed here, with every length checked against the bytes that are there: scipy's reader trusts what
a file says of itself, and a damaged one ends the process.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError
from skelfuse.files import as_error

FETCH_AGAIN = "the file is damaged or of another kind: fetch it again, or leave it out"
NO_RECORDING = "this is no recording of a skeleton: leave the file out"
BEFORE_CONTENT = 4096  # bytes in which a variable's kind, shape and name lie
LONGEST_TEXT = 1 << 16  # bytes; names and notes, not recordings
LARGEST = 64 << 20  # bytes of one variable; an hour of 20 joints at 30 fps is 52 MB
HDF5 = b"\x89HDF\r\n\x1a\n"
_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_NUMBERS |= {12: "i8", 13: "u8"}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CHAR, _COMPLEX = 4, 0x800
_NUMERIC = range(6, 16)
_NOTHING = 0, memoryview(b"")  # where an element belongs and none is
_OTHERS = {1: "a cell array", 2: "a struct", 3: "an object", 5: "a sparse array"}


def read_mat(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Return the named arrays; those that the file does not have are left out.

    Numbers have the type in which they are stored; a text has one element a row.

    >>> import tempfile, scipy.io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "clip.mat")
    ...     scipy.io.savemat(file, {"x": [[1.0, 2.0]], "note": "hello"})
    ...     read_mat(file, ["x", "y"])
    {'x': array([[1., 2.]])}
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise as_error(error, path) from None
    if content.startswith((HDF5, b"MATLAB 7.3")):
        raise SkelfuseError(
            "a MATLAB 7.3 file",
            file=path,
            expected="one of MATLAB 5 to 7",
            remedy="save it again in MATLAB: save('FILE.mat', '-v7')",
        )
    if content[:6] != b"MATLAB" or len(content) <= _HEADER:
        raise SkelfuseError(
            "not a MATLAB 5 file",
            file=path,
            remedy="fetch it again; a MATLAB 7.3 file must be saved with '-v7'",
        )
    order = ">" if content[126:128] == b"MI" else "<"
    wanted, found = set(names), dict[str, npt.NDArray[Any]]()
    try:
        for kind, data in _elements(memoryview(content)[_HEADER:], order):
            if kind not in (_MATRIX, _COMPRESSED):
                raise ValueError(f"data of kind {kind} where a variable belongs")
            start = data if kind == _MATRIX else _unpacked(data, order, BEFORE_CONTENT)
            name = _variable(start, order).name
            if name in wanted:  # the others are never unpacked
                matrix = data if kind == _MATRIX else _unpacked(data, order, LARGEST + 1)
                found[name] = _variable(matrix, order).array()
            if wanted <= found.keys():
                break
    except SkelfuseError as error:
        raise error.at(path) from None
    except (struct.error, zlib.error, ValueError, OverflowError) as error:
        raise SkelfuseError(
            f"not a sound MATLAB file: {error}", file=path, remedy="fetch it again"
        ) from None
    return {name: found[name] for name in names if name in found}


def _elements(content: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """Yield the kind and the bytes of each element: eight bytes of tag, then its data."""
    at = 0
    while len(content) - at >= 8:
        kind, size = struct.unpack_from(f"{order}II", content, at)
        if kind >> 16:  # up to four bytes of data share the tag's eight
            kind, size, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            start = at + 8
            end = start + size if kind == _COMPRESSED else start + (size + 7) // 8 * 8
        if size > len(content) - start or (start == at + 4 and size > 4):
            raise ValueError(f"it ends within {size} bytes of data")
        yield kind, content[start : start + size]
        at = end


def _unpacked(data: memoryview, order: str, most: int) -> memoryview:
    """Return the first bytes of a compressed variable; more than LARGEST are an error."""
    unpacked = zlib.decompressobj().decompress(data[:most], most)
    if len(unpacked) > LARGEST:
        raise SkelfuseError(
            f"a variable of more than {LARGEST >> 20} MB in {len(data)} bytes",
            remedy=NO_RECORDING,
        )
    if len(unpacked) < 8 or struct.unpack_from(f"{order}I", unpacked)[0] != _MATRIX:
        raise ValueError("no variable in compressed data")
    return memoryview(unpacked)[8:]


@dataclass(frozen=True)
class _Variable:
    """A variable's name, and what is known of its content before that is read."""

    name: str
    holds: int  # MATLAB's number for the class of its elements
    is_complex: bool
    shape: tuple[int, ...]
    parts: Iterator[tuple[int, memoryview]]
    order: str

    def array(self) -> npt.NDArray[Any]:
        """Return its numbers, or its rows of text."""
        if self.is_complex or (self.holds != _CHAR and self.holds not in _NUMERIC):
            what = "complex" if self.is_complex else _OTHERS.get(self.holds, "of an unknown kind")
            raise SkelfuseError(
                f"variable '{self.name}' is {what}",
                expected="an array of real numbers, or a text",
                remedy=FETCH_AGAIN,
            )
        kind, data = next(self.parts, _NOTHING)
        if self.holds == _CHAR:
            return self._text(kind, data)
        if kind not in _NUMBERS:
            raise ValueError(f"'{self.name}' has data of kind {kind} where numbers belong")
        stored = np.dtype(self.order + _NUMBERS[kind])
        self._must_hold(len(data) / stored.itemsize)
        flat = np.frombuffer(data, stored).astype(_NUMBERS[kind])
        return flat.reshape(self.shape, order="F")

    def _text(self, kind: int, data: memoryview) -> npt.NDArray[Any]:
        if len(data) > LONGEST_TEXT:
            raise SkelfuseError(
                f"variable '{self.name}' is a text of {len(data)} bytes",
                expected=f"at most {LONGEST_TEXT}",
                remedy=NO_RECORDING,
            )
        coding = _TEXTS.get(kind, "") if data else "latin-1"
        if coding in ("utf-16", "utf-32"):
            coding += "-be" if self.order == ">" else "-le"
        try:
            letters = list(str(data, coding))
        except (UnicodeDecodeError, LookupError):
            raise ValueError(f"'{self.name}' is no text") from None
        self._must_hold(len(letters))
        if not letters:
            return np.empty(0, "U1")
        rows = np.array(letters).reshape(self.shape[0], -1, order="F")
        return np.array(["".join(row) for row in rows])

    def _must_hold(self, count: float) -> None:
        if count != math.prod(self.shape):
            size = " x ".join(map(str, self.shape))
            raise ValueError(f"'{self.name}' is to be {size}, and has {count:g} elements")


def _variable(matrix: memoryview, order: str) -> _Variable:
    """Return what stands before a variable's content: its class, shape and name."""
    parts = _elements(matrix, order)
    (_, flags), (_, sizes), (_, name) = (next(parts, _NOTHING) for _ in range(3))
    if len(flags) != 8 or not sizes or len(sizes) % 4:
        raise ValueError("a variable without a kind or a shape")
    (flag, _) = struct.unpack(f"{order}II", flags)
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    if min(shape) < 0 or len(shape) > 32:
        raise ValueError("a variable of an impossible shape")
    called = str(name, "latin-1")
    return _Variable(called, flag & 0xFF, bool(flag & _COMPLEX), shape, parts, order)


def numbers(
    found: dict[str, npt.NDArray[Any]], name: str, shape: tuple[int | None, ...]
) -> npt.NDArray[Any]:
    """Return a variable that must be there, be made of numbers, and have this shape (None: any).

    >>> numbers({"x": np.zeros((4, 13))}, "x", (None, 13)).shape
    (4, 13)
    """
    expected = " x ".join("any" if size is None else str(size) for size in shape)
    if name not in found:
        raise SkelfuseError(
            f"no variable '{name}'", expected=f"numbers, {expected}", remedy=FETCH_AGAIN
        )
    array = found[name]
    fits = array.ndim == len(shape) and array.size > 0
    fits = fits and all(want in (None, size) for want, size in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.kind not in "biuf":
        raise SkelfuseError(
            f"variable '{name}' has the wrong shape or kind",
            expected=f"numbers, {expected}",
            found=f"{array.dtype}, {' x '.join(str(size) for size in array.shape)}",
            remedy=FETCH_AGAIN,
        )
    return array
