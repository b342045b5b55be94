"""Quick dropout drops what it should, and nothing when it should not."""

from __future__ import annotations

import pytest
import torch

from skelfuse.layers.quick_dropout import QuickDropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_share_is_dropped_and_the_mean_stays(p: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x = torch.ones(40_000, dtype=dtype, requires_grad=True)
    dropped = QuickDropout(p)(x)
    assert dropped.dtype == dtype
    assert dropped.float().mean().item() == pytest.approx(1, abs=0.05)
    assert (dropped == 0).float().mean().item() == pytest.approx(p, abs=0.01)
    assert dropped.unique().numel() == 2
    (gradient,) = torch.autograd.grad(dropped.sum(), x)
    assert gradient.equal(dropped)


def test_draws_follow_the_seed_and_differ_from_each_other() -> None:
    dropout, x = QuickDropout(0.5), torch.ones(1000)
    torch.manual_seed(3)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(3)
    assert dropout(x).equal(first)
    assert not first.equal(second)


def test_nothing_is_dropped_where_nothing_should() -> None:
    x = torch.randn(100)
    assert QuickDropout(0.5).eval()(x).equal(x)
    assert QuickDropout(0.0)(x).equal(x)
    assert QuickDropout(1.0)(x).abs().max() == 0
