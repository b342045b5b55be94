"""Global filters: the same at every length, shifting with their input, blind to padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from helpers.gapped import gapped
from skelfuse.errors import SkelfuseError
from skelfuse.layers.global_filter import GlobalFilter, filtered_in_circle

pytestmark = pytest.mark.usefixtures("seeded")


def random_filter(channels: int, frames: int = 16, **kwargs: Any) -> GlobalFilter:
    layer = GlobalFilter(channels, frames, **kwargs)
    with torch.no_grad():
        layer.filter.add_(0.5 * torch.randn_like(layer.filter))
    return layer


@pytest.mark.parametrize("T", [1, 2, 3, 16, 17, 64])
def test_it_starts_as_nothing_at_every_length(T: int) -> None:
    layer = GlobalFilter(2, 16)
    x, mask = gapped(3, T, 4, 2)
    torch.testing.assert_close(layer(x, mask), x.nan_to_num(), atol=2e-6, rtol=0)
    torch.testing.assert_close(layer(x.nan_to_num()), x.nan_to_num(), atol=2e-6, rtol=0)


@pytest.mark.parametrize("T", [16, 15])
def test_equal_to_numpy_at_its_own_length(T: int) -> None:
    layer = random_filter(3, T)
    x = torch.randn(2, T, 4, 3)
    learned = layer.filter.detach().double().numpy()
    response = (learned[..., 0] + 1j * learned[..., 1])[:, None]
    expected = np.fft.irfft(np.fft.rfft(x.numpy(), axis=1) * response, n=T, axis=1)
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, atol=5e-6)


@pytest.mark.parametrize("T", [7, 16, 33, 100])
def test_a_delay_is_the_same_delay_at_every_length(T: int) -> None:
    layer = GlobalFilter(1, 16)
    turns = torch.arange(9)[:, None] * 3 / 16
    with torch.no_grad():
        layer.filter[..., 0] = (2 * torch.pi * turns).cos()
        layer.filter[..., 1] = -(2 * torch.pi * turns).sin()
    x = torch.randn(1, T, 2, 1)
    torch.testing.assert_close(layer(x), x.roll(3, 1), atol=5e-6, rtol=0)


@pytest.mark.parametrize("T", [7, 16, 33, 100])
def test_what_has_no_delay_has_none_at_every_length(T: int) -> None:
    layer = random_filter(2)
    with torch.no_grad():
        layer.filter[..., 1] = 0.0
    x = torch.randn(1, T, 2, 2)
    turned = x.flip(1)  # time reversed: a filter without delay cannot tell
    torch.testing.assert_close(layer(turned), layer(x).flip(1), atol=5e-6, rtol=0)


@pytest.mark.parametrize("T", [16, 40, 41])
def test_shifted_input_gives_shifted_output(T: int) -> None:
    layer = random_filter(2)
    t = torch.arange(T)
    wave = torch.stack([(2 * torch.pi * 3 * t / T).sin(), (2 * torch.pi * 5 * t / T).cos()], -1)
    x = wave.view(1, T, 1, 2)
    for k in (1, 4, 11):
        torch.testing.assert_close(layer(x.roll(k, 1)), layer(x).roll(k, 1), atol=5e-6, rtol=0)


def test_a_wave_is_scaled_and_turned_by_the_response_at_its_frequency() -> None:
    layer = random_filter(1)
    T, k = 48, 5
    t = torch.arange(T)
    wave = (2 * torch.pi * k * t / T).cos().view(1, T, 1, 1)
    at = layer.response(torch.tensor([T]), T // 2 + 1)[0, k, 0]
    expected = at.abs() * (2 * torch.pi * k * t / T + at.angle()).cos()
    torch.testing.assert_close(layer(wave).flatten(), expected, atol=5e-6, rtol=0)


def test_circles_of_all_lengths_side_by_side() -> None:
    lengths = torch.arange(12)
    x = torch.randn(12, 11, 2, 3, dtype=torch.float64)
    x *= (torch.arange(11) < lengths[:, None])[..., None, None]
    response = torch.randn(12, 6, 3, dtype=torch.complex128)
    found = filtered_in_circle(x, response, lengths).numpy()
    for row in range(1, 12):
        cut, half = x[row, :row].numpy(), response[row, : row // 2 + 1, None].numpy()
        expected = np.fft.irfft(np.fft.rfft(cut, axis=0) * half, n=row, axis=0)
        np.testing.assert_allclose(found[row, :row], expected, atol=1e-12)
        assert not found[row, row:].any()


def test_long_clips_keep_their_accuracy() -> None:
    layer = random_filter(2, 64)
    x, mask = torch.randn(1, 3000, 2, 2), torch.ones(1, 3001, 2, dtype=torch.bool)
    mask[:, -1] = False
    wide = torch.cat([x, torch.full((1, 1, 2, 2), torch.nan)], dim=1)
    exact = layer(x.double()).float()
    torch.testing.assert_close(layer(wide, mask)[:, :3000], exact, atol=2e-5, rtol=0)


def test_instance_norm_takes_size_and_place_away() -> None:
    layer = GlobalFilter(2, 16, instance_norm=True)
    x, mask = torch.randn(3, 20, 4, 2), torch.ones(3, 20, 4, dtype=torch.bool)
    mask[:, 13:, 1] = mask[:, 15:] = False
    found = layer(x, mask)
    torch.testing.assert_close(layer(100 + 7 * x, mask), found, atol=2e-4, rtol=0)
    seen = found[0, :13, 1].detach()
    torch.testing.assert_close(seen.mean(0), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.std(0, unbiased=False), torch.ones(2), atol=1e-3, rtol=0)


def test_bad_choices_are_told() -> None:
    with pytest.raises(SkelfuseError, match="channels is out of range"):
        GlobalFilter(0)
    with pytest.raises(SkelfuseError, match="frames is out of range"):
        GlobalFilter(1, 0)
