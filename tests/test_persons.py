"""Persons are folded in and rejoined whoever came first, and bad batches are told."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.models.persons import FoldPersons, rejoin
from skelfuse.skeleton import Skeleton

BODY = Skeleton(
    "trio", joints=("b", "c", "a"), bones=(("c", "b"), ("a", "b")), root="b", dimensions=2
)
torch.manual_seed(0)
X = torch.randn(2, 4, 3, 3, 2)  # [B,T,M,N,D]
MASK = torch.rand(2, 4, 3, 3) > 0.3
MASK[1, :, 2] = False


def test_a_body_is_one_person_of_one_clip() -> None:
    bodies = FoldPersons(BODY)(X, MASK)
    assert bodies.x.shape == (6, 4, 3, 2)
    assert bodies.persons == 3
    for clip in range(2):
        for person in range(3):
            seen = MASK[clip, :, person][:, [2, 0, 1]]  # a, b, c
            body = bodies.x[3 * clip + person]
            assert torch.equal(bodies.mask[3 * clip + person], seen)
            assert torch.equal(body[seen], X[clip, :, person][:, [2, 0, 1]][seen])
            assert not body[:, ~seen.any(dim=0)].any()
            assert torch.equal(bodies.ever[3 * clip + person], seen.any(dim=0))
    assert bodies.present().flatten().tolist() == [True] * 5 + [False]
    assert torch.equal(bodies.known(), MASK.any(dim=1).any(dim=1)[:, [2, 0, 1]])


def test_without_a_mask_everything_was_seen() -> None:
    bodies = FoldPersons(BODY)(X)
    assert bodies.mask is bodies.inside is bodies.ever is None
    assert bodies.present() is bodies.known() is None


def course(seen: list[bool], place: list[float]) -> Tensor:
    """Return the course of one joint among others that are always seen."""
    T = len(seen)
    x = torch.tensor(place).view(1, T, 1, 1, 1).expand(1, T, 1, 3, 2)
    mask = torch.ones(1, T, 1, 3, dtype=torch.bool)
    mask[0, :, 0, 0] = torch.tensor(seen)
    found: Tensor = FoldPersons(BODY)(x.masked_fill(~mask[..., None], torch.nan), mask).x
    assert found.isfinite().all()
    return found[0, :, 1, 0]  # 'b' is the second inside


def test_gaps_are_bridged_ends_are_held_and_what_was_never_seen_is_zero() -> None:
    place = [1.0, 2, 3, 7, 5, 6]
    bridged = course([False, True, False, True, True, False], place)
    assert bridged.tolist() == [2, 2, 4.5, 7, 5, 5]
    assert course([False, False, True, False, False, False], place).tolist() == [3] * 6
    assert course([False] * 6, place).tolist() == [0] * 6


def test_no_gradient_gets_to_what_was_not_seen_and_all_that_leaves_a_gap_to_its_ends() -> None:
    x = X.masked_fill(~MASK[..., None], torch.nan).requires_grad_()
    FoldPersons(BODY)(x, MASK).x.square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert not x.grad[~MASK].any()
    assert x.grad[MASK].all()


def test_inside_is_from_the_first_frame_to_the_last() -> None:
    mask = torch.zeros(1, 6, 1, 3, dtype=torch.bool)
    mask[0, 1, 0, 0] = mask[0, 3, 0, 2] = True
    bodies = FoldPersons(BODY)(torch.ones(1, 6, 1, 3, 2), mask)
    assert bodies.inside.tolist() == [[False, True, True, True, False, False]]


@pytest.mark.parametrize(("frames", "step", "whole"), [(4, 1, 4), (4, 2, 4), (5, 2, 6), (1, 4, 4)])
@pytest.mark.parametrize("masked", [False, True])
def test_the_last_frame_is_held_until_steps_are_whole(
    frames: int, step: int, whole: int, masked: bool
) -> None:
    x = torch.randn(2, frames, 1, 3, 2)
    mask = torch.ones(2, frames, 1, 3, dtype=torch.bool) if masked else None
    bodies = FoldPersons(BODY, step=step)(x, mask)
    assert bodies.x.shape[1] == whole
    plain = x[:, :, 0, [2, 0, 1]]
    assert torch.equal(bodies.x[:, :frames], plain)
    assert (bodies.x[:, frames:] == plain[:, -1:]).all()
    if masked or whole > frames:  # what is held was not seen
        assert bodies.mask[:, :frames].all()
        assert not bodies.mask[:, frames:].any()
        assert bodies.inside.sum(dim=1).tolist() == [frames] * 2


@pytest.mark.parametrize("tail", [(), (5,)])
def test_rejoined_are_those_present(tail: tuple[int, ...]) -> None:
    y = torch.randn(6, 2, *tail or (1,)) - 3  # an absent person as zeros would be the maximum
    present = torch.tensor([True, False, True, False, False, False])[:, None]
    largest, mean = rejoin(y, present, 3).unbind(1)
    torch.testing.assert_close(largest[0], torch.maximum(y[0], y[2]))
    torch.testing.assert_close(mean[0], (y[0] + y[2]) / 2)
    assert largest[1].count_nonzero() == mean[1].count_nonzero() == 0


def test_rejoined_is_each_joint_of_those_who_show_it() -> None:
    y = torch.tensor([[1.0, -4.0], [3.0, -2.0]])[..., None]
    there = torch.tensor([[True, True], [True, False]])
    assert rejoin(y, there, 2)[0, :, :, 0].tolist() == [[3, -4], [2, -4]]
    assert rejoin(y, None, 2)[0, :, :, 0].tolist() == [[3, -2], [2, -3]]
    assert torch.equal(rejoin(y, torch.ones(2, 1, dtype=torch.bool), 2), rejoin(y, None, 2))


@pytest.mark.parametrize(
    ("x", "mask", "told"),
    [
        (X[:, :, 0], None, "expected [B,T,M,3,2] with T and M at least 1, found [2, 4, 3, 2]"),
        (X[:, :, :, 1:], MASK[:, :, :, 1:], "found [2, 4, 3, 2, 2]"),
        (X[..., :1], MASK, "found [2, 4, 3, 3, 1]"),
        (X[:, :0], MASK[:, :0], "found [2, 0, 3, 3, 2]"),
        (X[:, :, :0], MASK[:, :, :0], "found [2, 4, 0, 3, 2]"),
        (X.long(), MASK, "expected float32, found torch.int64"),
        (X, MASK[..., None].expand_as(X), "expected [2, 4, 3, 3], found [2, 4, 3, 3, 2]"),
        (X, MASK[:, 1:], "expected [2, 4, 3, 3], found [2, 3, 3, 3]"),
        (X, MASK.float(), "expected torch.bool, found torch.float32; True means"),
    ],
)
def test_a_batch_that_does_not_fit_is_told(x: Tensor, mask: Tensor | None, told: str) -> None:
    with pytest.raises(SkelfuseError, match=re.escape(told)):
        FoldPersons(BODY)(x, mask)
