"""Which kernels are derivatives, and where: golden ones, and what no shift or sign may change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelfuse.inspect.derivative import derivative

KERNELS = st.lists(st.floats(-1, 1, width=16), min_size=2, max_size=7)


def edge_of_sine(share: float) -> float:
    """Return where sin(x) / x comes down to a share of 1, for x between 0 and π."""
    low, high = 0.0, math.pi
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.sin(middle) > share * middle else (low, middle)
    return low


def test_differences_are_velocities_up_to_where_their_sine_bends() -> None:
    first, central = derivative([-1, 1], -1), derivative([-0.5, 0, 0.5], -1)
    assert (first.slope, first.place) == (1, -0.5)
    assert (central.slope, central.place) == (1, 0)
    # Their gains are 2·sin(ω/2) and sin ω.
    assert first.follows == pytest.approx((0, 2 * edge_of_sine(0.9) / (2 * math.pi)))
    assert central.follows == pytest.approx((0, edge_of_sine(0.9) / (2 * math.pi)))


def test_a_better_differentiator_follows_further() -> None:
    edges = []
    for taps in ([-0.5, 0, 0.5], [1 / 12, -8 / 12, 0, 8 / 12, -1 / 12]):
        found = derivative(taps, -(len(taps) // 2)).follows
        assert found is not None
        edges.append(found[1])
    assert edges[1] > 1.5 * edges[0]
    # A wide one averages, and gives in early.
    wide = derivative([-0.2, -0.1, 0, 0.1, 0.2], -2).follows
    assert wide is not None
    assert wide[1] < edges[0]


def test_a_one_sided_derivative_is_one_of_the_newest_frame() -> None:
    found = derivative([0.5, -2, 1.5], -2)
    assert (found.slope, found.place) == pytest.approx((1, 0))
    assert found.follows is not None


@pytest.mark.parametrize(
    "taps",
    [
        [0, 0],
        [0, 0, 1],
        [0.25, 0.5, 0.25],
        [1, -2, 1],
        [-1, 3, -3, 1],
        [-1, 4, -1],
        [0.3, 0.7],
    ],
    ids=["zero", "delay", "smooth", "acceleration", "jerk", "sharpen", "between"],
)
def test_what_is_no_derivative_follows_nowhere(taps: list[float]) -> None:
    assert derivative(taps).follows is None


def test_what_leaks_of_the_place_takes_slow_motion_away() -> None:
    pure, leaky = derivative([-1, 1], -1).follows, derivative([-1, 1.1], -1).follows
    assert pure is not None
    assert leaky is not None
    assert pure[0] == 0 < leaky[0] < 0.05
    assert derivative([-1, 3], -1).follows is None


@given(KERNELS, st.integers(-9, 9), st.sampled_from([-2.0, 0.5, 4.0]))
def test_a_shift_moves_the_place_and_a_factor_the_slope(
    taps: list[float], shift: int, factor: float
) -> None:
    here, there = derivative(taps, 0), derivative([factor * tap for tap in taps], shift)
    assert (here.follows is None) == (there.follows is None)
    if here.follows is not None and there.follows is not None:
        assert there.follows == pytest.approx(here.follows, abs=1e-6)
        assert there.slope == pytest.approx(factor * here.slope)
        assert there.place == pytest.approx(here.place + shift, abs=1e-6)


@given(KERNELS, st.floats(0.0, 1.0))
def test_on_a_sine_within_the_band_the_answer_is_the_velocity(
    taps: list[float], where: float
) -> None:
    found = derivative(taps, -1)
    if found.follows is None:
        return
    low, high = found.follows
    frequency = low + where * (high - low)
    if frequency < 1e-3:
        return
    omega, offsets = 2 * math.pi * frequency, np.arange(len(taps)) - 1
    time = np.linspace(0, 1 / frequency, 400)
    told = np.sin(omega * (time[:, None] + offsets)) @ np.array(taps)
    velocity = found.slope * omega * np.cos(omega * (time + found.place))
    assert np.ptp(told) == pytest.approx(np.ptp(velocity), rel=0.102)
    alike = float(told @ velocity) / float(np.linalg.norm(told) * np.linalg.norm(velocity))
    assert alike > math.cos(math.radians(30)) - 1e-3
