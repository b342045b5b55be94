"""NTU `.skeleton` text: what a bad file is told."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.ntu_lines import good, text
from skelfuse.datasets import ntu_text
from skelfuse.datasets.ntu_text import Recording, parse_ntu, read_ntu_text
from skelfuse.datasets.ntu_text_plain import parse_plain
from skelfuse.errors import SkelfuseError

Parse = Callable[..., Recording]
both = pytest.mark.parametrize("parse", [parse_ntu, parse_plain])


def changed(line: int, old: str, new: str) -> bytes:
    lines = good()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    return text(lines)


def height(token: str) -> bytes:
    return changed(7, " 0.5 276", f" {token} 276")


def without(*gone: int) -> bytes:
    return text([line for at, line in enumerate(good(), 1) if at not in gone])


BAD = {
    "empty": (b"", 1, "the file is empty"),
    "blank": (b"\r\n \r\n", 1, "the file is empty"),
    "binary": (bytes(range(256)) * 9, 1, "not a number of frames"),
    "archive": (b"PK\x03\x04\0\0", 1, "expected a whole number, found 'PK\\x03\\x04\\x00\\x00'"),
    "mark": (b"\xef\xbb\xbf" + text(good()), 1, "not a number of frames"),
    "no frames": (b"0\n", 1, "a recording without frames: expected at least 1, found 0"),
    "frames as text": (changed(1, "3", "three"), 1, "not a number of frames"),
    "negative frames": (changed(1, "3", "-3"), 1, "expected a whole number, found '-3'"),
    "frames beyond 64 bits": (changed(1, "3", str(2**64)), 1, "not a number of frames"),
    "20 digits": (changed(1, "3", "99999999999999999999"), 1, "not a number of frames"),
    "huge frames": (changed(1, "3", str(10**15)), 86, "1000000000000000 whole frames"),
    "more frames": (changed(1, "3", "5"), 86, "expected 5 whole frames, as line 1 says, found 3"),
    "fewer frames": (changed(1, "3", "2"), 31, "expected the end after 2 frames"),
    "two files in one": (text(good() + good()), 86, "more data after the last frame"),
    "data after blanks": (text([*good(), "", "", "9"]), 88, "more data after the last frame"),
    "bodies as text": (changed(2, "1", "one"), 2, "not a number of bodies"),
    "absurd bodies": (changed(2, "1", "70000"), 2, "expected at most 6, found 70000"),
    "a line too few": (without(31), 31, "not a number of bodies: expected one number, found 10"),
    "blank line": (changed(30, "0", " "), 30, "a blank line: expected the number of bodies"),
    "body of 9": (changed(3, " 2", ""), 3, "columns for a body: expected 10, found 9"),
    "body of 11": (changed(3, " 2", " 2 2"), 3, "columns for a body: expected 10, found 11"),
    "body's ID": (changed(3, "72057594037931648", "1.5"), 3, "not the ID of a body"),
    "24 joints": (changed(4, "25", "24"), 4, "wrong number of joints: expected 25, found 24"),
    "a joint missing": (without(29), 29, "columns for a joint: expected 12, found 1"),
    "a joint too many": (changed(29, "0.5", "0.5 1"), 29, "expected 12, found 13"),
    "columns change": (changed(6, " 1032.328", ""), 6, "expected 12, found 11"),
    "first has 13": (changed(5, "0.5", "0.5 1"), 5, "expected 12 (or 11), found 13"),
    "a word": (height("wall"), 7, "no number for a joint's z"),
    "hexadecimal": (height("0x1"), 7, "found '0x1'"),
    "underscore": (height("1_0"), 7, "found '1_0'"),
    "comma": (height("0,5"), 7, "found '0,5'"),
    "no exponent": (height("1e"), 7, "no number for a joint's z"),
    "sign alone": (height("-"), 7, "no number for a joint's z"),
    "point alone": (height("."), 7, "no number for a joint's z"),
    "NUL in a number": (height("0.5\0"), 7, "found '0.5\\x00'"),
    "NaN": (changed(34, "2.5", "NaN"), 34, "NaN for a joint's x: expected -100 to 100 metres"),
    "Windows NaN": (changed(34, "2.5", "-1.#IND"), 34, "NaN for a joint's x"),
    "infinity": (changed(34, "2.5", "-inf"), 34, "infinity for a joint's x"),
    "Windows infinity": (changed(34, "2.5", "1.#INF00"), 34, "infinity for a joint's x"),
    "millimetres": (changed(58, "26.5", "2650"), 58, "no room holds a joint's x"),
    "a hair too far": (changed(58, "26.5", "100.00000000000002"), 58, "no room holds a joint's x"),
    "overflow": (changed(58, "26.5", "-1e999"), 58, "no room holds a joint's x"),
    "state 3": (changed(85, "0.15 0", "0.15 3"), 85, "expected 0, 1 or 2, found '3'"),
    "state 2.0": (changed(85, "0.15 0", "0.15 0.0"), 85, "not a tracking state"),
    "long field": (changed(85, "0.15 0", "0.15 " + 500 * "7"), 85, f"found '{37 * '7'}...'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_told_what_where_and_what_to_do(case: str) -> None:
    data, line, message = BAD[case]
    told = []
    for parse in (parse_ntu, parse_plain):
        with pytest.raises(SkelfuseError) as caught:
            parse(data, file="S001C001P001R001A001.skeleton")
        told.append(str(caught.value))
        assert caught.value.line == line
        assert caught.value.file == "S001C001P001R001A001.skeleton"
        assert message in told[-1]
        assert caught.value.remedy
    if ntu_text.COMPILED:
        from skelfuse.datasets import _ntu_scan

        assert _ntu_scan.scan(data) == line
    assert told[0] == told[1]
    assert "\n" not in told[0]
    assert len(told[0]) < 250


@pytest.mark.long
@pytest.mark.slow
@both
def test_a_text_cut_anywhere_is_truncated(parse: Parse) -> None:
    data = text(good())
    ends = [len(text(good()[:line]).rstrip()) for line in (29, 30, 85)]  # of the frames
    for length in range(1, ends[-1]):
        with pytest.raises(SkelfuseError, match="the file ends too early") as caught:
            parse(data[:length], file="a.skeleton")
        assert caught.value.found == sum(length >= end for end in ends)
        # A last line that is whole but for its end is no fault; then the next one is missing.
        newlines = data[:length].count(b"\n")
        assert caught.value.line in (newlines + 1, newlines + 2)


@both
def test_a_promise_allocates_nothing(parse: Parse) -> None:
    data = changed(1, "3", str(2**64 - 1))
    tracemalloc.start()
    try:
        with pytest.raises(SkelfuseError):
            parse(data, file="a.skeleton")
        assert tracemalloc.get_traced_memory()[1] < 20 * len(data)
    finally:
        tracemalloc.stop()


def test_reading_names_the_file_and_the_trouble(tmp_path: Path) -> None:
    path = tmp_path / "a.skeleton"
    with pytest.raises(SkelfuseError, match=r"a\.skeleton: cannot read: No such file"):
        read_ntu_text(path)
    path.write_bytes(text(good()))
    assert read_ntu_text(path).frames == 3
    assert read_ntu_text(str(path)).frames == 3
    path.write_bytes(text(good())[:500])
    with pytest.raises(SkelfuseError, match=r"a\.skeleton, line 10: the file ends too early"):
        read_ntu_text(path)
    with pytest.raises(SkelfuseError, match="not a file"):
        read_ntu_text(tmp_path)


def test_a_file_too_large_to_hold_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.skeleton"
    path.touch()
    os.truncate(path, ntu_text.LARGEST + 1)  # a hole: it takes no room on the disk
    with pytest.raises(SkelfuseError, match="too large for one recording"):
        read_ntu_text(path)
