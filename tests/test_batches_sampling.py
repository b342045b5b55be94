"""Clips of any length become T frames: at the right sample times, and nothing is made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelfuse.batches import Batch, Sampling, batch_of
from skelfuse.batches.sampling import Mode
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import HAND_21, KINECT_V2
from skelfuse.skeleton import Skeleton

STICK = Skeleton("stick", joints=("a", "b"), bones=(("b", "a"),), root="a", dimensions=2)
MODES: tuple[Mode, ...] = ("resize", "uniform", "crop")
AS_IT_IS = Sampling(centre=False)


def ramp(frames: int, persons: int = 1, fps: float | None = None) -> Clip:
    """Return a clip in which every coordinate is the number of the frame."""
    coords = np.broadcast_to(np.arange(float(frames))[:, None, None, None], (frames, persons, 2, 2))
    return Clip(coords, STICK, name=f"ramp {frames}", fps=fps)


def numbers(batch: Batch, clip: int = 0) -> npt.NDArray[Any]:
    """Return the frame numbers of a ramp at its T sample times."""
    return np.asarray(batch.x[clip, :, 0, 0, 0])


def sampled(clip: Clip, **options: Any) -> Batch:
    return batch_of([clip], sampling=replace(AS_IT_IS, **options))


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(2, 100))
def test_a_resized_ramp_stays_a_ramp_and_keeps_its_ends(frames: int, T: int) -> None:
    batch = sampled(ramp(frames), frames=T)
    np.testing.assert_allclose(numbers(batch), np.linspace(0, frames - 1, T), rtol=1e-6, atol=1e-4)
    assert numbers(batch)[0] == 0
    assert numbers(batch)[-1] == frames - 1
    assert batch.mask.all()


def test_as_many_frames_as_the_clip_has_are_those_frames() -> None:
    clip = Clip(np.random.default_rng(0).normal(size=(17, 2, 25, 3)), KINECT_V2, name="c")
    for mode in MODES:
        batch = batch_of([clip], sampling=replace(AS_IT_IS, frames=17, mode=mode))
        np.testing.assert_array_equal(batch.x[0].numpy(), clip.coords.astype(np.float32))


@given(st.integers(1, 90), st.integers(1, 64), st.sampled_from(MODES), st.integers(0, 9))
def test_in_every_mode_a_still_body_stays_where_it_is(
    frames: int, T: int, mode: Mode, crops: int
) -> None:
    clip = Clip(np.full((frames, 1, 2, 2), 0.1), STICK, name="still")
    sampling = Sampling(frames=T, mode=mode, centre=False)
    batch = batch_of([clip], sampling=sampling, crops=crops if mode != "resize" and crops else 1)
    assert torch.equal(batch.x, torch.full_like(batch.x, 0.1))
    assert batch.mask[:, 0].all()


@pytest.mark.parametrize("frames", [4, 10, 16, 40, 41, 300])
def test_uniform_takes_one_whole_frame_of_each_equal_segment(frames: int) -> None:
    taken = numbers(sampled(ramp(frames), frames=16, mode="uniform"))
    edges = np.linspace(0, frames, 17)
    assert (taken == taken.round()).all()
    assert ((np.floor(edges[:-1]) <= taken) & (taken <= edges[1:])).all()


def test_a_crop_is_the_middle_at_the_clips_own_rate_and_a_short_clip_is_masked_beyond() -> None:
    assert numbers(sampled(ramp(21), frames=5, mode="crop")).tolist() == [8, 9, 10, 11, 12]
    short = sampled(ramp(3), frames=5, mode="crop")
    assert numbers(short).tolist() == [0, 1, 2, 2, 2]
    assert short.mask[0, :, 0, 0].tolist() == [True] * 3 + [False] * 2


def test_one_moment_is_the_middle_of_the_clip() -> None:
    for mode in MODES:
        assert numbers(sampled(ramp(9), frames=1, mode=mode)).tolist() == [4]


def test_at_a_common_rate_clips_of_other_rates_are_the_same_movement() -> None:
    slow, fast = ramp(11, fps=10), ramp(31, fps=30)  # one second each, and one frame
    for mode in ("crop", "resize"):
        sampling = replace(AS_IT_IS, frames=20, mode=mode, fps=10)
        batch = batch_of([slow, fast], sampling=sampling)
        np.testing.assert_allclose(numbers(batch, 1), 3 * numbers(batch, 0), rtol=1e-6)
        assert batch.mask[:, :11].all()  # what there is of them
        assert not batch.mask[:, 11:].any()  # and no more
    long = sampled(ramp(91, fps=30), frames=10, fps=10)  # does not fit: squeezed
    np.testing.assert_allclose(numbers(long), np.linspace(0, 90, 10), rtol=1e-6)
    assert long.mask.all()


def test_a_common_rate_needs_clips_that_say_theirs() -> None:
    with pytest.raises(SkelfuseError, match="clip 'ramp 5' does not say its frame rate"):
        sampled(ramp(5), fps=30)


def test_several_crops_lie_evenly_over_the_clip_and_follow_one_another() -> None:
    sampling = replace(AS_IT_IS, frames=5, crop=(0.4, 0.6))
    batch = batch_of([ramp(101), ramp(11)], sampling=sampling, crops=3)
    assert batch.index.tolist() == [0, 0, 0, 1, 1, 1]
    ends = batch.x[:, [0, -1], 0, 0, 0]
    expected = [[0.0, 50], [25, 75], [50, 100], [0, 5], [2.5, 7.5], [5, 10]]
    torch.testing.assert_close(ends, torch.tensor(expected), rtol=0, atol=1e-4)
    windows = batch_of([ramp(101)], sampling=Sampling(5, "crop", centre=False), crops=3)
    assert windows.x[:, 0, 0, 0, 0].tolist() == [0, 48, 96]
    frames = batch_of([ramp(100)], sampling=Sampling(10, "uniform", centre=False), crops=10)
    assert sorted(frames.x[:, :, 0, 0, 0].flatten().tolist()) == list(range(100))


def test_a_joint_between_a_seen_and_an_unseen_frame_is_unseen() -> None:
    clip = ramp(5)
    coords = clip.coords.copy()
    coords[2, 0, 1] = np.nan
    batch = sampled(replace(clip, coords=coords), frames=9)  # every half frame
    assert batch.mask[0, :, 0, 1].tolist() == [True] * 3 + [False] * 3 + [True] * 3
    assert batch.mask[0, :, 0, 0].all()
    np.testing.assert_allclose(batch.x[0, :, 0, 1, 0], np.arange(9) / 2)  # filled all the same


def test_however_short_a_clip_its_first_moment_is_real() -> None:
    for mode in MODES:
        batch = sampled(ramp(1, fps=30), frames=3, mode=mode, fps=5)
        assert batch.mask[0, :, 0, 0].tolist() == [True, False, False]


def test_persons_that_are_not_there_are_zero_and_unseen() -> None:
    clips = [ramp(7, persons=3), ramp(4, persons=1)]
    clips = [replace(clip, coords=clip.coords + 1) for clip in clips]
    batch = batch_of(clips, sampling=replace(AS_IT_IS, frames=6, persons=5))
    assert batch.x.shape == (2, 6, 3, 2, 2)
    assert batch.mask[0].all()
    assert not batch.mask[1, :, 1:].any()
    assert not batch.x[1, :, 1:].any()
    assert batch_of(clips, sampling=replace(AS_IT_IS, persons=2)).x.shape[2] == 2


@pytest.mark.slow
@given(st.data())
def test_whatever_the_clips_are_like_the_tensors_are_finite(data: st.DataObject) -> None:
    skeleton = data.draw(st.sampled_from([STICK, HAND_21, KINECT_V2]))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    clips = []
    for frames in data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=4)):
        shape = (frames, int(rng.integers(1, 4)), len(skeleton), skeleton.dimensions)
        coords = rng.normal(size=shape)
        coords[rng.random(shape[:3]) < rng.choice([0, 0.3, 0.97, 1])] = np.nan
        clips.append(Clip(coords, skeleton, name="c"))
    sampling = Sampling(
        frames=data.draw(st.integers(1, 20)),
        mode=data.draw(st.sampled_from(MODES)),
        align=skeleton is KINECT_V2,
        scale=data.draw(st.booleans()),
    )
    batch = batch_of(clips, sampling=sampling)
    assert torch.isfinite(batch.x).all()
    assert batch.x.dtype == torch.float32
    for clip, mask in zip(clips, batch.mask, strict=True):
        ever = torch.from_numpy(clip.mask).any(dim=0)[: mask.shape[1]]  # [M,N]
        assert not mask[:, : len(ever)][:, ~ever].any()
