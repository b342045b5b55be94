"""Distances within a body and to its partner: what changes them, and what does not."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from skelfuse.layouts import COCO_17, KINECT_V2, LAYOUTS
from skelfuse.models.persons import Folded
from skelfuse.models.relations import Distances, Partner, marks_of, partner_of
from skelfuse.models.streams import MotionStreams
from skelfuse.skeleton import Skeleton

N = len(KINECT_V2)


def turned(x: Tensor, angle: float) -> Tensor:
    c, s = math.cos(angle), math.sin(angle)
    return x @ torch.tensor([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]).T + 0.7


def test_a_camera_elsewhere_sees_the_same_distances() -> None:
    torch.manual_seed(0)
    distances = Distances(KINECT_V2, partner=True)
    x, other = torch.randn(2, 3, 12, N, 3).unbind()
    seen = torch.rand(3, 12, N) > 0.3
    here = distances(x, seen, Partner(other, seen))
    there = distances(turned(x, 1.1), seen, Partner(turned(other, 1.1), seen))
    torch.testing.assert_close(here, there, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(here, distances(2 * x, seen, Partner(other, seen)), atol=0.1)


def test_golden_distances_and_how_they_change() -> None:
    arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a")
    x = torch.zeros(1, 5, 2, 3)
    x[0, :, 1, 0] = torch.arange(5.0) * 3  # b goes away from a, along a line in space
    x[0, :, 1, 1] = torch.arange(5.0) * 4
    distances = Distances(arm, scales=(1, 2), bank=1)
    found = dict(zip(distances.names, distances(x)[0, :, 1].unbind(1), strict=True))
    assert found["distance to a"].tolist() == [0, 5, 10, 15, 20]
    assert found["distance to b"].tolist() == [0] * 5
    assert found["distance to a, scale1"][1:].tolist() == [5, 5, 5, 5]  # the velocity
    assert found["distance to a, scale2"][1:-1].tolist() == [5, 5, 5]


def test_what_was_not_seen_has_no_distance() -> None:
    torch.manual_seed(0)
    distances = Distances(KINECT_V2, scales=())
    x, seen = torch.randn(1, 4, N, 3), torch.ones(1, 4, N, dtype=torch.bool)
    head, knee = KINECT_V2.index("head"), KINECT_V2.index("left_knee")
    seen[:, :, head] = False
    found = distances(x, seen)
    to_head = distances.marks.index("head")
    assert not found[..., to_head].any()
    assert not found[:, :, head].any()
    moved = x.clone()
    moved[:, :, head] += 5
    assert distances(moved, seen).equal(found)
    assert found[:, :, knee].any()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: str(layout.name))
def test_every_body_has_marks(layout: Skeleton) -> None:
    marks = marks_of(layout)
    assert len(set(marks)) == len(marks) >= 2
    assert marks[-1] == layout.root
    assert Distances(layout)(torch.randn(1, 6, len(layout), layout.dimensions)).isfinite().all()


def bodies(people: Tensor, seen: Tensor) -> Folded:
    """Fold clips `[B,T,M,N,D]`, seen where `[B,T,M,N]`."""
    x, mask = people.transpose(1, 2).flatten(0, 1), seen.transpose(1, 2).flatten(0, 1)
    return Folded(x, mask, seen.any(dim=3).any(dim=1))


def test_a_partner_is_the_other_one_or_the_midst_of_the_others() -> None:
    torch.manual_seed(0)
    people = torch.randn(2, 5, 3, N, 3)
    seen = torch.ones(2, 5, 3, N, dtype=torch.bool)
    seen[1, :, 2] = False
    found = partner_of(bodies(people, seen))
    assert found is not None
    assert found.mask is not None
    x, mask = torch.unflatten(found.x, 0, (2, 3)), torch.unflatten(found.mask, 0, (2, 3))
    torch.testing.assert_close(x[0, 0], people[0, :, 1:].mean(dim=1))
    torch.testing.assert_close(x[1, 0], people[1, :, 1])
    torch.testing.assert_close(x[1, 1], people[1, :, 0])
    assert mask.all()
    assert partner_of(bodies(people[:, :, :1], seen[:, :, :1])) is None


def test_whoever_is_alone_has_no_partner_however_many_could_be_there() -> None:
    torch.manual_seed(0)
    people, seen = torch.randn(1, 5, 2, 17, 2), torch.ones(1, 5, 2, 17, dtype=torch.bool)
    seen[:, :, 1] = False
    streams, distances = (
        MotionStreams(COCO_17, None, partner=True),
        Distances(COCO_17, partner=True),
    )
    two = bodies(people, seen)
    there = partner_of(two)
    assert there is not None
    one = bodies(people[:, :, :1], seen[:, :, :1])
    assert partner_of(one) is None
    for layer in (streams, distances):
        together = layer(two.x, two.mask, there)[:1]
        torch.testing.assert_close(together, layer(one.x, one.mask, None))


@pytest.mark.parametrize("hidden", [False, True])
def test_a_joint_that_is_its_own_mark_has_a_gradient(hidden: bool) -> None:
    torch.manual_seed(0)
    distances = Distances(KINECT_V2)
    x = torch.randn(1, 5, N, 3, requires_grad=True)
    mask = torch.ones(1, 5, N, dtype=torch.bool) if hidden else None
    (grad,) = torch.autograd.grad(distances(x, mask).square().sum(), x)
    assert grad.isfinite().all()
    assert grad.abs().sum() > 0
