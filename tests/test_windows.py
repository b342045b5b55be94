"""Windows over a recording, and lengths of time as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelfuse.errors import SkelfuseError
from skelfuse.predict.windows import Length, Windows


@given(
    frames=st.integers(1, 400),
    length=st.integers(1, 80),
    stride=st.floats(1, 90, allow_nan=False),
)
def test_windows_cover_a_recording_in_order(frames: int, length: int, stride: float) -> None:
    bounds = list(Windows(length, stride).within(frames))
    assert bounds[-1][1] == frames
    assert all(after - first == min(length, frames) for first, after in bounds)
    firsts = [first for first, _ in bounds]
    assert firsts == sorted(set(firsts))
    assert firsts[0] == 0
    for i, first in enumerate(firsts[:-1]):
        assert abs(first - i * stride) <= 0.5 + 1e-6  # no start drifts
    if stride <= length:
        seen = {t for first, after in bounds for t in range(first, after)}
        assert seen == set(range(frames))


@pytest.mark.parametrize("text", ["", "2", "s", "-1s", "0s", "1e3s", "2 m", "nans", "1,5s"])
def test_no_length_of_time(text: str) -> None:
    with pytest.raises(SkelfuseError, match="not a duration"):
        Length.parse(text)


def test_lengths() -> None:
    assert Length.parse("1.5s").frames(30) == 45
    assert Length.parse(" 60 f ").frames(None) == 60
    assert Length.parse(".5s").frames(25) == 12.5


def test_without_a_stride_windows_follow_at_a_quarter_and_at_least_a_frame() -> None:
    assert Windows.of("2s", None, fps=25) == Windows(50, 12.5)
    assert Windows.of("30f", None, fps=None) == Windows(30, 8)
    assert Windows.of("0.1s", None, fps=30) == Windows(3, 1)
    assert Windows.of("0.01s", None, fps=30) == Windows.of("1f", None, fps=None) == Windows(1, 1)
    with pytest.raises(SkelfuseError, match="shorter than a frame"):
        Windows.of("0.1s", "0.01s", fps=30)


def test_no_recording_is_so_long() -> None:
    for window, fps in (("1000000001f", None), ("99999999999999999999s", 30), ("1s", 1e300)):
        with pytest.raises(SkelfuseError, match=r"out of range: expected at most 1e\+09"):
            Windows.of(window, "1s", fps=fps)
