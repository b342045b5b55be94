"""What stands for NumPy's objects while a pickle is read: where an array's numbers are, no more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.numpy_file import as_array
from skelfuse.errors import SkelfuseError
from skelfuse.files import as_error

DAMAGED = "the file is damaged, or holds no plain data: fetch or write it again"
_CORES = ("numpy.core", "numpy._core")  # NumPy 1, NumPy 2
_BUILTINS = ("builtins", "__builtin__")  # Python 3, Python 2

# Every name that a pickle may mention, and what it stands for. None of them is ever imported.
NAMES: Mapping[tuple[str, str], str] = {
    ("numpy", "ndarray"): "type",
    ("numpy", "dtype"): "dtype",
    **{(f"{core}.multiarray", "_reconstruct"): "empty array" for core in _CORES},
    **{(f"{core}.multiarray", "scalar"): "scalar" for core in _CORES},
    **{(f"{core}.numeric", "_frombuffer"): "array" for core in _CORES},
    ("_codecs", "encode"): "bytes of text",
    ("collections", "OrderedDict"): "dictionary",
    ("collections", "defaultdict"): "dictionary",
    **{(module, "dict"): "dictionary" for module in _BUILTINS},
    **{(module, "bytes"): "bytes" for module in _BUILTINS},
    **{(module, "bytearray"): "bytes" for module in _BUILTINS},
    **{(module, name): "type" for module in _BUILTINS for name in ("list", "int", "float", "str")},
}


@dataclass(frozen=True)
class Name:
    """A name that a pickle mentioned, and its meaning here."""

    name: str
    meaning: str


@dataclass(slots=True)
class Span:
    """Bytes that stayed in the file; as `kind` says, raw or text that stands for bytes."""

    start: int
    size: int
    kind: str

    def read(self, path: Path) -> bytes:
        """Return the bytes."""
        try:
            with path.open("rb") as file:
                file.seek(self.start)
                content = file.read(self.size)
        except OSError as error:
            raise as_error(error, path) from None
        if self.kind != "utf-8":
            return content
        try:  # protocols 0 to 2 of Python 3 write bytes as text
            return content.decode("utf-8").encode("latin-1")
        except UnicodeError:
            raise SkelfuseError(
                "text in place of an array's bytes", file=path, remedy=DAMAGED
            ) from None


class Dtype:
    """A type of numbers or text; its byte order comes after it in the file."""

    __slots__ = ("code",)

    def __init__(self, code: str) -> None:
        digits = code[1:]
        plain = digits.isascii() and digits.isdecimal() and len(code) <= 8 and int(digits)
        if code[:1] not in tuple("biufUS") or not plain:
            raise SkelfuseError(
                "an array of objects in the pickle",
                expected="numbers or text",
                found=f"'{code[:40]}'",
                remedy="objects can run code when read: save plain arrays",
            )
        self.code = code

    def order(self, byte_order: str) -> None:
        """Set the byte order, `<`, `>` or `|`."""
        self.code = byte_order + self.code.lstrip("<>|=")

    @property
    def numpy(self) -> np.dtype[Any]:
        """The type itself."""
        try:
            return np.dtype(self.code)
        except TypeError:
            raise SkelfuseError(
                "an array of an unknown type", found=self.code, remedy=DAMAGED
            ) from None


@dataclass(slots=True)
class Array:
    """An array whose numbers may still be in the file."""

    shape: tuple[int, ...] = (0,)
    dtype: Dtype = field(default_factory=lambda: Dtype("u1"))
    fortran: bool = False
    data: bytes | Span = b""

    def fill(self, shape: Any, dtype: Any, fortran: Any, data: Any) -> Array:
        """Take what the pickle says, if it fits together."""
        sound = isinstance(shape, tuple) and len(shape) <= 8 and isinstance(dtype, Dtype)
        sound = sound and all(type(size) is int and 0 <= size < 1 << 48 for size in shape)
        if isinstance(data, str):
            data = data.encode("latin-1", "replace")  # as Python 2 writes bytes
        if not sound or not isinstance(data, (bytes, Span)):
            raise SkelfuseError("an array in the pickle that does not fit together", remedy=DAMAGED)
        self.shape, self.dtype, self.fortran, self.data = shape, dtype, bool(fortran), data
        wanted = math.prod(shape) * dtype.numpy.itemsize
        has = len(data) if isinstance(data, bytes) else data.size
        as_text = isinstance(data, Span) and data.kind == "utf-8"  # one or two bytes for each
        if not (wanted <= has <= 2 * wanted if as_text else has == wanted):
            raise SkelfuseError(
                f"an array {list(shape)} of {dtype.numpy} in the pickle",
                expected=f"{wanted} bytes",
                found=has,
                remedy=DAMAGED,
            )
        return self

    def load(self, path: Path) -> npt.NDArray[Any]:
        """Return the numbers themselves, from the file at `path` if they are there."""
        content = self.data.read(path) if isinstance(self.data, Span) else self.data
        dtype = self.dtype.numpy
        if len(content) != math.prod(self.shape) * dtype.itemsize:
            raise SkelfuseError(
                f"an array {list(self.shape)} with {len(content)} bytes", file=path, remedy=DAMAGED
            )
        try:
            flat = as_array(content, dtype)
        except SkelfuseError as error:
            raise error.at(path) from None
        return flat.reshape(self.shape, order="F" if self.fortran else "C")


def call(what: Any, arguments: Any) -> Any:  # noqa: PLR0911 - one line a name
    r"""Return the stand-in for what calling a name would have made.

    >>> dtype = call(Name("numpy.dtype", "dtype"), ("f4", False, True))
    >>> call(Name("scalar", "scalar"), (dtype, b"\x00\x00\x80?"))
    1.0
    """
    meaning = what.meaning if isinstance(what, Name) else None
    match meaning, arguments:
        case "dtype", (str(code), *_):
            return Dtype(code)
        case "empty array", (Name(meaning="type"), *_):
            return Array()
        case "array", (data, dtype, shape, order):
            return Array().fill(shape, dtype, order == "F", data)
        case "scalar", (Dtype() as dtype, data):
            return Array().fill((), dtype, False, data).load(Path()).item()
        case "bytes of text", (Span(kind="utf-8") as span, "latin1" | "latin-1"):
            return span
        case "bytes of text", (str(text), "latin1" | "latin-1"):
            return text.encode("latin-1")
        case "bytes", ():
            return b""
        case "bytes", (bytes() | Span() as data, *_):
            return data
        case "dictionary", () | (Name(meaning="type" | "dictionary"),):
            return {}
        case "dictionary", ([*pairs],) if all(_is_pair(pair) for pair in pairs):
            return {pair[0]: pair[1] for pair in pairs}
        case _:
            raise SkelfuseError(
                f"the pickle calls {what.name if isinstance(what, Name) else 'what is no name'}"
                " with arguments that do not make data",
                remedy=DAMAGED,
            )


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], (str, int))


def build(target: Any, state: Any) -> None:
    """Give a stand-in the state that the pickle has for it.

    >>> array = Array()
    >>> build(array, (1, (2,), Dtype("u1"), False, b"ab"))
    >>> array.load(Path()).tolist()
    [97, 98]
    """
    match target, state:
        case Array(), (1, shape, dtype, fortran, data):
            target.fill(shape, dtype, fortran, data)
        case Dtype(), (3 | 4, ("<" | ">" | "|" | "=") as order, None, None, None, *_):
            target.order(order)
        case _:
            raise SkelfuseError("the pickle gives a state to what has none", remedy=DAMAGED)
