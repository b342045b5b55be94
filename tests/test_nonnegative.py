"""What a feature adds, no other takes away."""

from __future__ import annotations

import pytest
import torch

from skelfuse.errors import SkelfuseError
from skelfuse.layers import NonNegativeLinear


@pytest.mark.training
@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_never_negative_after_any_step(optimiser: str) -> None:
    torch.manual_seed(0)
    head = NonNegativeLinear(20, 5)
    step: torch.optim.Optimizer = torch.optim.SGD(head.parameters(), lr=10.0)
    if optimiser == "adamw":
        step = torch.optim.AdamW(head.parameters(), lr=1.0, weight_decay=0.5)
    for _ in range(10):
        step.zero_grad()
        head(torch.randn(8, 20)).tanh().sum().backward()  # pulls both ways
        step.step()
        assert float(head.weight().detach().min()) >= 0.0


def test_the_start_is_sparse_and_seeded() -> None:
    torch.manual_seed(1)
    weight = NonNegativeLinear(50, 30, start_inputs=4, floor=0.01).weight()
    torch.manual_seed(1)
    again = NonNegativeLinear(50, 30, start_inputs=4, floor=0.01).weight()
    torch.testing.assert_close(weight, again, rtol=0, atol=0)
    assert ((weight > 0.0101).sum(0) == 4).all()
    assert float(weight.detach().min()) > 0.0
    assert len({tuple(column.tolist()) for column in (weight > 0.0101).T}) > 25


def test_every_weight_can_learn_from_the_start() -> None:
    head = NonNegativeLinear(12, 3)
    head(torch.ones(1, 12)).sum().backward()
    assert head.raw.grad is not None
    assert float(head.raw.grad.abs().min()) > 0.0


def test_more_start_inputs_than_features_uses_them_all() -> None:
    assert (NonNegativeLinear(2, 4, start_inputs=9).weight() > 0.01).all()


def test_bad_choices_are_told() -> None:
    with pytest.raises(SkelfuseError, match="features is out of range"):
        NonNegativeLinear(0, 3)
    with pytest.raises(SkelfuseError, match="channels is out of range"):
        NonNegativeLinear(3, 0)
    with pytest.raises(SkelfuseError, match="no gradient to grow by"):
        NonNegativeLinear(3, 3, floor=0.0)
