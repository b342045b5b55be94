"""Polynomials on exactly the frames that count."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode

from helpers import frieren_reference
from skelfuse.layers import full_basis, legendre_basis


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, 8))
def test_equal_to_an_independent_construction_on_any_mask(valid: list[bool], order: int) -> None:
    found = legendre_basis(torch.tensor([valid]), order)[0].numpy()
    frames = [t for t, here in enumerate(valid) if here]
    expected = np.zeros((order + 1, len(valid)))
    expected[:, frames] = frieren_reference.orthonormal_polynomials(frames, order)
    np.testing.assert_allclose(found, expected, atol=1e-8)


@pytest.mark.parametrize("length", [1, 2, 3, 9, 64, 1000, 4096])
def test_orthonormal_to_order_eight_at_every_length(length: int) -> None:
    basis = full_basis(length, 8, like=torch.zeros(1, dtype=torch.float64))[0]
    gram = basis @ basis.T / length
    expected = torch.diag((torch.arange(9) < length).double())
    torch.testing.assert_close(gram, expected, atol=1e-11, rtol=0)


def test_float32_is_only_a_rounding_of_it() -> None:
    exact = full_basis(4096, 8, like=torch.zeros(1, dtype=torch.float64))
    torch.testing.assert_close(
        full_basis(4096, 8, like=torch.zeros(1)).double(), exact, atol=1e-6, rtol=1e-6
    )


def test_few_frames_in_very_long_padding() -> None:
    mask = torch.zeros(3, 4096, dtype=torch.bool)
    for row, first in enumerate((0, 1700, 4096 - 64)):
        mask[row, first : first + 64] = True
    basis = legendre_basis(mask, 8)
    alone = legendre_basis(torch.ones(1, 64, dtype=torch.bool), 8)[0]
    for row, first in enumerate((0, 1700, 4096 - 64)):
        torch.testing.assert_close(basis[row, :, first : first + 64], alone, atol=1e-12, rtol=0)
    assert float(basis[~mask[:, None].expand_as(basis)].abs().max()) == 0.0


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_reversed_time_flips_the_odd_ones(valid: list[bool]) -> None:
    forth = legendre_basis(torch.tensor([valid]), 4)
    back = legendre_basis(torch.tensor([valid[::-1]]), 4).flip(-1)
    sign = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(back, forth * sign[:, None], atol=1e-9, rtol=0)


def test_the_highest_coefficient_is_positive() -> None:
    basis = full_basis(50, 8, like=torch.zeros(1, dtype=torch.float64))[0]
    assert bool((basis[:, -1] > 0).all())


def test_equal_lengths_are_computed_once_and_survive_inference_mode() -> None:
    with torch.inference_mode():
        first = full_basis(171, 3, like=torch.zeros(1))
    assert full_basis(171, 3, like=torch.zeros(1)) is first
    v = torch.randn(1, 171, 2, requires_grad=True)
    torch.autograd.backward((first @ v).sum())
    assert v.grad is not None
    for length in range(1, 100):
        full_basis(length, 1, like=torch.zeros(1))
    assert full_basis(171, 3, like=torch.zeros(1)) is not first  # memory is bounded


def test_what_has_no_values_is_not_kept() -> None:
    with FakeTensorMode() as fake:
        assert full_basis(23, 1, like=fake.from_tensor(torch.zeros(1))).shape == (1, 2, 23)
    assert full_basis(23, 1, like=torch.zeros(1))[0, 0].tolist() == [1.0] * 23
