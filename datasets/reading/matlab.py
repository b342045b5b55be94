"""MATLAB 5 files: named arrays, read only after a look at how large they would become."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError

LARGEST = 64 << 20  # bytes of one variable; an hour of 20 joints at 30 fps is 52 MB
_HEADER, _COMPRESSED = 128, 15


def read_mat(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Return the named arrays; those that the file does not have are left out.

    >>> import tempfile, scipy.io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "clip.mat")
    ...     scipy.io.savemat(file, {"x": [[1.0, 2.0]], "note": "hello"})
    ...     read_mat(file, ["x", "y"])
    {'x': array([[1., 2.]])}
    """
    import scipy.io  # a tenth of a second that most formats do not need

    try:
        content = path.read_bytes()
    except OSError as error:
        raise SkelfuseError(f"cannot read: {error.strerror}", file=path) from None
    if content[:6] != b"MATLAB" or len(content) <= _HEADER:
        raise SkelfuseError(
            "not a MATLAB 5 file",
            file=path,
            remedy="fetch it again; a MATLAB 7.3 file must be saved with '-v7'",
        )
    _check_size(content, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy remarks on variables that nobody asked for
        try:
            found = scipy.io.loadmat(path, variable_names=list(names))
        except Exception as error:  # a damaged file makes scipy raise anything
            problem = " ".join(str(error).split()) or type(error).__name__
            raise SkelfuseError(
                f"not a sound MATLAB file: {problem}", file=path, remedy="fetch it again"
            ) from None
    return {name: found[name] for name in names if isinstance(found.get(name), np.ndarray)}


def _check_size(content: bytes, path: Path) -> None:
    """Refuse a file whose compressed variables would fill the memory."""
    order = ">" if content[126:128] == b"MI" else "<"
    at = _HEADER
    while at + 8 <= len(content):
        kind, size = struct.unpack_from(f"{order}II", content, at)
        if kind == _COMPRESSED:
            expander = zlib.decompressobj()
            try:
                expanded = len(expander.decompress(content[at + 8 : at + 8 + size], LARGEST + 1))
            except zlib.error:
                expanded = 0  # scipy says what is wrong
            if expanded > LARGEST:
                raise SkelfuseError(
                    f"a variable of more than {LARGEST >> 20} MB in a file of {len(content)} bytes",
                    file=path,
                    remedy="this is no recording of a skeleton: leave the file out",
                )
        at += 8 + size


def numbers(
    found: dict[str, npt.NDArray[Any]], name: str, shape: tuple[int | None, ...]
) -> npt.NDArray[Any]:
    """Return a variable that must be there, be made of numbers, and have this shape (None: any).

    >>> numbers({"x": np.zeros((4, 13))}, "x", (None, 13)).shape
    (4, 13)
    """
    expected = " x ".join("any" if size is None else str(size) for size in shape)
    if name not in found:
        raise SkelfuseError(f"no variable '{name}'", expected=f"numbers, {expected}")
    array = found[name]
    fits = array.ndim == len(shape) and array.size > 0
    fits = fits and all(want in (None, size) for want, size in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.kind not in "biuf":
        raise SkelfuseError(
            f"variable '{name}' has the wrong shape or kind",
            expected=f"numbers, {expected}",
            found=f"{array.dtype}, {' x '.join(str(size) for size in array.shape)}",
        )
    return array
