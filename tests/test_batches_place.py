"""Many clips at once are moved, turned and scaled as `skelfuse.clips.view` does one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import strategies as st

from skelfuse.batches import Sampling, batch_of
from skelfuse.clip import Clip
from skelfuse.clips.view import align_view, normalise_scale
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, HAND_21, KINECT_V2
from skelfuse.skeleton import Skeleton

PLAIN = Sampling(frames=12, mode="crop", centre=False)  # frames as they are, to compare with
turns = st.tuples(*[st.floats(-np.pi, np.pi)] * 3)
moves = st.tuples(*[st.floats(-5, 5)] * 3)


def crowd(seed: int, skeleton: Skeleton = KINECT_V2, missing: float = 0.1) -> Clip:
    rng = np.random.default_rng(seed)
    shape = (12, int(rng.integers(1, 3)), len(skeleton), skeleton.dimensions)
    coords = rng.normal(size=shape) + 10
    coords[rng.random(shape[:3]) < missing] = np.nan
    return Clip(coords, skeleton, name=f"crowd {seed}")


def assert_like(clips: list[Clip], sampling: Sampling) -> None:
    """Compare each clip with its item of the batch wherever a joint was seen."""
    batch = batch_of(clips, sampling=sampling)
    for clip, x, mask in zip(clips, batch.x, batch.mask, strict=True):
        M = clip.persons
        np.testing.assert_array_equal(mask[:, :M], clip.mask)
        there: npt.NDArray[Any] = x[:, :M].numpy()
        np.testing.assert_allclose(there[clip.mask], clip.coords[clip.mask], rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("missing", [0, 0.1, 0.4])
def test_aligned_clips_are_those_of_the_view(missing: float) -> None:
    clips = [crowd(seed, missing=missing) for seed in range(20)]
    batch = batch_of(clips, sampling=replace(PLAIN, align=True))
    compared = 0
    for clip, x in zip(clips, batch.x, strict=True):
        try:
            aligned = align_view(clip)
        except SkelfuseError:
            continue  # nobody's torso is ever seen whole
        compared += 1
        seen = clip.mask
        there: npt.NDArray[Any] = x[:, : clip.persons].numpy()
        np.testing.assert_allclose(there[seen], aligned.coords[seen], rtol=1e-3, atol=2e-4)
    assert compared > 5


def test_scaled_clips_are_those_of_the_view() -> None:
    for skeleton in (KINECT_V2, HAND_21, COCO_17):
        clips = [crowd(seed, skeleton) for seed in range(8)]
        unscaled = batch_of(clips, sampling=replace(PLAIN)).x
        scaled = batch_of(clips, sampling=replace(PLAIN, scale=True)).x
        for clip, small, large in zip(clips, scaled, unscaled, strict=True):
            seen = np.isfinite(normalise_scale(clip).coords)
            M = clip.persons
            expected = normalise_scale(clip).coords[seen]
            np.testing.assert_allclose(small[:, :M].numpy()[seen], expected, rtol=1e-5)
            assert not np.allclose(small, large)


def test_clips_of_another_size_are_the_same_batch() -> None:
    clip = crowd(4, COCO_17)
    pixels = replace(clip, coords=640 * clip.coords)
    batch = batch_of([clip, pixels], sampling=replace(PLAIN, scale=True, centre=True))
    np.testing.assert_allclose(batch.x[1], batch.x[0], rtol=1e-4, atol=1e-4)


def test_the_first_body_seen_begins_at_the_origin_and_people_keep_their_places() -> None:
    for skeleton in (KINECT_V2, COCO_17, HAND_21):
        rng = np.random.default_rng(5)
        coords = rng.normal(size=(12, 2, len(skeleton), skeleton.dimensions)) + 10
        coords[:3, 0] = np.nan  # comes late
        clip = Clip(coords, skeleton, name="late")
        origin = coords[3, 0, list(skeleton.centre_indices)].mean(axis=0)
        assert_like([clip], PLAIN)
        batch = batch_of([clip], sampling=replace(PLAIN, centre=True))
        seen = clip.mask
        np.testing.assert_allclose(
            batch.x[0].numpy()[seen], (coords - origin)[seen], rtol=1e-4, atol=1e-5
        )


def test_a_clip_that_shows_too_little_is_left_as_it_is_turned_and_large() -> None:
    edge = np.zeros((12, 1, 25, 3))
    edge[..., 1] = np.arange(25)  # a line has an up, but no left and right
    clip = Clip(edge + 3, KINECT_V2, name="line")
    aligned = batch_of([clip], sampling=replace(PLAIN, align=True)).x
    centred = batch_of([clip], sampling=replace(PLAIN, centre=True)).x
    np.testing.assert_array_equal(aligned, centred)
    point = Clip(np.full((12, 1, 25, 3), 2.0), KINECT_V2, name="point")
    assert (batch_of([point], sampling=replace(PLAIN, scale=True)).x == 2).all()


def test_flat_clips_are_only_moved() -> None:
    clips = [crowd(seed, COCO_17) for seed in range(4)]
    aligned = batch_of(clips, sampling=replace(PLAIN, align=True)).x
    np.testing.assert_array_equal(aligned, batch_of(clips, sampling=replace(PLAIN, centre=True)).x)


def test_a_hand_has_no_view_to_align() -> None:
    with pytest.raises(SkelfuseError, match="needs hips and shoulders, and skeleton 'hand-21'"):
        batch_of([crowd(0, HAND_21)], sampling=replace(PLAIN, align=True))
