"""NTU `.skeleton` text: whatever the bytes are, a recording or one clear error comes out.

The compiled scanner and the plain parser must agree on every input: the same arrays to the last
bit, or the same line.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skelfuse.datasets.ntu_text import COMPILED, Recording, parse_ntu
from skelfuse.datasets.ntu_text_plain import parse_plain
from skelfuse.errors import SkelfuseError

pytestmark = pytest.mark.campaign
quick = settings(  # the deadline is far above any example: it is there to catch a hang
    max_examples=300,
    deadline=timedelta(seconds=5),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

JOINT = "{} {} {} 276.0976 190.0662 1032.328 514.0889 -0.17 0.04 -1.#IND -0.15 2"
BODY = ["72057594037931648 0 1 1 1 1 0 -0.1159187 0.1413209 2", "25"]
LINES = ["3", "2"]
LINES += [*BODY, *(JOINT.format(n / 7, -n / 3, "0.5") for n in range(25))]
LINES += [*BODY, *(JOINT.format("1e-7", "+.5", "3.") for n in range(25))]
LINES += ["0", "1", *BODY, *(JOINT.format(n, "12345678901234567890e-19", "-0") for n in range(25))]
TEXT = "".join(f"{line}\r\n" for line in LINES).encode()

PIECES = [
    *(b"", b" ", b"\n", b"\r\n", b"\t", b"\v", b"\f", b"\r", b"\0", b"\xff", b"_", b"#", b"\x1c"),
    *(b"0", b"1", b"2", b"3", b"6", b"7", b"11", b"12", b"24", b"25", b"26", b"-1", b"1e5"),
    *(b"nan", b"inf", b"-1.#INF", b"1e999", b"1e-999", b".", b"-", b"+", b"e", b"e+", b"0x1"),
    *(b"100", b"100.00000000000001", b"-101", b"18446744073709551615", b"18446744073709551616"),
    *(b"99999999999999999999", b"000000000000000000001", b"1_0", b"1.5", b"\xd9\xa1"),
]


def agree(data: bytes) -> Recording | None:
    """Parse with both; return the recording, or None for an error that has all its parts."""
    found: Recording | SkelfuseError
    try:
        found = parse_plain(data, file="a.skeleton")
    except SkelfuseError as error:
        found = error
    if isinstance(found, Recording):
        arrays = (found.frame, found.body, found.joints, found.tracking)
        wanted: object = (found.frames, *(array.tobytes() for array in arrays))
    else:
        assert found.line is not None
        assert 1 <= found.line <= data.count(b"\n") + 2
        assert found.remedy
        assert str(found).isascii()
        assert "\n" not in str(found)
        wanted = found.line
    if COMPILED:
        from skelfuse.datasets import _ntu_scan

        assert _ntu_scan.scan(data) == wanted
    return found if isinstance(found, Recording) else None


@quick
@given(st.binary(max_size=400))
@example(b"1")
@example(b"1\n0")
@example(b"\n1\n0\n")
def test_random_bytes(data: bytes) -> None:
    agree(data)


@quick
@given(st.lists(st.sampled_from(PIECES), max_size=60), st.sampled_from([b"", b" ", b"\n"]))
def test_random_fields(pieces: list[bytes], between: bytes) -> None:
    agree(between.join(pieces))


@quick
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(TEXT)),
            st.integers(0, 3),
            st.sampled_from(PIECES) | st.binary(max_size=4),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_text_with_bytes_replaced_put_in_or_taken_out(
    changes: list[tuple[int, int, bytes]],
) -> None:
    data = TEXT
    for at, gone, put in changes:
        data = data[:at] + put + data[at + gone :]
    agree(data)


@quick
@given(st.data())
def test_a_text_with_a_field_replaced(data: st.DataObject) -> None:
    lines = [line.split() for line in TEXT.split(b"\n")]
    row = data.draw(st.integers(0, len(LINES) - 1))
    column = data.draw(st.integers(0, len(lines[row]) - 1))
    lines[row][column] = data.draw(st.sampled_from(PIECES) | st.from_regex(rb"[-+.0-9eE]{1,30}"))
    agree(b"\n".join(b" ".join(line) for line in lines))


@quick
@given(st.integers(0, len(LINES)), st.integers(0, len(LINES)), st.integers(0, len(LINES)))
def test_a_text_with_lines_moved_or_lost(start: int, stop: int, to: int) -> None:
    lines = TEXT.splitlines(keepends=True)
    agree(b"".join(lines[:start] + lines[stop:]))
    agree(b"".join(lines[:to] + lines[start:stop] + lines[to:]))


def test_a_text_cut_at_every_byte() -> None:
    whole = [length for length in range(len(TEXT) + 1) if agree(TEXT[:length])]
    assert whole == [len(TEXT) - 2, len(TEXT) - 1, len(TEXT)]  # only the line's end is missing


metres = st.floats(-100, 100) | st.floats(-8, 8, width=32) | st.floats(-1e-30, 1e-30)
ways = st.sampled_from(["{!r}", "{:.7g}", "{:.9g}", "{:.17g}", "{:.17e}", "{:.40f}", "{:+.3E}"])


@quick
@given(st.lists(st.tuples(metres, ways), min_size=75, max_size=75))
def test_every_way_to_write_a_number_rounds_alike(numbers: list[tuple[float, str]]) -> None:
    tokens = [way.format(number) for number, way in numbers]
    tokens = [token if abs(float(token)) <= 100 else "100" for token in tokens]
    rows = [JOINT.format(*tokens[at : at + 3]) for at in range(0, 75, 3)]
    data = "\n".join(["1", "1", *BODY, *rows]).encode()
    found = agree(data)
    assert found is not None
    wanted = np.array([np.float32(float(token)) for token in tokens], np.float32)
    assert found.joints.tobytes() == wanted.tobytes()


@quick
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(-100, 99)), max_size=6),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([11, 12]),
)
def test_what_was_written_is_read(
    frames: list[list[tuple[int, int]]], end: str, columns: int
) -> None:
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for identity, x in bodies:
            lines += [f"{identity} 0 0 0 0 0 0 0 0 2", "25"]
            rows = [JOINT.format(x + n / 25, n, -x)[:-1] + str(n % 3) for n in range(25)]
            lines += [" ".join(row.split()[:columns]) for row in rows]
    found = parse_ntu(end.join([*lines, ""]).encode(), file="a.skeleton")
    assert found.frames == len(frames)
    assert found.frame.tolist() == [t for t, bodies in enumerate(frames) for _ in bodies]
    assert found.body.tolist() == [identity for bodies in frames for identity, _ in bodies]
    places = [x for bodies in frames for _, x in bodies]
    n, across = np.arange(25), np.array(places, np.float64).reshape(-1, 1)
    wanted = np.stack(np.broadcast_arrays(across + n / 25, n, -across), axis=-1)
    np.testing.assert_array_equal(found.joints, wanted.astype(np.float32))
    states = np.broadcast_to(n % 3 if columns == 12 else 2, found.tracking.shape)
    np.testing.assert_array_equal(found.tracking, states)
