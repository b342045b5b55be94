"""MATLAB files are read as scipy reads them, whatever they hold; damaged ones are told."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from skelfuse.datasets.reading.matlab import read_mat
from skelfuse.errors import SkelfuseError

RAMP = np.arange(24.0).reshape(2, 3, 4)
CONTENTS = {
    "doubles": RAMP,
    "floats": RAMP.astype(np.float32),
    "bytes": np.arange(-3, 3, dtype=np.int8),
    "long": np.array([[2**63, 1]], dtype=np.uint64),
    "yes or no": np.array([[True, False]]),
    "one": 3,
    "none": np.zeros((0, 3)),
    "text": "sit down",
    "accents": "wörld",
    "rows of text": np.array(["ab", "cd"]),
    "no text": "",
}


def _same(path: Path, name: str = "x") -> None:
    (ours,), theirs = read_mat(path, [name]).values(), scipy.io.loadmat(path)[name]
    assert (ours.dtype, ours.shape) == (theirs.dtype.newbyteorder("="), theirs.shape)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_every_content_is_what_scipy_reads(content: Any, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    before = {"a name too long for a tag": np.ones(3), "y": {"in": "a struct"}}
    scipy.io.savemat(path, {**before, "x": content, "z": "after"}, do_compression=packed)
    _same(path)


def _element(kind: int, data: bytes) -> bytes:
    return np.array([kind, len(data)], ">u4").tobytes() + data.ljust(-len(data) % 8 + len(data))


def test_a_file_of_a_machine_with_the_other_byte_order(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    parts = _element(6, np.array([6, 0], ">u4").tobytes())  # an array of doubles,
    parts += _element(5, np.array([2, 3], ">i4").tobytes())  # 2 x 3,
    parts += b"\x00\x01\x00\x01x\x00\x00\x00"  # named x, in the short form,
    parts += _element(3, np.arange(-3, 3, dtype=">i2").tobytes())  # kept as short numbers
    word = _element(6, np.array([4, 0], ">u4").tobytes())  # and a text
    word += _element(5, np.array([1, 3], ">i4").tobytes()) + b"\x00\x01\x00\x01t\x00\x00\x00"
    word += _element(4, "wör".encode("utf-16-be"))
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI"
    path.write_bytes(header + _element(14, parts) + _element(14, word))
    assert read_mat(path, ["x"])["x"].tolist() == [[-3, -1, 1], [-2, 0, 2]]
    assert read_mat(path, ["t"])["t"].tolist() == ["wör"]
    _same(path)


def test_what_is_packed_must_be_a_variable(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    packed = zlib.compress(np.array([9, 8, 0, 0], "<u4").tobytes())  # a number by itself
    tag = np.array([15, len(packed)], "<u4").tobytes()
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + tag + packed)
    with pytest.raises(SkelfuseError, match="no variable in compressed data"):
        read_mat(path, ["x"])


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_anywhere_is_told(packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"x": RAMP}, do_compression=packed)
    whole = path.read_bytes()
    path.write_bytes(whole[:135])
    assert not read_mat(path, ["x"])  # not even the first tag is there
    for size in range(136, len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(SkelfuseError, match=r"a\.mat: not a sound MATLAB file"):
            read_mat(path, ["x"])


@pytest.mark.parametrize(
    ("at", "new", "problem"),
    [
        (128, b"\x63", "data of kind 99 where a variable belongs"),
        (144, b"\x63", "'x' is of an unknown kind"),
        (160, b"\xff\xff\xff\xff", "a variable of an impossible shape"),
        (160, b"\x05", "'x' is to be 5 x 3 x 4, and has 24 elements"),
        (160, b"\xff\xff\xff\x7f", "and has 24 elements"),
        (140, b"\x04", "a variable without a kind or a shape"),
        (156, b"\x00", "a variable without a kind or a shape"),
        (178, b"\x05", "it ends within 5 bytes of data"),
        (184, b"\x63", "'x' has data of kind 99 where numbers belong"),
        (188, b"\xff", "it ends within 255 bytes of data"),
    ],
)
def test_what_cannot_be_is_told(at: int, new: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"x": RAMP})
    content = path.read_bytes()
    path.write_bytes(content[:at] + new + content[at + len(new) :])
    with pytest.raises(SkelfuseError, match=r"a\.mat") as error:
        read_mat(path, ["x"])
    assert problem in str(error.value)
