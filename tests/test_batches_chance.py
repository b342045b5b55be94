"""Random numbers are as random as they look, and the same again when asked again."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from skelfuse.batches.chance import Purpose, clip_keys, normal, shuffled, uniform


def test_random_numbers_are_even_and_unrelated() -> None:
    keys = clip_keys(0, 0, torch.arange(4000))
    u = uniform(keys, Purpose.CROP, 16)
    counts = torch.histc(u, bins=64, min=0, max=1)
    expected = u.numel() / 64
    chi = float(((counts - expected) ** 2 / expected).sum())
    assert chi < 63 + 5 * math.sqrt(2 * 63)
    columns = np.corrcoef(u.numpy(), rowvar=False) - np.eye(16)
    rows = np.corrcoef(uniform(keys[:40], Purpose.CROP, 4000).numpy()) - np.eye(40)
    assert np.abs(columns).max() < 0.08
    assert np.abs(rows).max() < 0.08
    assert not torch.equal(u, uniform(keys, Purpose.SHIFT, 16))
    z = normal(keys, Purpose.NOISE, 16)
    assert float(z.std()) == pytest.approx(1, abs=0.01)
    assert float((z.abs() < 1).float().mean()) == pytest.approx(0.6827, abs=0.01)
    for seed, epoch in ((1, 0), (0, 1)):
        other = uniform(clip_keys(seed, epoch, torch.arange(4000)), Purpose.CROP, 16)
        assert abs(np.corrcoef(u.flatten(), other.flatten())[0, 1]) < 0.02


def test_an_order_holds_everything_once_and_changes_with_seed_and_epoch() -> None:
    orders = [shuffled(seed, epoch, 500) for seed in (0, 1) for epoch in (0, 1)]
    for order in orders:
        assert torch.equal(order.sort().values, torch.arange(500))
    assert len({tuple(order.tolist()) for order in orders}) == 4
    assert torch.equal(shuffled(1, 1, 500), orders[3])


def test_the_numbers_are_these_for_good() -> None:
    # A run that is resumed by a later version must go on as it began.
    assert shuffled(0, 0, 8).tolist() == [3, 6, 5, 7, 2, 4, 1, 0]
    u = uniform(clip_keys(0, 0, torch.arange(2)), Purpose.CROP, 2)
    np.testing.assert_array_equal((u * 2**24).long(), [[8472783, 8524434], [9091158, 11649221]])
