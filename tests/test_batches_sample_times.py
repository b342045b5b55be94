"""The times that training draws: in order, inside the clip, and as random as they should be."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skelfuse.batches import Sampling
from skelfuse.batches.chance import clip_keys
from skelfuse.batches.sampling import Mode, SampleTimes, between, drawn, sample_times, spread

MODES: tuple[Mode, ...] = ("resize", "uniform", "crop")


@given(
    st.integers(1, 300),
    st.integers(1, 64),
    st.sampled_from(MODES),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 99),
)
def test_training_times_stay_in_order_and_in_the_part_that_is_kept(
    frames: int, T: int, mode: Mode, uneven: float, seed: int
) -> None:
    crop = (1.0, 1.0) if mode == "crop" else (0.4, 0.7)
    sampling = Sampling(frames=T, mode=mode, crop=crop, jitter=0.5, uneven=uneven)
    length = torch.full([8], frames)
    choice = drawn(sampling, clip_keys(seed, 0, torch.arange(8)))
    assert ((choice.share >= crop[0]) & (choice.share <= crop[1])).all()
    position, real = sample_times(sampling, length, None, choice)
    assert (position.diff(dim=1) >= -1e-9).all()
    assert ((position >= 0) & (position <= frames)).all()
    spanned = position[:, -1] - position[:, 0]
    whole = frames if mode == "uniform" else frames - 1
    assert (spanned <= whole * choice.share + 1e-6).all()
    low, high, weight = between(SampleTimes(position, real), length, whole=mode == "uniform")
    assert ((low >= 0) & (high < frames) & (low <= high) & (high <= low + 1)).all()
    assert ((weight >= 0) & (weight < 1)).all()


def test_training_crops_differ_in_length_and_place_and_jitter_moves_times() -> None:
    keys, length = clip_keys(0, 0, torch.arange(2000)), torch.full([2000], 101)
    choice = drawn(Sampling(frames=11, crop=(0.5, 0.9)), keys)
    assert abs(float(choice.share.mean()) - 0.7) < 0.02
    assert abs(float(choice.place.mean()) - 0.5) < 0.02
    jittered = Sampling(frames=11, jitter=0.25)
    moved = sample_times(jittered, length, None, drawn(jittered, keys)).position
    moved = moved - torch.linspace(0, 100, 11)
    assert 2.4 < float(moved.abs().max()) <= 2.5  # a quarter of ten frames
    inner = moved[:, 1:-1]
    assert abs(float(inner.std()) - 2.5 / 3**0.5) < 0.05


@pytest.mark.parametrize("mode", ["resize", "uniform"])
def test_wholly_uneven_times_lie_wherever_chance_puts_them(mode: Mode) -> None:
    keys, length = clip_keys(0, 0, torch.arange(2000)), torch.full([2000], 101)
    uneven = Sampling(frames=20, mode=mode, uneven=1.0)
    position = sample_times(uneven, length, None, drawn(uneven, keys)).position
    assert abs(float(position.mean()) - 50) < 1
    early = (position < 50).sum(dim=1).double()  # as often as heads in 20 throws of a coin
    assert abs(float(early.mean()) - 10) < 0.2
    assert abs(float(early.std()) - 5**0.5) < 0.1
    half = replace(uneven, uneven=0.5)
    between_both = sample_times(half, length, None, drawn(half, keys)).position
    even = sample_times(uneven, length, None, spread(uneven, 2000)).position  # as in evaluation
    torch.testing.assert_close(between_both, (position + even) / 2)


def test_uneven_times_of_a_piece_stay_in_the_piece() -> None:
    keys, length = clip_keys(0, 0, torch.arange(500)), torch.full([500], 3000)
    piece = Sampling(frames=64, mode="crop", uneven=1.0)
    position = sample_times(piece, length, None, drawn(piece, keys)).position
    spanned = position[:, -1] - position[:, 0]
    assert float(spanned.max()) <= 63 + 1e-6
    assert float(spanned.mean()) > 55  # anywhere in the piece, from early to late
    assert float(position[:, 0].std()) > 500  # and pieces lie everywhere


def test_uneven_times_of_a_clip_that_is_soon_over_lie_before_its_end() -> None:
    keys, length, rate = clip_keys(0, 0, torch.arange(99)), torch.full([99], 9), torch.ones(99)
    uneven = Sampling(frames=30, fps=30, uneven=1.0)
    position, real = sample_times(uneven, length, rate.double(), drawn(uneven, keys))
    assert (real.sum(dim=1) == 9).all()
    seen = position[real].view(99, 9)
    assert ((seen >= 0) & (seen <= 8)).all()
    assert abs(float(seen.mean()) - 4) < 0.5


def test_a_moment_that_is_a_frame_but_for_rounding_is_that_frame() -> None:
    position = torch.tensor([[0.0, 1 - 1e-9, 1 + 1e-9, 2 - 1e-9]], dtype=torch.float64)
    low, high, weight = between(SampleTimes(position, position >= 0), torch.tensor([3]))
    assert low.tolist() == high.tolist() == [[0, 1, 1, 2]]
    assert not weight.any()


def test_training_crops_are_whole_frames_from_anywhere_in_the_clip() -> None:
    sampling = Sampling(frames=4, mode="crop")
    choice = drawn(sampling, clip_keys(0, 0, torch.arange(500)))
    position, real = sample_times(sampling, torch.full([500], 9), None, choice)
    assert real.all()
    assert set(position[:, 0].tolist()) == {0, 1, 2, 3, 4, 5}
    assert (position.diff(dim=1) == 1).all()
