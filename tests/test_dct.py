"""The cosine transform of windows: the definition, the way back, masks, and use."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.gapped import gapped, padded
from skelfuse.errors import SkelfuseError
from skelfuse.layers.dct import DCTChannels
from skelfuse.layers.spans import without_gaps

pytestmark = pytest.mark.usefixtures("seeded")
seeds = st.integers(0, 10_000)


def pieces(frames: int, window: int) -> list[tuple[int, int]]:
    """Cut frames 0..L-1 by rank, as the docstring says it: begin and end of each part."""
    parts = -(-frames // window)
    of = [j * parts // frames for j in range(frames)]
    return [(of.index(w), of.index(w) + of.count(w)) for w in range(parts)]


@pytest.mark.parametrize(("T", "window"), [(64, 64), (64, 16), (50, 16), (1, 8), (3, 8), (300, 64)])
def test_equal_to_scipy_window_by_window(T: int, window: int) -> None:
    x = 5 + torch.randn(2, T, 3, 2)
    found = DCTChannels(window)(x).numpy()
    cut = pieces(T, window)
    assert found.shape == (2, window, 3, 2, len(cut))
    for number, (begin, end) in enumerate(cut):
        assert end - begin <= window
        expected = scipy.fft.dct(x[:, begin:end].double().numpy(), type=2, norm="ortho", axis=1)
        here = found[..., number]
        size = np.abs(expected).max()
        np.testing.assert_allclose(here[:, : end - begin], expected, atol=1e-6 * size, rtol=0)
        assert not here[:, end - begin :].any()
        doubled = DCTChannels(window)(x.double()).numpy()[:, : end - begin, ..., number]
        np.testing.assert_allclose(doubled, expected, atol=1e-12)


def test_a_cosine_is_one_channel_and_a_still_body_only_the_first() -> None:
    t = torch.arange(32.0)
    wave = torch.cos(torch.pi * (2 * t + 1) * 5 / (2 * 32)).view(1, 32, 1, 1)
    found = DCTChannels(32)(wave).flatten()
    assert found.abs().argmax() == 5
    assert float(found.abs().sum() - found[5].abs()) < 1e-4
    still = DCTChannels(32)(torch.full((1, 32, 1, 1), 3.0)).flatten()
    assert still[0] == pytest.approx(3 * 32**0.5)
    assert float(still[1:].abs().max()) < 1e-5


def test_hertz_names_the_frequency_of_a_channel() -> None:
    fps, window = 30.0, 60
    dct = DCTChannels(window)
    t = torch.arange(60.0) / fps
    wave = torch.cos(2 * torch.pi * 2.5 * (t + 0.5 / fps)).view(1, 60, 1, 1)  # 2.5 Hz
    loudest = int(dct(wave).abs().argmax())
    assert dct.hertz(fps)[loudest] == pytest.approx(2.5)
    assert DCTChannels(60, frequencies=(3, 1)).hertz(fps, frames=30) == pytest.approx((1.5, 0.5))


@pytest.mark.slow
@given(seeds, st.integers(1, 40), st.integers(1, 20))
def test_the_inverse_restores_every_frame_that_counts(seed: int, T: int, window: int) -> None:
    torch.manual_seed(seed)
    x, mask = gapped(3, T, 2, 2)
    dct = DCTChannels(window)
    back = dct.inverse(dct(x, mask), mask)
    torch.testing.assert_close(back, x.nan_to_num(), atol=1e-5, rtol=0)
    whole = x.nan_to_num()
    torch.testing.assert_close(dct.inverse(dct(whole), frames=T), whole, atol=1e-5, rtol=0)
    torch.testing.assert_close(  # Parseval
        dct(whole).square().sum((1, 4)), whole.square().sum(1), atol=1e-4, rtol=1e-5
    )


@pytest.mark.slow
@given(seeds, st.integers(0, 30), st.integers(0, 30))
def test_padding_changes_nothing(seed: int, before: int, after: int) -> None:
    torch.manual_seed(seed)
    x, mask = gapped(2, 13, 3, 2)
    dct = DCTChannels(5)
    short, long = dct(x, mask), dct(*padded(x, mask, before, after))
    torch.testing.assert_close(long[..., : short.shape[-1]], short)
    assert not long[..., short.shape[-1] :].any()
    seen = dct.windows_seen(padded(x, mask, before, after)[1])
    assert torch.equal(seen[..., : short.shape[-1]], dct.windows_seen(mask))
    assert not seen[..., short.shape[-1] :].any()
    plain = dct(x.nan_to_num())
    every = torch.ones_like(mask)
    torch.testing.assert_close(
        dct(*padded(x.nan_to_num(), every, before, after))[..., : plain.shape[-1]], plain
    )


def test_gaps_are_bridged_by_straight_lines() -> None:
    line = torch.arange(12.0).view(1, 12, 1, 1).expand(1, 12, 2, 1)
    mask = torch.ones(1, 12, 2, dtype=torch.bool)
    mask[0, 3:7, 0] = mask[0, 9, 0] = False
    gaps = torch.where(mask[..., None], line, torch.nan)
    torch.testing.assert_close(DCTChannels(12)(gaps, mask), DCTChannels(12)(line))
    assert torch.equal(without_gaps(line, None), line)


def test_a_window_without_a_joint_is_zero_for_that_joint() -> None:
    mask = torch.ones(1, 12, 2, dtype=torch.bool)
    mask[0, 4:8, 1] = False
    x = torch.where(mask[..., None], torch.ones(1, 12, 2, 3), torch.nan)
    dct = DCTChannels(4)
    assert dct.windows_seen(mask).tolist() == [[[True, True, True], [True, False, True]]]
    found = dct(x, mask)
    assert not found[0, :, 1, :, 1].any()
    assert bool(found[0, 0, 1, :, 0].all())


def test_chosen_frequencies_are_the_same_channels_and_less_work() -> None:
    x, mask = gapped(2, 70, 3, 2)
    kept = (7, 0, 3)
    some, every = DCTChannels(32, frequencies=kept), DCTChannels(32)
    torch.testing.assert_close(some(x, mask), every(x, mask)[:, list(kept)])
    only = every(x, mask)
    rest = [k for k in range(32) if k not in kept]
    only[:, rest] = 0.0
    torch.testing.assert_close(
        some.inverse(some(x, mask), mask), every.inverse(only, mask), atol=1e-5, rtol=0
    )


def test_gradcheck_of_the_way_there_and_back() -> None:
    x = torch.randn(1, 7, 2, 2, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(1, 7, 2) < 0.7
    dct = DCTChannels(4)
    assert torch.autograd.gradcheck(lambda x: dct.inverse(dct(x, mask), mask), (x,))


def test_half_precision_comes_back_as_it_went() -> None:
    dct = DCTChannels(100)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert dct(torch.randn(2, 100, 3, 2)).dtype == torch.float32
    x, mask = torch.randn(2, 100, 3, 2).half(), torch.rand(2, 100, 3) < 0.7
    assert dct.inverse(dct(x, mask), mask).dtype == torch.float16


def test_bad_choices_are_told() -> None:
    with pytest.raises(SkelfuseError, match="window is out of range"):
        DCTChannels(0)
    for wrong in ((), (4,), (1, 1), (-1,)):
        with pytest.raises(SkelfuseError, match=r"frequencies.*from 0 to window - 1 = 3"):
            DCTChannels(4, frequencies=wrong)
    for shape in ((1, 4, 3, 2, 3), (1, 5, 3, 2, 2), (4, 3, 2, 2), ()):
        with pytest.raises(SkelfuseError, match="channels have the wrong shape"):
            DCTChannels(4).inverse(torch.zeros(shape), frames=7)
    with pytest.raises(SkelfuseError, match="give the mask that the clip had"):
        DCTChannels(4).inverse(torch.zeros(1, 4, 3, 2, 2), torch.zeros(1, 8, 1, dtype=torch.bool))
