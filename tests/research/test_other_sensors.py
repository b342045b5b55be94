"""One recording as other sensors would give it: the same movement in each of them."""

from __future__ import annotations

import numpy as np
import pytest

from research.other_sensors.run import ARMS, SENSORS
from skelfuse.clip import Clip
from skelfuse.layouts import KINECT_V1


@pytest.fixture
def clip() -> Clip:
    coords = np.random.default_rng(1).normal(size=(9, 1, 20, 3)).astype(np.float32)
    return Clip(coords, KINECT_V1, "a", "a03 wave", subject="1", replication="2", fps=30.0)


def as_seen(sensor: str, clip: Clip) -> Clip:
    seen = SENSORS[sensor](clip, np.random.default_rng(0))
    assert seen is not None
    return seen


def distances(clip: Clip) -> np.ndarray:
    joints = clip.coords[:, 0].astype(np.float64)
    return np.asarray(np.linalg.norm(joints[:, :, None] - joints[:, None], axis=-1))


def test_another_rate_is_the_same_movement(clip: Clip) -> None:
    slow, fast = as_seen("15 frames a second", clip), as_seen("120 frames a second", clip)
    assert (slow.fps, fast.fps, slow.frames, fast.frames) == (15, 120, 5, 33)
    np.testing.assert_array_equal(slow.coords, clip.coords[::2])
    np.testing.assert_allclose(fast.coords[::4], clip.coords, atol=1e-6)
    middle = (clip.coords[:-1] + clip.coords[1:]) / 2
    np.testing.assert_allclose(fast.coords[2::4], middle, atol=1e-6)


def test_other_axes_and_units_keep_the_body_and_what_is_up(clip: Clip) -> None:
    seen = as_seen("millimetres, z up, facing anywhere", clip)
    np.testing.assert_allclose(distances(seen), 1000 * distances(clip), rtol=1e-3)
    np.testing.assert_allclose(seen.coords[..., 2], 1000 * clip.coords[..., 1], rtol=1e-3)
    # No mirror image: three bones span the same volume, with the same sign.
    spans = [np.diff(one.coords[0, 0, :4].astype(float), axis=0) for one in (clip, seen)]
    mine, theirs = (float(np.linalg.det(span)) for span in spans)
    assert theirs == pytest.approx(1e9 * mine, rel=1e-2)


def test_an_image_has_two_axes_with_y_downwards(clip: Clip) -> None:
    seen = as_seen("pixels, without depth", clip)
    assert (seen.coords.shape[-1], seen.skeleton.dimensions) == (2, 2)
    rising = clip.coords[0, 0, 5, 1] - clip.coords[0, 0, 4, 1]
    falling = seen.coords[0, 0, 5, 1] - seen.coords[0, 0, 4, 1]
    assert falling == pytest.approx(-200 * rising, rel=1e-3)


def test_joints_are_lost_and_arms_are_left(clip: Clip) -> None:
    losing = as_seen("a tenth of the joints missing, three wholly in 30 %", clip)
    lost = np.isnan(losing.coords).any(-1)
    assert 0 < lost.mean() < 0.5
    np.testing.assert_array_equal(losing.coords[~lost], clip.coords[~lost])
    arms = as_seen("arms alone", clip)
    assert arms.skeleton.joints == ARMS
    assert not arms.skeleton.hips
    hand = clip.coords[:, :, KINECT_V1.index("right_hand")]
    np.testing.assert_array_equal(arms.coords[:, :, ARMS.index("right_hand")], hand)


def test_few_clips_are_of_few_classes_and_takes(clip: Clip) -> None:
    few = SENSORS["8 classes, 96 clips"]
    draw = np.random.default_rng(0)
    assert few(clip, draw) is clip
    others = [("a09 boxing", "1"), ("a03 wave", "4")]
    for label, take in others:
        assert few(Clip(clip.coords, KINECT_V1, "b", label, replication=take), draw) is None
