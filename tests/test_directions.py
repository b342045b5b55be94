"""Orthonormal whatever happens."""

from __future__ import annotations

import pytest
import torch
from torch.func import functional_call

from skelfuse import errors
from skelfuse.layers import Directions


def orthonormality(layer: Directions) -> float:
    """How far U is from what it promises, in the smaller of its two sizes."""
    U = layer().detach().double()
    square = U.T @ U if layer.count <= layer.channels else U @ U.T * layer.channels / layer.count
    return float((square - torch.eye(len(square))).abs().max())


SIZES = [(1, 1), (3, 1), (3, 3), (3, 8), (32, 8), (5, 64), (64, 64)]


@pytest.mark.training
@pytest.mark.parametrize(("channels", "count"), SIZES)
@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_orthonormal_after_any_step(channels: int, count: int, optimiser: str) -> None:
    torch.manual_seed(0)
    layer = Directions(channels, count)
    assert layer().shape == (channels, count)
    assert orthonormality(layer) < 1e-5
    step: torch.optim.Optimizer = torch.optim.SGD(layer.parameters(), lr=100.0)
    if optimiser == "adamw":
        step = torch.optim.AdamW(layer.parameters(), lr=0.1, weight_decay=5.0)
    wanted = torch.randn(channels, count)
    for _ in range(20):
        step.zero_grad()
        (layer() - wanted).square().sum().backward()
        step.step()
        assert orthonormality(layer) < 1e-5


@pytest.mark.training
def test_weight_decay_alone_leaves_the_directions_where_they_are() -> None:
    layer = Directions(16, 6)
    before = layer().detach()
    step = torch.optim.AdamW(layer.parameters(), lr=0.1, weight_decay=1.0)
    for _ in range(50):
        layer.raw.grad = torch.zeros_like(layer.raw)
        step.step()
    torch.testing.assert_close(layer().detach(), before, atol=1e-5, rtol=0)


def test_the_start_is_random_and_seeded() -> None:
    torch.manual_seed(3)
    one = Directions(8, 4)()
    torch.manual_seed(3)
    assert torch.equal(Directions(8, 4)(), one)
    assert not torch.equal(Directions(8, 4)(), one)


@pytest.mark.training
def test_directions_can_be_learned() -> None:
    torch.manual_seed(0)
    layer = Directions(6, 2)
    target, _ = torch.linalg.qr(torch.randn(6, 2))
    step = torch.optim.SGD(layer.parameters(), lr=0.2)
    for _ in range(300):
        step.zero_grad()
        loss = (layer() @ layer().T - target @ target.T).square().sum()  # the plane, not its axes
        loss.backward()
        step.step()
    assert loss.item() < 1e-4


@pytest.mark.parametrize(("channels", "count"), [(4, 3), (3, 3), (2, 5)])
def test_gradcheck(channels: int, count: int) -> None:
    layer = Directions(channels, count).double()
    raw = torch.randn_like(layer.raw, requires_grad=True)
    assert torch.autograd.gradcheck(lambda raw: functional_call(layer, {"raw": raw}, ()), raw)


def test_forward_writes_nothing() -> None:
    layer = Directions(4, 2)
    raw, version = layer.raw.detach().clone(), layer.raw._version
    layer()
    assert torch.equal(layer.raw, raw)
    assert layer.raw._version == version


@pytest.mark.parametrize(("channels", "count"), [(0, 1), (3, 0), (3, -1)])
def test_sizes_must_be_positive(channels: int, count: int) -> None:
    with pytest.raises(errors.SkelfuseError, match="at least 1"):
        Directions(channels, count)
