"""Spectral frame weighting: what moves counts more, and all weights are a fair average."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from helpers.gapped import gapped, padded
from skelfuse.errors import SkelfuseError
from skelfuse.layers.frame_weighting import SpectralFrameWeighting

pytestmark = pytest.mark.usefixtures("seeded")


def moving(T: int, N: int, C: int) -> Tensor:
    """Each joint and channel goes its own way, in several frequencies, far from the origin."""
    t = torch.arange(T)[:, None, None, None]
    turns = 0.02 + 0.4 * torch.rand(1, N, C, 6)
    phase = 2 * math.pi * (turns * t + torch.rand(1, N, C, 6))
    return 3 + phase.sin().sum(-1)[None]


def test_a_frozen_stretch_gets_less_weight() -> None:
    x = moving(60, 5, 3)
    x[:, 20:40] = x[:, 20:21]
    pool = SpectralFrameWeighting(3)
    share = pool.weights(x)[:, 24:36].sum(1)  # as far from the ends as the window reaches
    assert float(share.detach().max()) < 0.75 * 12 / 60  # from the very start
    share = SpectralFrameWeighting(3, sharpness=1.0).weights(x)[:, 24:36].sum(1)
    assert float(share.detach().max()) < 0.01 * 12 / 60


def test_a_blurred_stretch_gets_less_weight() -> None:
    x = moving(60, 5, 3)
    sharp = x.clone()
    for t in range(20, 40):
        x[:, t] = sharp[:, t - 4 : t + 5].mean(1)
    before, after = (
        SpectralFrameWeighting(3, sharpness=1.0).weights(y)[:, 24:36].sum(1).mean().item()
        for y in (sharp, x)
    )
    assert after < 0.3 * before
    start = SpectralFrameWeighting(3)
    assert start.weights(x)[:, 24:36].sum(1).mean() < start.weights(sharp)[:, 24:36].sum(1).mean()


def test_a_blur_is_seen_even_under_a_slow_strong_motion() -> None:
    t = torch.arange(80.0)
    slow = 20 * (2 * math.pi * 0.01 * t).sin()
    fast = 0.3 * (2 * math.pi * 0.35 * t).sin()
    x = (slow + torch.where((t > 30) & (t < 50), 0.0, fast)).view(1, 80, 1, 1)
    weights = SpectralFrameWeighting(1, sharpness=1.0).weights(x).flatten().detach()
    assert float(weights[36:45].mean()) < 0.7 * float(weights[5:25].mean())


def test_a_channel_has_weights_of_its_own() -> None:
    x = moving(60, 4, 2)
    x[:, 10:25, :, 0] = x[:, 10:11, :, 0]  # one channel rests here
    x[:, 35:50, :, 1] = x[:, 35:36, :, 1]  # and the other there
    weights = SpectralFrameWeighting(2, sharpness=1.0).weights(x)[0, :, 0].detach()
    assert float(weights[14:21, 0].mean()) < 0.1 * float(weights[14:21, 1].mean())
    assert float(weights[39:46, 1].mean()) < 0.1 * float(weights[39:46, 0].mean())


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(1, 30), st.floats(0.01, 40))
def test_weights_are_an_average_over_the_frames_that_count(
    seed: int, T: int, sharpness: float
) -> None:
    torch.manual_seed(seed)
    pool = SpectralFrameWeighting(2, 5, sharpness=sharpness)
    x, mask = gapped(2, T, 3, 2)
    weights = pool.weights(x, mask).detach()
    assert float(weights.min()) >= 0
    assert not weights[~mask].any()
    sums = weights.sum(1)
    torch.testing.assert_close(sums, mask.any(1)[..., None].expand_as(sums).float())
    expected = (weights * x.nan_to_num()).sum(1)
    torch.testing.assert_close(pool(x, mask), expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(pool(x.nan_to_num()), pool(x.nan_to_num(), mask | True))


def test_it_starts_near_the_plain_average_and_is_it_for_a_still_clip() -> None:
    pool = SpectralFrameWeighting(3)
    weights = 40 * pool.weights(moving(40, 5, 3)).detach()  # 1 is the plain average
    assert 0.8 < float(weights.min()) <= float(weights.max()) < 1.2
    still = torch.full((1, 40, 5, 3), 1000.1)
    torch.testing.assert_close(40 * pool.weights(still), torch.ones(1, 40, 5, 3))


def test_the_unit_does_not_matter() -> None:
    pool, x = SpectralFrameWeighting(2, sharpness=1.0), moving(50, 3, 2)
    torch.testing.assert_close(pool.weights(1000 * x), pool.weights(x), atol=1e-5, rtol=1e-3)


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(0, 20), st.integers(0, 20))
def test_padding_changes_nothing(seed: int, before: int, after: int) -> None:
    torch.manual_seed(seed)
    pool, T = SpectralFrameWeighting(2, 7, sharpness=1.0), 1 + seed % 20
    x, mask = gapped(2, T, 3, 2)
    torch.testing.assert_close(pool(*padded(x, mask, before, after)), pool(x, mask))
    whole, every = x.nan_to_num(), torch.ones_like(mask)
    torch.testing.assert_close(pool(*padded(whole, every, before, after)), pool(whole))


def test_joints_may_change_places() -> None:
    pool = SpectralFrameWeighting(2, sharpness=1.0)
    x, mask = gapped(3, 20, 5, 2)
    found, order = pool(x, mask), torch.randperm(5)
    torch.testing.assert_close(pool(x[:, :, order], mask[:, :, order]), found[:, order])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"channels": 0}, "channels is out of range"),
        ({"window": 1}, "window is out of range"),
        ({"window": 8}, "window must be odd"),
        ({"sharpness": 0.0}, "sharpness is out of range"),
    ],
)
def test_bad_choices_are_told(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(SkelfuseError, match=message):
        SpectralFrameWeighting(**{"channels": 4, **kwargs})
