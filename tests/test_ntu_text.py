"""NTU `.skeleton` text: what a good file gives."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from helpers.ntu_lines import body, good, text
from skelfuse.datasets import ntu_text
from skelfuse.datasets.ntu_text import Recording, parse_ntu
from skelfuse.datasets.ntu_text_plain import parse_plain

BUILT = importlib.util.find_spec("skelfuse.datasets._ntu_scan") is not None
needs_scanner = pytest.mark.skipif(not BUILT, reason="the compiled scanner was not built here")

Parse = Callable[..., Recording]
both = pytest.mark.parametrize("parse", [parse_ntu, parse_plain])


def placed(seed: float) -> np.ndarray:
    n = np.arange(25, dtype=np.float32)
    return np.stack([np.float32(seed) + n, -n / 4, np.full(25, 0.5, np.float32)], axis=-1)


@both
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_number_arrives_where_it_belongs(parse: Parse, end: str) -> None:
    found = parse(text(good(), end), file="a.skeleton")
    assert found.frames == 3
    assert found.frame.tolist() == [0, 2, 2]
    assert found.body.tolist() == [72057594037931648, 7, 2**64 - 1]
    np.testing.assert_array_equal(
        found.joints, np.stack([placed(1.5), placed(2.5), placed(-30.25)])
    )
    np.testing.assert_array_equal(found.tracking, np.tile(np.arange(25) % 3, (3, 1)))
    kinds = [found.frame.dtype, found.body.dtype, found.joints.dtype, found.tracking.dtype]
    assert kinds == [np.int64, np.uint64, np.float32, np.uint8]


@both
def test_eleven_columns_mean_tracked(parse: Parse) -> None:
    found = parse(text(["1", "1", *body(5, 0.25, columns=11)]), file="a.skeleton")
    np.testing.assert_array_equal(found.joints, placed(0.25)[None])
    assert (found.tracking == 2).all()


@both
def test_a_recording_of_nobody_keeps_its_frames(parse: Parse) -> None:
    found = parse(b"4\n0\n0\n0\n0\n", file="a.skeleton")
    assert found.frames == 4
    assert found.joints.shape == (0, 25, 3)
    assert found.tracking.shape == (0, 25)
    assert len(found.frame) == len(found.body) == 0


@both
@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n\r\n", b"\n \t\n  ", b"   "])
def test_the_end_may_be_ragged(parse: Parse, tail: bytes) -> None:
    found = parse(text(good()).rstrip() + tail, file="a.skeleton")
    assert len(found.body) == 3


@both
def test_blanks_around_fields_do_not_count(parse: Parse) -> None:
    lines = [f" \t{line.replace(' ', '  ')} " for line in good()]
    np.testing.assert_array_equal(parse(text(lines), file="a").joints[0], placed(1.5))


@both
@pytest.mark.parametrize("junk", ["NaN", "-nan(ind)", "-1.#IND", "1.#QNAN", "-Infinity", "x", "\0"])
def test_columns_that_are_not_used_may_hold_anything(parse: Parse, junk: str) -> None:
    lines = good()
    lines[1 + 5] = f"1 2 3 {' '.join([junk] * 8)} 1"
    lines[2] = f"9 {' '.join([junk] * 9)}"
    found = parse(text(lines), file="a.skeleton")
    assert found.joints[0, 2].tolist() == [1, 2, 3]
    assert found.tracking[0, 2] == 1


TOKENS = [
    *("0", "-0", "+0", "0.0", "-0.0", "00001.5", "+1.5", ".5", "5.", "-.5", "100", "-100"),
    *("1e-5", "1E+1", "1e0", "1.e1", ".1e-1", "1e2", "1000000e-4", "1e0000000000"),
    *("0.1", "0.2058097", "-0.003989527", "3.810989", "99.999999999999999999999999"),
    # about 2^53, where a double stops holding every whole number, and about 2^64
    *("9007199254740991e-15", "9007199254740992e-15", "9007199254740993e-15"),
    *("18446744073709551615e-18", "18446744073709551616e-18", "123456789012345678901e-20"),
    # halfway between two float32, and a hair beside it
    *("1.00000005960464477539", "1.000000059604644775390625", "1.00000017881393432617187499"),
    # the smallest numbers, and what is smaller still
    *("0.000000000000000000000000000000000000011754943", "1e-45", "7e-46", "1e-400", "-1e-400"),
    *("1e-22", "1e-23", "0.1e00000000000000000001"),
    *("0e99999999999999999999", "1e-99999999999999999999"),
    *("0." + "3" * 400, "0" * 400 + "7.25", "0." + "0" * 400 + "1e401"),
]


@both
def test_coordinates_are_the_nearest_float32_of_the_text(parse: Parse) -> None:
    for token in TOKENS:
        lines = ["1", "1", *body(5, 1)]
        lines[4] = f"{token} {token} {token} " + "0 " * 8 + "2"
        wanted = np.full(3, np.float32(float(token)))
        assert parse(text(lines), file="a").joints[0, 0].tobytes() == wanted.tobytes(), token


@needs_scanner
def test_the_scanner_is_in_use_where_it_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(data: bytes, *, file: str) -> Recording:
        raise AssertionError("the plain parser ran")

    assert ntu_text.COMPILED
    monkeypatch.setattr(ntu_text, "parse_plain", never)
    assert parse_ntu(text(good()), file="a.skeleton").frames == 3


def test_without_the_scanner_the_plain_parser_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = parse_ntu(text(good()), file="a.skeleton")
    monkeypatch.setattr(ntu_text, "COMPILED", False)
    without_it = parse_ntu(text(good()), file="a.skeleton")
    np.testing.assert_array_equal(with_it.joints, without_it.joints)


def naively(path: Path) -> tuple[int, list[tuple[int, int]], list[list[float]]]:
    """Read a file as a person would: take the words one by one."""
    words = iter(path.read_text().split())
    frames, bodies, joints = int(next(words)), [], []
    for t in range(frames):
        for _ in range(int(next(words))):
            bodies.append((t, int(next(words))))
            for _ in range(9):
                next(words)
            for _ in range(int(next(words))):
                row = [float(next(words)) for _ in range(12)]
                joints.append([*row[:3], row[11]])
    assert next(words, None) is None
    return frames, bodies, joints


REAL = {  # frames, observed bodies, different bodies
    "S001C001P001R001A011": (82, 82, 1),
    "S001C003P008R002A058": (70, 140, 2),
    "S002C001P003R001A003": (100, 100, 1),
    "S003C001P015R001A034": (71, 71, 1),
    "S004C002P003R001A017": (124, 124, 1),
}


@both
@pytest.mark.parametrize("name", REAL)
def test_real_recordings(parse: Parse, name: str, real_data: Callable[[str], Path]) -> None:
    path = real_data("ntu-samples") / f"{name}.skeleton"
    found = parse(path.read_bytes(), file=path)
    assert (found.frames, len(found.body), len(np.unique(found.body))) == REAL[name]
    frames, bodies, joints = naively(path)
    assert found.frames == frames
    assert list(zip(found.frame.tolist(), found.body.tolist(), strict=True)) == bodies
    wanted = np.array(joints)
    assert found.joints.tobytes() == wanted[:, :3].astype(np.float32).tobytes()
    np.testing.assert_array_equal(found.tracking.ravel(), wanted[:, 3])
