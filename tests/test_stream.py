"""A live recording is recognised as the whole of it is afterwards, whatever its camera does."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from helpers import untaught
from helpers.untaught import ARM
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.predict import Recogniser
from skelfuse.predict.stream import LONGEST_GAP, FrameError, Stream
from skelfuse.predict.windows import Window

Array = npt.NDArray[Any]


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    found: Recogniser = untaught.untaught()
    return found


def moving(frames: int, persons: int = 1, seed: int = 0) -> Array:
    """Return people who walk about, `[T,M,N,D]`, some joints missing."""
    draw = np.random.default_rng(seed)
    coords = draw.normal(size=(frames, persons, 3, 3)).cumsum(axis=0).astype(np.float32)
    coords[draw.random((frames, persons, 3)) < 0.1] = np.nan
    return coords


def pushed(stream: Stream, frames: Iterable[Any], times: Iterable[float] = ()) -> list[Window]:
    """Return all windows, each checked to have come with its last frame."""
    windows = []
    given = list(times)
    for i, frame in enumerate(frames):
        for window in stream.push(frame, given[i] if given else None):
            if not given:
                assert window.after == i + 1
            windows.append(window)
    return windows + stream.finish()


def assert_same(found: list[Window], expected: list[Window]) -> None:
    assert [(one.first, one.after) for one in found] == [(w.first, w.after) for w in expected]
    for one, other in zip(found, expected, strict=True):
        if other.begins is not None:
            assert (one.begins, one.ends) == pytest.approx((other.begins, other.ends))
        assert (one.prediction is None) == (other.prediction is None)
        if one.prediction is not None and other.prediction is not None:
            np.testing.assert_allclose(
                one.prediction.probabilities, other.prediction.probabilities, atol=1e-6
            )


@pytest.mark.parametrize(
    ("window", "stride", "fps"),
    [("1s", "0.5s", 25), ("40f", "7f", None), ("10f", "30f", None), ("0.7s", "0.1s", 29.97)],
)
@pytest.mark.parametrize("frames", [5, 40, 133])
def test_streaming_is_the_timeline(
    recogniser: Recogniser, window: str, stride: str, fps: float | None, frames: int
) -> None:
    coords = moving(frames, persons=2)
    coords[50:100, 0] = np.nan  # the first one leaves the picture
    clip = Clip(coords, ARM, name="whole", fps=fps)
    expected = recogniser.timeline(clip, window=window, stride=stride)
    assert len({tuple(w.prediction.probabilities) for w in expected if w.prediction}) == len(
        expected
    )
    assert expected[-1].after == frames
    stream = Stream(recogniser, window=window, stride=stride, fps=fps)
    assert_same(pushed(stream, coords), expected)


def test_people_come_and_go(recogniser: Recogniser) -> None:
    coords = moving(60, persons=3)
    coords[:30, 1:] = np.nan
    coords[45:] = np.nan
    lists = [*coords[:30, :1], *coords[30:45], *[None] * 15]
    expected = recogniser.timeline(Clip(coords, ARM, name="whole"), window="15f", stride="15f")
    assert [w.prediction is None for w in expected] == [False, False, False, True]
    assert_same(pushed(Stream(recogniser, window="15f", stride="15f"), lists), expected)
    empty = [*coords[:45], *[np.empty((0, 3, 3))] * 15]
    assert_same(pushed(Stream(recogniser, window="15f", stride="15f"), empty), expected)


def test_one_recording_after_another(recogniser: Recogniser) -> None:
    coords = moving(50)
    stream = Stream(recogniser, window="20f", stride="10f")
    first, second = pushed(stream, coords), []
    for frame in coords:
        second += stream.push(frame)
    second += stream.finish()
    assert [(w.first - 50, w.after - 50) for w in second] == [(w.first, w.after) for w in first]
    assert stream.finish() == []


def test_frames_that_the_camera_left_out_are_frames_without_anybody(
    recogniser: Recogniser,
) -> None:
    coords = moving(120)
    coords[[3, 40, 41, 42, 77]] = np.nan
    kept = [i for i in range(120) if i not in (3, 40, 41, 42, 77)]
    expected = recogniser.timeline(
        Clip(coords, ARM, name="a", fps=30.0), window="1s", stride="0.5s"
    )
    for fps in (30.0, None):  # the rate is in the times too
        stream = Stream(recogniser, window="1s", stride="0.5s", fps=fps)
        found = pushed(stream, coords[kept], [i / 30 for i in kept])
        assert_same(found, expected)
    stream = Stream(recogniser, window="1s", stride="0.5s", fps=30)
    late = pushed(stream, coords[kept], [1000 + i / 30 for i in kept])
    assert late[0].begins == pytest.approx(1000)
    assert [w.best for w in late] == [w.best for w in expected]


def test_jittering_times_still_fill_every_slot(recogniser: Recogniser) -> None:
    coords = moving(90)
    expected = recogniser.timeline(Clip(coords, ARM, name="a", fps=30.0), window="1s", stride="1s")
    draw = np.random.default_rng(0)
    times = (np.arange(90) + draw.uniform(-0.3, 0.3, 90)) / 30
    times[0] = 0
    stream = Stream(recogniser, window="1s", stride="1s", fps=30)
    assert_same(pushed(stream, coords, times.tolist()), expected)


def test_a_leap_of_time_begins_a_new_recording(recogniser: Recogniser) -> None:
    coords = moving(80)
    times = [i / 30 for i in range(40)] + [1.7e9 + i / 30 for i in range(40)]
    stream = Stream(recogniser, window="1s", stride="0.5s", fps=30)
    found = pushed(stream, coords, times)
    assert [(w.first, w.after) for w in found] == [(0, 30), (10, 40), (40, 70), (50, 80)]
    assert found[2].begins == pytest.approx(1.7e9)
    shorter = [i / 30 for i in range(40)] + [1 + LONGEST_GAP + i / 30 for i in range(40)]
    stream = Stream(recogniser, window="1s", stride="0.5s", fps=30)
    told = pushed(stream, coords, shorter)
    assert sum(w.prediction is None for w in told) > 10  # nobody was there meanwhile


def test_a_camera_may_fill_the_same_array_again(recogniser: Recogniser) -> None:
    coords = moving(30)
    expected = pushed(Stream(recogniser, window="30f", stride="30f"), coords)
    stream, frame, found = (
        Stream(recogniser, window="30f", stride="30f"),
        np.empty((1, 3, 3), "f4"),
        [],
    )
    for now in coords:
        frame[...] = now
        found += stream.push(frame)
    assert_same(found, expected)


def test_a_bad_frame_leaves_the_stream_as_it_was(recogniser: Recogniser) -> None:
    coords = moving(40)
    stream = Stream(recogniser, window="20f", stride="10f")
    expected = pushed(Stream(recogniser, window="20f", stride="10f"), coords)
    found = []
    for frame in coords:
        found += stream.push(frame)
        for bad in (np.zeros((4, 3)), np.full((3, 3), np.inf), np.array(["x"]), np.zeros(3)):
            with pytest.raises(FrameError):
                stream.push(bad)
        with pytest.raises(FrameError, match="some have none"):
            stream.push(frame, 5.0)
    assert_same(found + stream.finish(), expected)
    timed = Stream(recogniser, window="20f", stride="10f", fps=30)
    timed.push(coords[0], 1.0)
    for t in (1.0, 0.5, float("nan")):
        with pytest.raises(FrameError, match="time"):
            timed.push(coords[1], t)


def test_what_cannot_work_is_told_at_the_first_frame(recogniser: Recogniser) -> None:
    with pytest.raises(SkelfuseError, match="frame rate is not known"):
        Stream(recogniser, window="2s", stride="10f").push(moving(1)[0])
    with pytest.raises(SkelfuseError, match="not a duration"):
        Stream(recogniser, window="2 hours")
    with pytest.raises(SkelfuseError, match="not a frame rate"):
        Stream(recogniser, fps=-1)
    with pytest.raises(SkelfuseError, match="joints' names"):
        Stream(recogniser, joint_names=["shoulder", "elbow", "foot"])
    with pytest.raises(SkelfuseError, match="shorter than a frame"):
        Stream(recogniser, stride="0.01s", fps=30).push(moving(1)[0])


def test_joints_by_name(recogniser: Recogniser) -> None:
    coords = moving(30)
    expected = pushed(Stream(recogniser, window="30f", stride="30f"), coords)
    names = ["hand", "shoulder", "elbow"]
    stream = Stream(recogniser, window="30f", stride="30f", joint_names=names)
    assert_same(pushed(stream, coords[:, :, [2, 0, 1]]), expected)


def test_a_stream_holds_one_window(recogniser: Recogniser) -> None:
    def grown(times: Sequence[float | None]) -> int:
        """Return the bytes that are held after so many frames, beyond those held after 50."""
        stream = Stream(recogniser, window="10f", stride="5000f")
        for number, time in enumerate(times):
            if number == 50:
                before = tracemalloc.get_traced_memory()[0]
            stream.push(np.zeros((100, 3, 3)), time)
        return tracemalloc.get_traced_memory()[0] - before

    frame = np.zeros((100, 3, 3)).nbytes
    tracemalloc.start()
    try:
        assert grown([None] * 1000) < 5 * frame
        assert grown([i / 30 for i in range(1000)]) < 5 * frame
    finally:
        tracemalloc.stop()
