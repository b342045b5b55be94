"""Spectral motion: exact where theory says so, honest elsewhere, blind to padding."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from helpers.gapped import gapped, padded
from skelfuse.errors import SkelfuseError
from skelfuse.layers.spectral_motion import Ends, SpectralMotion

pytestmark = pytest.mark.usefixtures("seeded")
ENDS: tuple[Ends, ...] = ("line", "mirror", "circle")


def course(values: Tensor) -> Tensor:
    return values.view(1, -1, 1, 1)


@pytest.mark.parametrize("T", [64, 65])
@pytest.mark.parametrize("turns", [1, 5, 20, 31])
def test_exact_for_whole_periods_in_a_circle(T: int, turns: int) -> None:
    t = torch.arange(T, dtype=torch.float64)
    omega = 2 * math.pi * turns / T
    found = SpectralMotion(ends="circle")(course((omega * t + 0.3).sin().float()))
    expected = (omega * (omega * t + 0.3).cos()).float()
    torch.testing.assert_close(found.flatten(), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("T", [64, 65])
@pytest.mark.parametrize("half_turns", [1, 7, 40])
def test_exact_for_the_waves_of_each_kind_of_end(T: int, half_turns: int) -> None:
    t = torch.arange(T, dtype=torch.float64)
    omega = math.pi * half_turns / (T - 1)
    x = 5 - 0.2 * t + (omega * t).sin()
    found = SpectralMotion()(course(x.float()))
    expected = -0.2 + omega * (omega * t).cos()
    torch.testing.assert_close(found.flatten(), expected.float(), atol=1e-5, rtol=0)
    omega = math.pi * half_turns / T
    found = SpectralMotion(ends="mirror")(course((omega * (t + 0.5)).cos().float()))
    expected = -omega * (omega * (t + 0.5)).sin()
    torch.testing.assert_close(found.flatten(), expected.float(), atol=1e-5, rtol=0)


def test_at_the_nyquist_limit_nothing_is_claimed() -> None:
    x = course((-1.0) ** torch.arange(20))
    assert float(SpectralMotion(ends="circle")(x).abs().max()) < 1e-5
    wide = padded(x, torch.ones(1, 20, 1, dtype=torch.bool), 3, 4)
    assert float(SpectralMotion(ends="circle")(*wide).abs().max()) < 1e-5


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("T", [1, 2, 3, 30])
def test_a_still_body_has_no_motion(ends: Ends, T: int) -> None:
    x = torch.full((2, T, 3, 2), 1234.5)
    assert not SpectralMotion(ends=ends)(x).any()
    mask = torch.rand(2, T, 3) < 0.6
    assert not SpectralMotion(ends=ends)(torch.where(mask[..., None], x, torch.nan), mask).any()


def test_a_walk_has_its_speed_up_to_the_ends_in_units_per_second() -> None:
    x = course(torch.linspace(0, 3, 31))  # 0.1 per frame
    torch.testing.assert_close(SpectralMotion()(x), torch.full_like(x, 0.1))
    torch.testing.assert_close(SpectralMotion(fps=30.0)(x), torch.full_like(x, 3.0))
    gaps = torch.ones(1, 31, 1, dtype=torch.bool)
    gaps[:, 4:9] = gaps[:, 20] = False
    found = SpectralMotion()(torch.where(gaps[..., None], x, torch.nan), gaps)
    torch.testing.assert_close(found, torch.where(gaps[..., None], torch.full_like(x, 0.1), 0.0))


def test_better_than_differences_on_a_clip_that_does_not_repeat() -> None:
    t = torch.arange(60.0) / 30.0  # two seconds
    x = 0.3 * t + 0.2 * (2 * math.pi * 3.3 * t + 0.4).sin() * (1 + t)
    speed = 0.3 + 0.2 * (2 * math.pi * 3.3 * t + 0.4).sin()
    speed = speed + 0.4 * math.pi * 3.3 * (2 * math.pi * 3.3 * t + 0.4).cos() * (1 + t)
    (differences,) = torch.gradient(x, spacing=1 / 30.0)
    error = {"difference": (differences - speed)[5:-5].square().mean().sqrt().item()}
    for ends in ENDS:
        found = SpectralMotion(ends=ends, fps=30.0)(course(x)).flatten()
        error[ends] = (found - speed)[5:-5].square().mean().sqrt().item()
    assert error["line"] < 0.5 * error["difference"]
    assert error["line"] < 0.5 * error["circle"]


@pytest.mark.parametrize(("hertz", "phase"), [(0.7, 0.4), (1.3, 1.0), (3.1, 2.0), (5.2, 0.3)])
def test_a_taper_would_cost_what_the_odd_continuation_keeps(hertz: float, phase: float) -> None:
    t = torch.arange(61.0, dtype=torch.float64) / 30.0  # two seconds
    omega = 2 * math.pi * hertz
    wave, speed = (omega * t + phase).sin(), omega * (omega * t + phase).cos()
    bell = torch.hann_window(61, periodic=False, dtype=torch.float64)
    found = SpectralMotion(fps=30.0)(course(wave)).flatten()
    tapered = SpectralMotion(ends="circle", fps=30.0)(course(wave * bell)).flatten()
    (differences,) = torch.gradient(wave, spacing=1 / 30.0)
    wrong, faded, blunt = ((one - speed).abs() / omega for one in (found, tapered, differences))
    assert wrong.mean() < 0.005
    assert faded.mean() > 0.3
    assert wrong[0] < min(0.16, 0.6 * blunt[0])
    assert wrong[5] < 0.004


@pytest.mark.parametrize("ends", ENDS)
def test_linear_in_x(ends: Ends) -> None:
    layer = SpectralMotion(ends=ends)
    x, mask = gapped(2, 20, 3, 2)
    other = torch.where(mask[..., None], torch.randn_like(x), torch.nan)
    together = layer(2 * x - 3 * other, mask)
    torch.testing.assert_close(
        together, 2 * layer(x, mask) - 3 * layer(other, mask), atol=1e-4, rtol=0
    )


def test_bad_choices_are_told() -> None:
    with pytest.raises(SkelfuseError, match="unknown ends: expected line, mirror or circle"):
        SpectralMotion(ends="open")  # type: ignore[arg-type]
    for fps in (0.0, -1.0, math.inf):
        with pytest.raises(SkelfuseError, match="fps is out of range"):
            SpectralMotion(fps=fps)
