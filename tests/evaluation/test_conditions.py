"""Each condition that makes a recording worse, on clips made by hand: ramps, gaps, torsos."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import ramps
from helpers.ramps import ramp, with_gaps
from skelfuse.batches import Sampling, batch_of
from skelfuse.clip import Clip
from skelfuse.evaluation.conditions import (
    beginning,
    every_second_frame,
    frames_between,
    jittered,
    mirrored,
    turned,
    vertical_axis,
    without_joints,
)
from skelfuse.evaluation.robustness import all_conditions
from skelfuse.layouts import COCO_17, HAND_21, KINECT_V2, SBU_15, layout
from skelfuse.skeleton import Skeleton

BODIES = pytest.mark.parametrize(
    "body", [KINECT_V2, COCO_17, HAND_21, SBU_15], ids=lambda b: b.name
)


@BODIES
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_joints_go_for_the_whole_clip(body: Skeleton, share: float) -> None:
    whole = with_gaps(ramp(body))
    fewer = without_joints(whole, share)
    for m in range(2):
        before, after = whole.mask[:, m], fewer.mask[:, m]
        gone = before.any(axis=0) & ~after.any(axis=0)
        assert gone.sum() == np.floor(share * (len(body) - 1) + 0.5)
        np.testing.assert_array_equal(after[:, ~gone], before[:, ~gone])
    kept = fewer.mask
    np.testing.assert_array_equal(fewer.coords[kept], whole.coords[kept])


def test_more_joints_gone_are_those_gone_before_and_others() -> None:
    clip = ramp()
    masks = [without_joints(clip, share).mask for share in (0.1, 0.3, 0.5)]
    assert not (masks[1] & ~masks[0]).any()
    assert not (masks[2] & ~masks[1]).any()


def test_one_joint_goes_and_one_stays_at_least() -> None:
    body = Skeleton("two", joints=("a", "b"), bones=(("b", "a"),), root="a")
    clip = ramp(body)
    for share in (0.01, 0.5, 1.0):
        assert without_joints(clip, share).mask.all(axis=0).sum() == 2  # one of each person
    alone = replace(clip, coords=np.where([[True], [False]], clip.coords, np.nan))
    assert without_joints(alone, 1.0).mask.any()
    unseen = replace(clip, coords=np.full_like(clip.coords, np.nan))
    assert not without_joints(unseen, 0.5).mask.any()


@BODIES
def test_jitter_has_the_deviation_asked_for_and_no_mean(body: Skeleton) -> None:
    still = with_gaps(ramp(body, frames=400))
    noisy = jittered(still, 0.05)
    np.testing.assert_array_equal(noisy.mask, still.mask)
    added = (noisy.coords - still.coords)[still.mask].astype(np.float64)
    coords = still.coords[0, 0].astype(np.float64)
    bones = np.linalg.norm(coords - coords[list(body.parents)], axis=-1)
    size = 2.0 if body.hips else np.nanmedian(bones[bones > 0])  # the torso of `ramp`
    assert added.std() == pytest.approx(0.05 * size, rel=0.05)
    assert abs(added.mean()) < 0.01 * size
    assert abs(np.corrcoef(added[:-1, 0], added[1:, 0])[0, 1]) < 0.1


@pytest.mark.parametrize(("share", "frames"), [(0.25, 5), (0.5, 10), (0.75, 15), (1e-9, 1)])
def test_a_ramp_cut_short_is_its_beginning(share: float, frames: int) -> None:
    clip = ramp(confidence=np.ones((20, 2, 25)))
    cut = beginning(clip, share)
    np.testing.assert_array_equal(cut.coords, clip.coords[:frames])
    assert cut.confidence is not None
    assert len(cut.confidence) == frames


@pytest.mark.slow
def test_frames_of_a_ramp_lie_on_the_ramp_at_any_rate() -> None:
    clip = with_gaps(ramp())
    slow, fast = every_second_frame(clip), frames_between(clip)
    assert (slow.fps, fast.fps) == (15, 60)
    steps = np.diff(slow.coords, axis=0), np.diff(fast.coords, axis=0)
    for step, size in zip(steps, (2, 0.5), strict=True):
        np.testing.assert_allclose(step[~np.isnan(step)], size, atol=1e-5)
    np.testing.assert_array_equal(fast.coords[::2], clip.coords)
    np.testing.assert_array_equal(slow.coords, clip.coords[::2])
    # A joint gone in frames 3 to 6 of 0 to 19 is gone from 2 1/2 to 6 1/2.
    np.testing.assert_array_equal(np.flatnonzero(~fast.mask[:, 0, -2]), np.arange(5, 14))
    assert every_second_frame(replace(clip, fps=None)).fps is None
    assert frames_between(ramp(frames=1)).frames == 1
    # Resized to as many frames, the doubled clip is the same to a model.
    sampling = Sampling(frames=39)
    a, b = (batch_of([one], sampling=sampling) for one in (clip, fast))
    torch.testing.assert_close(a.x[b.mask], b.x[b.mask], atol=1e-4, rtol=0)


@pytest.mark.parametrize("vertical", [0, 1, 2])
@pytest.mark.parametrize("degrees", [30, 60, 90])
def test_a_turn_keeps_heights_and_all_distances(vertical: int, degrees: int) -> None:
    clip = with_gaps(ramp())
    view = turned(clip, degrees, vertical=vertical)
    seen = clip.mask
    np.testing.assert_array_equal(view.mask, seen)
    np.testing.assert_allclose(
        view.coords[seen][:, vertical], clip.coords[seen][:, vertical], atol=1e-5
    )
    a, b = (one.coords[seen].astype(np.float64) for one in (clip, view))
    np.testing.assert_allclose(b.mean(axis=0), a.mean(axis=0), atol=1e-5)
    across = [axis for axis in range(3) if axis != vertical]
    a, b = (one[:, across] - one[:, across].mean(axis=0) for one in (a, b))
    inner = (a * b).sum(axis=1)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(inner, lengths * np.cos(np.radians(degrees)), atol=1e-3)
    back = turned(view, -degrees, vertical=vertical)
    np.testing.assert_allclose(back.coords[seen], clip.coords[seen], atol=1e-4)


def test_a_flat_clip_turns_in_its_plane() -> None:
    clip = Clip(
        np.array([[[[3.0, 0], [1, 0]]]]),
        Skeleton("stick", joints=("a", "b"), bones=(("b", "a"),), root="a", dimensions=2),
        name="level",
    )
    np.testing.assert_allclose(turned(clip, 90).coords[0, 0], [[2, 1], [2, -1]], atol=1e-12)


@BODIES
def test_a_mirror_swaps_names_and_sides_and_twice_is_nothing(body: Skeleton) -> None:
    clip = with_gaps(ramp(body))
    swapped = mirrored(clip)
    for left, right in body.pairs:
        a, b = clip.coords[:, :, body.index(left)], swapped.coords[:, :, body.index(right)]
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
        np.testing.assert_allclose(b[..., 1:], a[..., 1:], atol=1e-5)
        np.testing.assert_allclose(
            np.diff(b[..., 0], axis=0), -np.diff(a[..., 0], axis=0), atol=1e-5
        )
    np.testing.assert_allclose(mirrored(swapped).coords, clip.coords, atol=1e-4)
    if body.dimensions == 3:
        lying = mirrored(clip, vertical=0).coords  # x is up: it must stay
        other = list(body.mirror)
        np.testing.assert_allclose(lying[..., 0], clip.coords[:, :, other, 0], atol=1e-5)


@pytest.mark.parametrize("up", [0, 1, 2])
def test_the_vertical_is_found_whichever_way_it_points(up: int) -> None:
    clip = ramp()
    upright = replace(clip, coords=np.roll(clip.coords, up - 1, axis=-1))
    hanging = replace(upright, coords=-upright.coords)
    assert vertical_axis([upright]) == vertical_axis([hanging, with_gaps(hanging)]) == up
    unseen = replace(clip, coords=np.full_like(clip.coords, np.nan))
    assert vertical_axis([unseen]) is None
    assert vertical_axis([ramp(HAND_21)]) is None
    assert vertical_axis([ramp(COCO_17)]) is None


NOTHING: list[Callable[[Clip], Clip]] = [
    lambda clip: without_joints(clip, 0),
    lambda clip: jittered(clip, 0),
    lambda clip: beginning(clip, 1),
    lambda clip: turned(clip, 0),
    all_conditions(flat=False)[0].change,
]


@pytest.mark.parametrize("change", NOTHING)
@BODIES
def test_nothing_changes_at_strength_zero(change: Callable[[Clip], Clip], body: Skeleton) -> None:
    clip = with_gaps(ramp(body))
    same = change(clip)
    np.testing.assert_array_equal(same.coords, clip.coords)
    assert (same.name, same.fps, same.coords.dtype) == (clip.name, clip.fps, clip.coords.dtype)


@pytest.mark.long
@pytest.mark.slow
@given(
    body=st.sampled_from([KINECT_V2, COCO_17, layout("coco-17", dimensions=3), HAND_21, ramps.TWO]),
    frames=st.integers(1, 30),
    gaps=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_every_condition_keeps_a_clip_a_clip(
    body: Skeleton, frames: int, gaps: float, seed: int
) -> None:
    clip, draw = ramp(body, frames), np.random.default_rng(seed)
    coords = clip.coords.copy()
    coords[draw.random(coords.shape[:3]) < gaps] = np.nan
    clip = replace(clip, coords=coords)
    before = coords.copy()
    for test in all_conditions(flat=body.dimensions == 2, seed=seed):
        found, again = test.change(clip), test.change(clip)
        np.testing.assert_array_equal(found.coords, again.coords)
        assert found.skeleton == body
        assert found.coords.dtype == np.float32
        assert np.isnan(found.coords).any(axis=-1).sum() == (~found.mask).sum()
        assert torch.isfinite(batch_of([found], sampling=Sampling(frames=8)).x).all()
        np.testing.assert_array_equal(clip.coords, before)  # what was given stays as it was


def test_what_is_drawn_depends_on_the_seed_and_the_name_alone() -> None:
    for change in (without_joints, jittered):
        clip = ramp()
        a, b = change(clip, 0.3, seed=1), change(clip, 0.3, seed=2)
        c = change(replace(clip, name="other"), 0.3, seed=1)
        other = change(replace(clip, label="x", subject="y"), 0.3, seed=1)
        np.testing.assert_array_equal(a.coords, other.coords)
        for one in (b, c):
            assert not np.array_equal(a.coords, one.coords, equal_nan=True)
