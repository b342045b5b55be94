"""FrierenFuse keeps its promises: each one against a definition written down independently."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import frieren_reference
from helpers.gapped import gapped
from skelfuse.layers import FrierenFuse
from skelfuse.layers.bound import Bound

BOUNDS: tuple[Bound, ...] = ("none", "sequence", "population")
seeds = st.integers(0, 10_000)


def straight(channels: int = 1, **kwargs: object) -> FrierenFuse:
    """One that measures the channels as they are: U = I."""
    fuse = FrierenFuse(channels, channels, **kwargs)  # type: ignore[arg-type]
    fuse.project.raw.data.copy_(torch.eye(channels))
    return fuse


def named(fuse: FrierenFuse, features: torch.Tensor) -> dict[tuple[int | None, str], float]:
    """The features of one joint of one body in the whole sequence."""
    values = features[0, 0].tolist()
    return {(f.scale, f.statistic): v for f, v in zip(fuse.feature_names, values, strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
@given(seeds, st.integers(1, 24))
def test_equal_to_the_definition(whole: bool, seed: int, T: int) -> None:
    torch.manual_seed(seed)
    scales = [(1, 2, 4), (3,), (1, 5)][seed % 3]
    windows = [(1,), (1, 2), (3, 1)][seed % 3]
    fuse = FrierenFuse(4, [2, 6][seed % 2], scales, seed % 5, windows=windows)
    x, mask = gapped(2, T, 3, 4)
    if seed % 4 == 0:
        mask = mask[:, :, :1].expand(2, T, 3).clone()  # the same frames for all joints
        x = torch.where(mask[..., None], x.nan_to_num(), torch.nan)
    if whole:
        x, mask = torch.randn(2, T, 3, 4), torch.ones(2, T, 3, dtype=torch.bool)
    h, y, features = fuse(x, None if whole else mask)

    clean = x.double().nan_to_num().numpy()
    v = clean @ fuse.directions().detach().double().numpy()
    expected = frieren_reference.features(v, mask.numpy(), scales, seed % 5, windows)
    assert set(expected) == set(map(tuple, fuse.feature_names))
    assert features.shape == (2, 3, len(expected))
    for number, name in enumerate(fuse.feature_names):
        np.testing.assert_allclose(
            features[..., number].detach().numpy(), expected[name], atol=2e-5
        )
    phi = np.stack([expected[name] for name in fuse.feature_names], axis=-1)
    expected_y = phi @ fuse.weight().detach().double().numpy()
    np.testing.assert_allclose(y.detach().numpy(), expected_y, atol=1e-4)
    assert fuse.beta is not None
    share = 1 / (1 + np.exp(-fuse.beta.item()))
    assert share == pytest.approx(0.05)
    expected_h = np.where(mask[..., None], clean + share * expected_y[:, None], 0.0)
    np.testing.assert_allclose(h.detach().numpy(), expected_h, atol=1e-4)


def test_a_constant_sequence_does_not_change() -> None:
    torch.manual_seed(0)
    fuse = straight(3, windows=(1, 2))
    _, mask = gapped(2, 20, 3, 3)
    x = torch.randn(2, 1, 3, 3).expand(2, 20, 3, 3)
    for features in (fuse(x).features, fuse(x, mask).features):
        for number, name in enumerate(fuse.feature_names):
            value = features.detach()[..., number]
            if name.statistic.startswith("Legendre 0"):
                assert value.any()
            else:
                assert float(value.abs().max()) < 1e-6, name


def test_a_ramp_and_a_parabola() -> None:
    fuse = straight(scales=(1, 2, 3))
    t = torch.arange(16.0).reshape(1, 16, 1, 1)
    ramp, parabola = (named(fuse, fuse(x).features) for x in (0.5 * t, 0.25 * t**2))
    for r in (1, 2, 3):
        assert ramp[r, "mean Δ+"] == pytest.approx(0.5 * r)
        assert ramp[r, "mean Δ-"] == ramp[r, "down"] == ramp[r, "mean |Δ²|"] == 0.0
        assert parabola[r, "mean |Δ²|"] == pytest.approx(2 * 0.25 * r**2)
    assert ramp[None, "range"] == pytest.approx(7.5)
    assert ramp[None, "Legendre 1+"] == pytest.approx(0.5 * np.arange(16.0).std())
    assert ramp[None, "Legendre 2+"] + ramp[None, "Legendre 2-"] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.slow
@given(seeds)
def test_up_and_down_are_jordans_parts(seed: int) -> None:
    torch.manual_seed(seed)
    fuse = straight(2, windows=(1, 3))
    found = fuse(*gapped(2, 12, 3, 2)).features.detach()
    assert float(found.min()) >= 0.0
    at = {name: found[..., number] for number, name in enumerate(fuse.feature_names)}
    for name, up in at.items():
        if name.statistic == "up":
            down = at[name._replace(statistic="down")]
            change = at[name._replace(statistic="mean Δ+")] - at[name._replace(statistic="mean Δ-")]
            torch.testing.assert_close(up - down, change, atol=1e-6, rtol=0)
            size = at[name._replace(statistic="mean |Δ|")]
            torch.testing.assert_close(up + down, size, atol=1e-6, rtol=0)


@pytest.mark.slow
@given(seeds)
def test_reversed_time_swaps_up_and_down_and_flips_odd_terms(seed: int) -> None:
    torch.manual_seed(seed)
    fuse = straight(2, poly_order=3)
    x, mask = gapped(2, 15, 3, 2)
    forth, back = fuse(x, mask).features, fuse(x.flip(1), mask.flip(1)).features
    swap = {"up": "down", "down": "up", "mean Δ+": "mean Δ-", "mean Δ-": "mean Δ+"}
    swap |= {f"Legendre {p}{a}": f"Legendre {p}{b}" for p in (1, 3) for a, b in ("+-", "-+")}
    order = [
        fuse.feature_names.index(name._replace(statistic=swap.get(name.statistic, name.statistic)))
        for name in fuse.feature_names
    ]
    torch.testing.assert_close(back, forth[..., order], atol=1e-5, rtol=0)


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("T", [1, 2, 3, 5, pytest.param(4096, marks=pytest.mark.slow)])
def test_every_length_gives_finite_numbers_and_gradients(T: int, bound: Bound) -> None:
    torch.manual_seed(0)
    fuse = FrierenFuse(4, 3, bound=bound, windows=(1, 2), poly_order=8)
    for mask in (None, torch.zeros(1, T, 2, dtype=torch.bool), torch.rand(1, T, 2) < 0.5):
        for x in (torch.randn(1, T, 2, 4), torch.zeros(1, T, 2, 4)):
            x.requires_grad_()
            found = fuse(x, mask)
            sum(part.square().sum() for part in found).backward()
            assert x.grad is not None
            assert all(bool(part.isfinite().all()) for part in (*found, x.grad))
            assert all(
                bool(p.grad.isfinite().all()) for p in fuse.parameters() if p.grad is not None
            )
            if mask is not None and not mask.any():
                assert not any(part.any() for part in found)


def test_gradients_reach_every_parameter_even_from_a_still_body() -> None:
    fuse = FrierenFuse(4, 3)
    fuse(torch.ones(2, 9, 3, 4)).y.sum().backward()
    assert fuse.project.raw.grad is not None
    assert fuse.project.raw.grad.any()
    x = torch.randn(2, 9, 3, 4)
    fuse(x).h.square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in fuse.parameters())


def test_the_population_bound_learns_only_in_training_and_keeps_amplitude() -> None:
    torch.manual_seed(0)
    fuse = FrierenFuse(2, 2, bound="population", bound_limit=2.0)
    fuse.eval()(torch.full((1, 5, 1, 2), 100.0))
    assert torch.equal(fuse.bound.mean_square, torch.ones(2))
    fuse.train()
    mask = torch.zeros(4, 50, 3, dtype=torch.bool)
    fuse(torch.full((4, 50, 3, 2), torch.nan), mask)  # a batch of nothing teaches nothing
    assert torch.equal(fuse.bound.mean_square, torch.ones(2))
    mask[:, :25] = True
    for _ in range(20):
        x = 5.0 * torch.randn(4, 50, 3, 2)
        fuse(torch.where(mask[..., None], x, torch.nan), mask)
    torch.testing.assert_close(
        fuse.bound.mean_square.sqrt(), torch.full((2,), 5.0), rtol=0.05, atol=0
    )
    v = torch.tensor([0.5, 5.0, 5000.0]).reshape(1, 3, 1, 1).expand(1, 3, 1, 2)
    small, typical, wild = fuse.eval().bound(v)[0, :, 0, 0].tolist()
    assert 9.0 < typical / small <= 10.0
    assert wild == pytest.approx(2.0)
