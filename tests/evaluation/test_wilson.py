"""Wilson's interval: what 100 % of few clips is worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelfuse.evaluation.bootstrap import bootstrap_interval, wilson_interval


def right_ones(right: int, clips: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.arange(clips) < right


@pytest.mark.parametrize(
    ("right", "clips", "low", "high"),
    # By hand from the formula, z = 1.96: for all of n clips low is n / (n + z²).
    [(18, 18, 0.8241, 1.0), (0, 18, 0.0, 0.1759), (1, 1, 0.2065, 1.0), (5, 10, 0.2366, 0.7634)],
)
def test_known_intervals(right: int, clips: int, low: float, high: float) -> None:
    found = wilson_interval(right_ones(right, clips))
    assert found == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 300), st.data())
def test_it_holds_the_share_and_is_never_a_point(clips: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, clips))
    low, high = wilson_interval(right_ones(right, clips))
    assert 0 <= low <= right / clips <= high <= 1
    assert high - low > 0.01
    other = wilson_interval(right_ones(clips - right, clips))
    assert (1 - other.high, 1 - other.low) == pytest.approx((low, high))


def test_of_many_clips_it_is_the_bootstraps() -> None:
    right = right_ones(1600, 2000)
    assert wilson_interval(right) == pytest.approx(bootstrap_interval(right), abs=0.002)
