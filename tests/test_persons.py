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
    for clip in range(2):
        for person in range(3):
            seen = MASK[clip, :, person][:, [2, 0, 1]]  # a, b, c
            body = bodies.x[3 * clip + person]
            assert torch.equal(bodies.mask[3 * clip + person], seen)
            assert torch.equal(body[seen], X[clip, :, person][:, [2, 0, 1]][seen])
            assert body[~seen].count_nonzero() == 0
    assert bodies.present.tolist() == [[True] * 3, [True, True, False]]


def test_without_a_mask_everything_was_seen() -> None:
    bodies = FoldPersons(BODY)(X)
    assert bodies.mask.all()
    assert bodies.present.all()


@pytest.mark.parametrize("tail", [(), (5,), (4, 3)])
def test_rejoined_are_those_present(tail: tuple[int, ...]) -> None:
    y = torch.randn(6, *tail) - 3  # an absent person as zeros would be the maximum
    present = torch.tensor([[True, False, True], [False, False, False]])
    both = rejoin(y, present)
    torch.testing.assert_close(both.max[0], torch.maximum(y[0], y[2]))
    torch.testing.assert_close(both.mean[0], (y[0] + y[2]) / 2)
    assert both.max[1].count_nonzero() == both.mean[1].count_nonzero() == 0


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


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_a_seen_joint_without_a_position_is_told(value: float) -> None:
    x = X.clone()
    x[1, 2, 0, 1, 1] = value
    mask = torch.ones_like(MASK)
    for given in (None, mask):
        with pytest.raises(
            SkelfuseError, match=re.escape(f"found {value} at") + r".*1, 2, 0, 1, 1"
        ):
            FoldPersons(BODY)(x, given)
    mask[1, 2, 0, 1] = False
    assert FoldPersons(BODY)(x, mask).x.isfinite().all()
