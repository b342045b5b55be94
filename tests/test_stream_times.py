"""What the times of live frames tell, and what is said of times that cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from helpers import untaught
from skelfuse.errors import SkelfuseError
from skelfuse.predict import Recogniser
from skelfuse.predict.clock import rate_of
from skelfuse.predict.stream import FrameError, Stream
from skelfuse.predict.windows import Window


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    found: Recogniser = untaught.untaught()
    return found


def moving(frames: int) -> npt.NDArray[Any]:
    draw = np.random.default_rng(0)
    return draw.normal(size=(frames, 3, 3)).cumsum(axis=0).astype(np.float32)


def pushed(
    stream: Stream, frames: npt.NDArray[Any], times: Sequence[float] | None = None
) -> list[Window]:
    found = []
    for i, frame in enumerate(frames):
        found += stream.push(frame, None if times is None else times[i])
    return found + stream.finish()


@pytest.mark.campaign
@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 60, 120])
def test_at_whole_milliseconds_every_frame_counts_once(recogniser: Recogniser, fps: float) -> None:
    coords = moving(round(150 * fps))
    times = [round(i / fps, 3) for i in range(len(coords))]
    expected = pushed(Stream(recogniser, window="50f", stride="200f"), coords)
    for given in (None, fps):
        stream = Stream(recogniser, window="50f", stride="200f", fps=given)
        found = pushed(stream, coords, times)
        assert [(w.first, w.after) for w in found] == [(w.first, w.after) for w in expected]
        for one, other in zip(found, expected, strict=True):
            assert one.prediction is not None
            assert other.prediction is not None
            np.testing.assert_allclose(
                one.prediction.probabilities, other.prediction.probabilities, atol=1e-6
            )
            assert one.begins == pytest.approx(one.first / fps, abs=0.01)
            assert one.ends == pytest.approx(one.after / fps, abs=0.01)


def test_the_rate_is_that_of_the_times() -> None:
    assert rate_of([i / 25 for i in range(17)]) == pytest.approx(25)
    assert rate_of([round(1.7e9 + i / 30, 3) for i in range(17)]) == 30
    assert rate_of([i / 29.97 for i in range(17)]) == pytest.approx(29.97)  # a finer clock
    assert rate_of([round(i / 22.4, 3) for i in range(17)]) == pytest.approx(22.4, rel=0.002)
    left_out = [i / 25 for i in range(24) if i % 3]
    assert rate_of(left_out, ended=True) == pytest.approx(25)
    assert rate_of([7.0], ended=True) == 1.0
    assert rate_of([7.0], 30, ended=True) == 30


@pytest.mark.parametrize(("fps", "told"), [(30.0, "expected about 0.0333"), (None, "expected 1e")])
@pytest.mark.parametrize("frames", [2, 3, 40])
def test_milliseconds_are_told(
    recogniser: Recogniser, fps: float | None, told: str, frames: int
) -> None:
    stream = Stream(recogniser, window="2s", stride="0.5s", fps=fps)
    times = [33.0 * i for i in range(frames)]
    with pytest.raises(SkelfuseError, match="found 33; are these milliseconds") as error:
        pushed(stream, moving(frames), times)
    assert told in str(error.value)
    assert not isinstance(error.value, FrameError)  # no frame will be better


@pytest.mark.parametrize("apart", [5e-324, 1e-300, 1e-7, 1e308])
@pytest.mark.parametrize("fps", [30.0, None])
def test_no_time_is_too_small_or_too_large_to_be_told(
    recogniser: Recogniser, apart: float, fps: float | None
) -> None:
    stream = Stream(recogniser, window="2s", stride="0.5s", fps=fps)
    times = [apart * i for i in range(20)] if apart < 1 else [-apart, 0, apart]
    if apart < 1 and fps:  # as many frames as come at once
        pushed(stream, moving(len(times)), times)
        return
    with pytest.raises(SkelfuseError, match="'t' is in seconds"):
        pushed(stream, moving(len(times)), times)


def test_a_slow_camera_and_a_late_start_are_no_milliseconds(recogniser: Recogniser) -> None:
    slow = Stream(recogniser, window="8f", stride="8f", fps=0.5)
    found = pushed(slow, moving(16), [2.0 * i for i in range(16)])
    assert [(w.first, w.after) for w in found] == [(0, 8), (8, 16)]
    late = Stream(recogniser, window="1s", stride="1s", fps=30)
    found = pushed(late, moving(61), [0.0, *(100 + i / 30 for i in range(60))])
    assert [(w.first, w.after) for w in found] == [(0, 1), (1, 31), (31, 61)]
    assert found[1].begins == pytest.approx(100)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 10**400])
def test_a_bad_time_leaves_the_stream_as_it_was(recogniser: Recogniser, bad: float) -> None:
    coords = moving(20)
    for times in (None, [i / 30 for i in range(20)]):
        expected = pushed(Stream(recogniser, window="10f", stride="10f", fps=30), coords, times)
        stream = Stream(recogniser, window="10f", stride="10f", fps=30)
        with pytest.raises(FrameError, match="time"):
            stream.push(coords[0], bad)
        assert stream.skip() == []
        found = pushed(stream, coords, times)
        assert [(w.first, w.after, w.best) for w in found] == [
            (w.first, w.after, w.best) for w in expected
        ]
