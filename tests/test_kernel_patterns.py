"""Classical kernels are known again, and every kernel's frequency response is the true one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skelfuse.inspect.patterns import NOISE_ROBUST, nearest_pattern
from skelfuse.inspect.response import gain, response

kernels = st.integers(2, 9).flatmap(
    lambda k: arrays(np.float64, k, elements=st.floats(-3, 3, allow_subnormal=False))
)
GOLDEN = [
    ([-1, 1], "velocity over 1 frame"),
    ([-0.5, 0, 0.5], "velocity, central"),
    ([1, -2, 1], "acceleration"),
    ([1, -3, 3, -1], "jerk"),
    ([1 / 3] * 3, "smoothing (box)"),
    ([0.2] * 5, "smoothing (box)"),
    (np.exp(-0.5 * np.arange(-2, 3) ** 2).tolist(), "Gaussian"),
    (list(NOISE_ROBUST), "noise-robust"),
    ([0, 0, 1, 0], "position"),
    ([-1, 0, 0, 0, 1], "velocity over 4 frames"),
    ([-2, -1, 0, 1, 2], "velocity, smoothed"),
    ([1, 0, -2, 0, 1], "acceleration over 4 frames"),
]


@pytest.mark.parametrize(("taps", "name"), GOLDEN)
@pytest.mark.parametrize("factor", [0.01, -7.0])
def test_a_classical_kernel_of_any_size_and_sign_is_found_whole(
    taps: list[float], name: str, factor: float
) -> None:
    found = nearest_pattern(factor * np.array(taps))
    assert found is not None
    assert found.pattern == name
    assert found.cosine == pytest.approx(np.sign(factor), abs=1e-12)
    assert found.left_over == pytest.approx(0, abs=1e-12)
    assert found.inverted == (factor < 0)
    assert str(found) == name + (", inverted" if factor < 0 else "")


@pytest.mark.parametrize(("taps", "name"), GOLDEN)
def test_a_pattern_is_found_wherever_it_stands_in_a_longer_kernel(
    taps: list[float], name: str
) -> None:
    first = int(np.flatnonzero(taps)[0]) if name == "position" else 0
    for before in range(3):
        found = nearest_pattern(np.pad(np.array(taps, float), (before, 2)))
        assert found is not None
        assert (found.pattern, found.first) == (name, before + first)


@pytest.mark.parametrize("period", [2.7, 4.0, 8.0])
@pytest.mark.parametrize("phase", [0.3, 1.2])
def test_a_wave_is_periodic_with_its_period(period: float, phase: float) -> None:
    found = nearest_pattern(0.4 * np.sin(2 * np.pi * np.arange(9) / period + phase))
    assert found is not None
    assert found.pattern == "periodic"
    assert found.period == pytest.approx(period, rel=1e-3)
    assert found.left_over < 1e-5


def test_what_a_pattern_does_not_explain_is_left_over() -> None:
    acceleration = np.array([1.0, -2.0, 1.0]) / 6**0.5
    still = np.array([1.0, 1.0, 1.0]) / 3**0.5
    found = nearest_pattern(0.95 * acceleration + (1 - 0.95**2) ** 0.5 * still)
    assert found is not None
    assert found.pattern == "acceleration"
    assert found.cosine == pytest.approx(0.95)
    assert found.left_over == pytest.approx(1 - 0.95**2)
    assert nearest_pattern([0.0, 0.0, 0.0]) is None


@pytest.mark.slow
@given(kernels)
def test_what_is_left_over_is_what_the_fitted_pattern_misses(taps: np.ndarray) -> None:
    assume(np.linalg.norm(taps) > 1e-3)
    found = nearest_pattern(taps)
    assert found is not None
    missed = np.square(taps - np.array(found.taps)).sum() / np.square(taps).sum()
    assert found.left_over == pytest.approx(missed, abs=1e-6)
    assert abs(found.cosine) <= 1
    upside_down = nearest_pattern(-taps)
    assert upside_down is not None
    assert upside_down.left_over == pytest.approx(found.left_over, abs=1e-6)


def test_the_first_differences_gain_is_twice_the_sine() -> None:
    frequencies = np.linspace(0, 15, 40)
    expected = 2 * np.abs(np.sin(np.pi * frequencies / 30))
    np.testing.assert_allclose(gain([-1, 1], frequencies, rate=30), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("taps", "kind", "at_zero", "peak", "peak_gain", "band"),
    [
        ([-1, 1], "high", 0, 0.5, 2, (0.25, 0.5)),  # 2·sin πf
        ([-0.5, 0, 0.5], "band", 0, 0.25, 1, (0.125, 0.375)),  # sin 2πf
        ([0.5, 0.5], "low", 1, 0, 1, (0, 0.25)),  # cos πf
        ([1, -2, 1], "high", 0, 0.5, 4, (np.arcsin(2**-0.25) / np.pi, 0.5)),  # 4·sin² πf
        ([1, -3, 3, -1], "high", 0, 0.5, 8, (np.arcsin(2 ** (-1 / 6)) / np.pi, 0.5)),
        ([0, 3, 0], "all", 3, 0, 3, (0, 0.5)),
        ([0, 0], "none", 0, 0, 0, (0, 0.5)),
    ],
)
def test_known_kernels_have_their_known_response(
    taps: list[float],
    kind: str,
    at_zero: float,
    peak: float,
    peak_gain: float,
    band: tuple[float, float],
) -> None:
    found = response(taps)
    assert found.kind == kind
    assert found.at_zero == pytest.approx(at_zero)
    assert found.peak == pytest.approx(peak, abs=1e-6)
    assert found.peak_gain == pytest.approx(peak_gain)
    assert found.band == pytest.approx(band, abs=1e-9)


@given(kernels)
def test_the_band_holds_the_peak_and_ends_at_half_power(taps: np.ndarray) -> None:
    assume(np.linalg.norm(taps) > 1e-3)
    found = response(taps)
    everywhere = np.abs(np.fft.rfft(taps, 4096))
    assert everywhere.max() <= found.peak_gain * (1 + 1e-6)
    low, high = found.band
    assert low <= found.peak <= high
    inside = gain(taps, np.linspace(low, high, 200))
    assert inside.min() >= found.peak_gain * 0.5**0.5 * (1 - 1e-3)
    for edge in (low, high):
        if edge not in (0, 0.5):
            assert gain(taps, edge) == pytest.approx(found.peak_gain * 0.5**0.5, rel=1e-6)
