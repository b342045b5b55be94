"""Fourier features: a kernel of the distance alone, and what it makes a network able to learn."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.fourier_features import FourierFeatures, Kind

pytestmark = pytest.mark.usefixtures("seeded")
KINDS: tuple[Kind, ...] = ("gaussian", "linear")


@pytest.mark.parametrize("kind", KINDS)
def test_the_kernel_depends_on_the_distance_only(kind: Kind) -> None:
    waves = FourierFeatures(3, 32, sigma=2.0, kind=kind, highest=4.0).double()
    one, two, shift = torch.randn(3, 50, 3, dtype=torch.float64).unbind(0)
    product = (waves(one) * waves(two)).sum(-1)
    moved = (waves(one + shift) * waves(two + shift)).sum(-1)
    torch.testing.assert_close(moved, product)
    expected = (2 * math.pi * (one - two) @ waves.frequencies().T).cos().mean(-1)
    torch.testing.assert_close(product, expected)
    assert product.std() > 0.05  # it does depend on the distance
    torch.testing.assert_close(waves(one).norm(dim=-1), torch.ones(50, dtype=torch.float64))


def test_gaussian_bands_approach_the_gaussian_kernel() -> None:
    sigma = 0.8
    waves = FourierFeatures(2, 20_000, sigma)
    one, two = torch.randn(2, 40, 2).unbind(0)
    product = (waves(one) * waves(two)).sum(-1)
    distance = (one - two).square().sum(-1)
    expected = (-2 * (math.pi * sigma) ** 2 * distance).exp()
    torch.testing.assert_close(product, expected, atol=0.03, rtol=0)


def test_linear_bands_go_up_to_nyquist_on_each_axis() -> None:
    waves = FourierFeatures(2, 4, kind="linear")
    assert waves.frequencies().tolist() == [
        *([f, 0.0] for f in (0.125, 0.25, 0.375, 0.5)),
        *([0.0, f] for f in (0.125, 0.25, 0.375, 0.5)),
    ]
    assert waves.out_features == 16
    frames = torch.arange(50.0)[:, None]
    highest = FourierFeatures(1, 4, kind="linear")(frames)[:, 3]  # its cosine
    torch.testing.assert_close(highest, 0.5 * (-1.0) ** frames[:, 0], atol=1e-5, rtol=0)


def fitted(features: nn.Module, width: int, t: Tensor, wave: Tensor) -> float:
    """Train a small network on top of the features; return what is left of the variance."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
    network.append(nn.Linear(64, 1))
    step = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(250):
        step.zero_grad()
        loss = (network(features(t)) - wave).square().mean()
        loss.backward()
        step.step()
    return float(loss.item() / wave.var().item())


@pytest.mark.long
@pytest.mark.training
def test_a_network_on_plain_coordinates_fails_on_what_it_fits_with_features() -> None:
    t = torch.linspace(0, 1, 200)[:, None]
    slow, fast = (2 * math.pi * t).sin(), (2 * math.pi * 20 * t).sin()
    assert fitted(nn.Identity(), 1, t, slow) < 0.1
    assert fitted(nn.Identity(), 1, t, fast) > 0.8
    gaussian = FourierFeatures(1, 32, sigma=10.0)
    assert fitted(gaussian, gaussian.out_features, t, fast) < 0.01
    linear = FourierFeatures(1, 32, kind="linear", highest=32.0)
    assert fitted(linear, linear.out_features, t, fast) < 0.01


@pytest.mark.training
def test_sigma_is_learned() -> None:
    """Asked for the products that σ = 1.5 gives, it comes from 0.5 to 1.5."""
    waves = FourierFeatures(1, 500, sigma=0.5, learnable=True)
    v = torch.linspace(-1, 1, 41)[:, None]
    wanted = (-2 * (1.5 * math.pi * (v - v.T)).square()).exp()
    step = torch.optim.Adam(waves.parameters(), lr=0.05)
    for _ in range(60):
        step.zero_grad()
        (waves(v) @ waves(v).T - wanted).square().mean().backward()
        step.step()
    assert waves.log_sigma.exp().item() == pytest.approx(1.5, rel=0.1)
    assert not list(FourierFeatures(1).parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_count_is_zero_and_the_rest_as_if_it_were_alone(kind: Kind) -> None:
    waves = FourierFeatures(3, 4, kind=kind)
    mask = torch.rand(2, 7, 5) < 0.6
    v = torch.where(mask[..., None], torch.randn(2, 7, 5, 3), torch.nan)
    found = waves(v, mask)
    assert found.shape == (2, 7, 5, waves.out_features)
    assert not found[~mask].any()
    torch.testing.assert_close(found[mask], waves(v[mask]))


def test_large_coordinates_keep_their_accuracy() -> None:
    waves = FourierFeatures(1, 8, kind="linear")
    t = torch.arange(100_000, 100_050.0)[:, None]
    torch.testing.assert_close(waves(t), waves(t.double()).float(), atol=1e-5, rtol=0)


def test_saved_and_loaded_is_the_same_draw_and_seeds_reproduce() -> None:
    one, other = FourierFeatures(2, sigma=3.0), FourierFeatures(2)
    v = torch.randn(5, 2)
    assert not torch.equal(one(v), other(v))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(v), other(v))
    drawn = []
    for _ in range(2):
        torch.manual_seed(4)
        drawn.append(FourierFeatures(2).frequencies())
    assert torch.equal(*drawn)


BAD: list[tuple[tuple[Any, ...], str]] = [
    ((torch.zeros(5, 4),), r"v has the wrong shape.*D = 3, found torch.float32 \[5, 4\]"),
    ((torch.zeros(()),), "v has the wrong shape"),
    ((torch.zeros(5, 3, dtype=torch.int64),), "found torch.int64"),
    ((torch.zeros(5, 3), torch.ones(5)), r"the mask does not fit v: expected torch.bool \[5\]"),
    ((torch.zeros(5, 3), torch.ones(4, dtype=torch.bool)), "the mask does not fit v"),
]


@pytest.mark.parametrize(("args", "message"), BAD)
def test_bad_input_is_told(args: tuple[Any, ...], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        FourierFeatures(3)(*args)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"inputs": 0}, "inputs is out of range"),
        ({"bands": 0}, "bands is out of range"),
        ({"kind": "square"}, "unknown kind: expected gaussian or linear, found 'square'"),
        ({"kind": "linear", "learnable": True}, "linear bands are fixed"),
        ({"sigma": 0.0}, "sigma or highest is out of range"),
    ],
)
def test_bad_choices_are_told(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        FourierFeatures(**{"inputs": 3, **kwargs})
