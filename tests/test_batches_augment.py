"""Every augmentation does what it says and no more, and none does anything unless asked."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from skelfuse.batches import Augment
from skelfuse.batches.augment import augmented, order_of_persons, retimed
from skelfuse.batches.chance import clip_keys
from skelfuse.batches.sampling import SampleTimes
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, HAND_21, KINECT_V2
from skelfuse.skeleton import Skeleton

KEYS = clip_keys(3, 1, torch.arange(300))


def bodies(skeleton: Skeleton = KINECT_V2, clips: int = 300) -> tuple[Tensor, Tensor]:
    """Return clips of 6 frames and 2 persons, of whom every third clip's second is absent."""
    torch.manual_seed(0)
    x = torch.randn(clips, 6, 2, len(skeleton), skeleton.dimensions)
    mask = torch.rand(x.shape[:4]) > 0.1
    x[::3, :, 1] = 0
    mask[::3, :, 1] = False
    return x, mask


def changed(
    augment: Augment, x: Tensor, mask: Tensor, skeleton: Skeleton = KINECT_V2
) -> tuple[Tensor, Tensor]:
    return augmented(augment, x, mask, KEYS[: len(x)], skeleton)


def gaps_between_joints(x: Tensor) -> Tensor:
    flat = x.flatten(2, 3)
    distances: Tensor = torch.linalg.vector_norm(flat[:, :, :, None] - flat[:, :, None], dim=-1)
    return distances


def test_off_is_off() -> None:
    x, mask = bodies()
    y, seen = changed(Augment(), x, mask)
    assert torch.equal(y, x)
    assert torch.equal(seen, mask)
    when = SampleTimes(torch.rand(300, 6), torch.ones(300, 6, dtype=torch.bool))
    assert retimed(Augment(), when, KEYS) is when
    assert order_of_persons(Augment(), mask.any(3).any(1), KEYS) is None


@pytest.mark.parametrize("skeleton", [KINECT_V2, COCO_17])
def test_a_rotation_keeps_all_distances_and_the_side(skeleton: Skeleton) -> None:
    x, mask = bodies(skeleton, 30)
    rotate = (0.5, 0.5, 0.5) if skeleton.dimensions == 3 else (0.5,)
    y, seen = changed(Augment(rotate=rotate), x, mask, skeleton)
    torch.testing.assert_close(gaps_between_joints(y), gaps_between_joints(x), rtol=1e-4, atol=1e-4)
    assert torch.equal(seen, mask)
    matrix = torch.linalg.lstsq(x[1].flatten(0, 2), y[1].flatten(0, 2)).solution
    assert float(torch.det(matrix)) == pytest.approx(1, abs=1e-4)
    assert not torch.allclose(y, x)


def test_a_rotation_turns_about_the_axis_that_it_says_up_to_the_angle_that_it_says() -> None:
    x = torch.eye(3).repeat(300, 1, 1).view(300, 1, 1, 3, 3)
    mask = torch.ones(x.shape[:4], dtype=torch.bool)
    for axis in range(3):
        angles = [0.0, 0.0, 0.0]
        angles[axis] = 0.4
        y, _ = changed(Augment(rotate=tuple(angles)), x, mask)
        a, b = (axis + 1) % 3, (axis + 2) % 3
        torch.testing.assert_close(y[..., axis, :], x[..., axis, :])
        turned = torch.atan2(y[..., a, b], y[..., a, a])  # a positive angle brings a towards b
        assert 0.38 < float(turned.max()) <= 0.4
        assert -0.4 <= float(turned.min()) < -0.38
    y, _ = changed(Augment(rotate=(0.4,)), x[..., :2], mask, COCO_17)
    assert 0.38 < float(torch.atan2(y[..., 0, 1], y[..., 0, 0]).max()) <= 0.4


def test_scale_shear_and_shift_stay_in_their_bounds_and_reach_them() -> None:
    x, mask = bodies()
    y, _ = changed(Augment(scale=0.2), x, mask)
    factor = (y.norm(dim=-1) / x.norm(dim=-1))[:, :, 0]
    assert 0.8 - 1e-5 < float(factor.min()) < 0.81
    assert 1.19 < float(factor.max()) < 1.2 + 1e-5
    torch.testing.assert_close(factor.amax((1, 2)), factor.amin((1, 2)), rtol=1e-4, atol=1e-4)

    axes = torch.eye(3).repeat(300, 1, 1).view(300, 1, 1, 3, 3)
    y, _ = changed(Augment(shear=0.3), axes, torch.ones(axes.shape[:4], dtype=torch.bool))
    lean = (y - axes).view(300, 3, 3)
    assert not lean.diagonal(dim1=1, dim2=2).any()
    assert 0.29 < float(lean.abs().max()) <= 0.3

    y, _ = changed(Augment(shift=0.5), x, mask)
    by = (y - x)[:, :, 0]
    assert 0.49 < float(by.abs().max()) <= 0.5 + 1e-5
    torch.testing.assert_close(by, by[:, :1, :1].expand_as(by), rtol=1e-4, atol=1e-5)


def test_noise_has_the_deviation_that_it_says_and_is_new_everywhere() -> None:
    x, mask = bodies()
    y, _ = changed(Augment(noise=0.05), x, mask)
    noise = (y - x)[:, :, 0]
    assert float(noise.std()) == pytest.approx(0.05, rel=0.02)
    assert abs(float(noise.mean())) < 0.001
    neighbours = torch.corrcoef(torch.stack([noise[:, :-1].flatten(), noise[:, 1:].flatten()]))
    assert abs(float(neighbours[0, 1])) < 0.02


def test_an_absent_person_stays_zero() -> None:
    x, mask = bodies()
    everything = Augment((1, 1, 1), 0.2, 0.2, 0.2, 0.2, 0.5, 0.2, 0.2)
    y, seen = changed(everything, x, mask)
    assert not y[::3, :, 1].any()
    assert not seen[::3, :, 1].any()
    assert not (seen & ~mask & ~mask[:, :, :, list(KINECT_V2.mirror)]).any()


@pytest.mark.parametrize("skeleton", [KINECT_V2, COCO_17, HAND_21])
def test_mirroring_swaps_left_and_right_by_name_and_twice_is_nothing(skeleton: Skeleton) -> None:
    x, mask = bodies(skeleton, 20)
    y, seen = changed(Augment(mirror=1.0), x, mask, skeleton)
    for joint in skeleton.joints:
        other = dict(skeleton.pairs).get(joint) or {b: a for a, b in skeleton.pairs}.get(joint)
        i, j = skeleton.index(joint), skeleton.index(other or joint)
        assert torch.equal(y[..., i, 0], -x[..., j, 0])
        assert torch.equal(y[..., i, 1:], x[..., j, 1:])
        assert torch.equal(seen[..., i], mask[..., j])
    again, seen = changed(Augment(mirror=1.0), y, seen, skeleton)
    assert torch.equal(again, x)
    assert torch.equal(seen, mask)


def test_some_clips_are_mirrored_and_the_others_left_alone() -> None:
    x, mask = bodies()
    y, _ = changed(Augment(mirror=0.3), x, mask)
    same = (y == x).flatten(1).all(dim=1)
    whole, _ = changed(Augment(mirror=1.0), x, mask)
    assert torch.equal(y[~same], whole[~same])
    assert 0.2 < float((~same).float().mean()) < 0.4


def test_dropped_joints_are_gone_for_the_whole_clip_in_the_share_that_was_asked() -> None:
    x, mask = bodies()
    mask = torch.ones_like(mask)
    y, seen = changed(Augment(joint_dropout=0.2), x, mask)
    assert torch.equal(seen.any(dim=1), seen.all(dim=1))
    assert float(seen.float().mean()) == pytest.approx(0.8, abs=0.02)
    assert torch.equal(y, torch.where(seen[..., None], x, 0.0))


def test_dropped_frames_are_gone_for_everybody_in_the_share_that_was_asked() -> None:
    x, mask = bodies()
    mask = torch.ones_like(mask)
    _, seen = changed(Augment(frame_dropout=0.3), x, mask)
    assert torch.equal(seen.flatten(2).any(dim=2), seen.flatten(2).all(dim=2))
    assert float(seen.float().mean()) == pytest.approx(0.7, abs=0.03)


def test_something_of_a_clip_always_stays() -> None:
    x, mask = bodies()
    mask[:, :5] = False  # one frame is left
    _, seen = changed(Augment(frame_dropout=0.99), x, mask)
    assert seen.flatten(1).any(dim=1).all()
    _, seen = changed(Augment(joint_dropout=0.99), x, mask)
    assert seen[:, :, 0].flatten(1).any(dim=1).all()


def test_something_of_a_clip_stays_where_joints_and_frames_go_missing_together() -> None:
    x, mask = bodies(COCO_17)
    mask = torch.rand(x.shape[:4], generator=torch.Generator().manual_seed(1)) < 0.2  # gaps
    mask[:, 0, 0, 0] = True
    x = torch.where(mask[..., None], x, 0.0)
    both = Augment(joint_dropout=0.8, frame_dropout=0.8)
    y, seen = changed(both, x, mask, COCO_17)
    assert seen.flatten(1).any(dim=1).all()
    # Where joints and frames that are drawn one without the other leave something, nothing changes.
    _, joints = changed(Augment(joint_dropout=0.8), x, mask, COCO_17)
    _, frames = changed(Augment(frame_dropout=0.8), x, mask, COCO_17)
    left = joints & frames
    something = left.flatten(1).any(dim=1)
    assert 0 < (~something).sum() < 150
    assert torch.equal(seen[something], left[something])
    assert torch.equal(y, torch.where(seen[..., None], x, 0.0))


def test_persons_change_places_and_absent_ones_stay_last() -> None:
    present = torch.tensor([[True, True, True], [True, True, False]]).repeat(150, 1)
    order = order_of_persons(Augment(swap_persons=1.0), present, KEYS)
    assert order is not None
    assert torch.equal(order.sort(dim=1).values, torch.arange(3).expand(300, 3))
    assert (order[1::2, 2] == 2).all()
    assert {tuple(row) for row in order[1::2].tolist()} == {(0, 1, 2), (1, 0, 2)}
    assert len({tuple(row) for row in order[::2].tolist()}) == 6
    few = order_of_persons(Augment(swap_persons=0.2), present, KEYS)
    assert few is not None
    assert 0.6 < float((few == torch.arange(3)).all(dim=1).float().mean()) < 0.95


def test_time_runs_backwards_within_what_is_real() -> None:
    position = torch.tensor([2.0, 3, 4, 5, 5, 5], dtype=torch.float64).expand(300, 6)
    real = torch.tensor([True] * 4 + [False] * 2).expand(300, 6)
    back = retimed(Augment(reverse=1.0), SampleTimes(position, real), KEYS)
    assert back.position[0].tolist() == [5, 4, 3, 2, 5, 5]
    assert torch.equal(back.real, real)
    some = retimed(Augment(reverse=0.5), SampleTimes(position, real), KEYS).position[:, 0]
    assert 0.4 < float((some == 5).double().mean()) < 0.6


def test_tempo_changes_smoothly_and_keeps_the_ends() -> None:
    position = torch.linspace(3, 53, 51, dtype=torch.float64).expand(300, 51)
    real = torch.ones(300, 51, dtype=torch.bool)
    warped = retimed(Augment(tempo=0.5), SampleTimes(position, real), KEYS).position
    assert torch.equal(warped[:, 0], position[:, 0])
    torch.testing.assert_close(warped[:, -1], position[:, -1])
    speed = warped.diff(dim=1)
    assert 0.5 - 1e-9 <= float(speed.min()) < 0.6
    assert 1.4 < float(speed.max()) <= 1.5 + 1e-9
    assert float(speed.diff(dim=1).abs().max()) < 0.1


def test_a_clip_draws_its_own_numbers_whatever_else_is_in_the_batch() -> None:
    x, mask = bodies()
    augment = Augment((0.3, 0.3, 0.3), 0.1, 0.1, 0.1, 0.1, 0.5, 0.1, 0.1)
    y, seen = changed(augment, x, mask)
    part, seen_part = augmented(augment, x[40:50], mask[40:50], KEYS[40:50], KINECT_V2)
    torch.testing.assert_close(part, y[40:50])
    assert torch.equal(seen_part, seen[40:50])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mirror": 1.5}, "'mirror' is out of range: expected 0 to 1, found 1.5"),
        ({"noise": -1.0}, "'noise' is out of range"),
        ({"frame_dropout": 1.0}, "'frame_dropout' is out of range"),
        ({"tempo": 1.0}, "'tempo' is out of range"),
        ({"shift": float("nan")}, "'shift' is out of range"),
        ({"rotate": (-0.1,)}, "'rotate' is out of range"),
    ],
)
def test_what_cannot_be_done_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        Augment(**options)


def test_angles_must_fit_the_skeleton() -> None:
    with pytest.raises(SkelfuseError, match="does not fit skeleton 'kinect-v2': expected angles"):
        Augment(rotate=(0.3,)).check(KINECT_V2)
    with pytest.raises(SkelfuseError, match="expected one angle in the plane"):
        Augment(rotate=(0.3, 0.3, 0.3)).check(COCO_17)
