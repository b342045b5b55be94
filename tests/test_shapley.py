"""Shapley shares on games whose answer is known, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelfuse.explain.shapley import Shares, Value, drawn_orders, shapley_shares, synergies

Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Drawn = Callable[[int, int, np.random.Generator], npt.NDArray[np.int64]]

RUNWAYS = np.array([1.0, 1.5, 2.0, 4.0, 4.0, 5.0, 7.0, 7.5, 8.0, 12.0])


def airport(here: BoolArray) -> Array:
    """Return what a runway costs that is long enough for all who are here, `[E,1]`."""
    return np.asarray(np.where(here, RUNWAYS, 0).max(axis=1, keepdims=True))


def airport_shares() -> Array:
    """Return its Shapley shares: every stretch is paid in equal parts by all who need it."""
    stretches = np.diff(np.r_[0, RUNWAYS])
    return np.cumsum(stretches / np.arange(len(RUNWAYS), 0, -1))


def asked(value: Value, players: int, rounds: int, *, seed: int = 0, most: int = 0) -> Shares:
    return shapley_shares(
        value, players, rounds, seed=seed, most=most, steady=lambda shares: shares.rounds >= most
    )


def in_pairs(players: int, rounds: int, draw: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return opposite orders that are not spread over the places."""
    half = np.stack([draw.permutation(players) for _ in range(rounds // 2)])
    return np.stack([half, half[:, ::-1]], axis=1).reshape(rounds, players)


def independent(players: int, rounds: int, draw: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.stack([draw.permutation(players) for _ in range(rounds)])


def mean_squared_error(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr("skelfuse.explain.shapley.drawn_orders", drawn)
    found = (asked(airport, 10, 16, seed=seed) for seed in range(200))
    errors = [one.of(np.ones(1))[0] - airport_shares() for one in found]
    return float(np.mean(np.square(errors)))


@given(st.integers(2, 12), st.integers(2, 20), st.integers(0, 99))
def test_the_shares_of_every_round_add_up(players: int, rounds: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    first, second = draw.normal(size=(2, players))

    def value(here: BoolArray) -> Array:
        return np.stack([np.tanh(here @ first), np.exp(here @ second / players)], axis=1)

    ends = value(np.array([[False] * players, [True] * players]))
    found = asked(value, players, rounds, seed=seed)
    each = found.each.sum(axis=1)  # [rounds,2]
    np.testing.assert_allclose(each, np.broadcast_to(ends[1] - ends[0], each.shape), atol=1e-9)


def test_few_players_are_asked_in_every_set_and_without_error() -> None:
    few = RUNWAYS[:5]
    found = asked(lambda here: np.where(here, few, 0).max(axis=1, keepdims=True), 5, 16)
    share, error = found.of(np.ones(1))
    np.testing.assert_allclose(share, np.cumsum(np.diff(np.r_[0, few]) / [5, 4, 3, 2, 1]))
    assert found.rounds == 0
    assert not error.any()


def test_the_mean_of_many_rounds_is_the_known_answer_within_its_error() -> None:
    share, error = asked(airport, 10, 400).of(np.ones(1))
    assert (np.abs(share - airport_shares()) < 4 * error + 1e-9).all()
    assert error.max() < 0.12


def test_opposite_orders_give_what_pairs_do_together_exactly() -> None:
    draw = np.random.default_rng(3)
    alone, together = draw.normal(size=12), np.triu(draw.normal(size=(12, 12)), 1)

    def value(here: BoolArray) -> Array:
        seen = here.astype(float)
        both = np.einsum("ei,ij,ej->e", seen, together, seen)
        return np.asarray(seen @ alone + both)[:, None]

    share, _ = asked(value, 12, 2).of(np.ones(1))
    np.testing.assert_allclose(share, alone + (together + together.T).sum(axis=1) / 2)


def test_the_orders_are_surer_than_opposite_ones_and_these_than_independent_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spread, pairs, plain = (
        mean_squared_error(drawn, monkeypatch) for drawn in (drawn_orders, in_pairs, independent)
    )
    assert spread < 0.8 * pairs
    assert pairs < 0.8 * plain


def test_the_error_that_is_told_is_the_true_one() -> None:
    found = [asked(airport, 10, 32, seed=seed).of(np.ones(1)) for seed in range(200)]
    true = np.sqrt(np.mean([np.square(share - airport_shares()) for share, _ in found], axis=0))
    told = np.sqrt(np.mean([np.square(error) for _, error in found], axis=0))
    assert (told > 0.6 * true).all()
    assert (told < 1.6 * true).all()
    assert np.linalg.norm(told) == pytest.approx(np.linalg.norm(true), rel=0.1)


@given(st.integers(1, 9), st.integers(1, 11), st.integers(0, 99))
def test_everybody_comes_in_once_and_every_order_has_its_opposite(
    players: int, rounds: int, seed: int
) -> None:
    found = drawn_orders(players, rounds, np.random.default_rng(seed))
    assert len(found) in (rounds, rounds + 1)
    assert (np.sort(found, axis=1) == np.arange(players)).all()
    assert (found[::2] == found[1::2, ::-1]).all()


def test_all_orders_are_equally_likely() -> None:
    found = drawn_orders(3, 6, np.random.default_rng(0))
    draws = [drawn_orders(3, 6, np.random.default_rng(seed)) for seed in range(1000)]
    counts = np.unique(np.concatenate([found, *draws]), axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert (np.abs(counts / counts.sum() - 1 / 6) < 0.015).all()


def test_one_who_adds_nothing_has_no_share_and_two_who_are_alike_have_equal_ones() -> None:
    def value(here: BoolArray) -> Array:  # 0 and 1 are alike, 2 does nothing
        worth = here[:, :2].sum(1) * here[:, 3:].sum(1) + here[:, :2].any(1)
        return np.asarray(np.log1p(worth))[:, None]

    share, error = asked(value, 12, 32).of(np.ones(1))
    assert share[2] == 0
    assert error[2] == 0
    assert share[0] == pytest.approx(share[1], abs=4 * np.hypot(*error[:2]))


def test_a_seed_gives_the_same_shares_and_another_one_others() -> None:
    first, same, other = (asked(airport, 10, 4, seed=seed).each for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_more_rounds_are_asked_until_they_are_enough() -> None:
    assert asked(airport, 10, 4, most=12).rounds == 12
    never = shapley_shares(airport, 10, 4, most=10, steady=lambda _: False)
    assert never.rounds == 12  # whole fours, until there are ten
    assert asked(airport, 10, 18).rounds == 24  # whole eights
    assert np.isnan(asked(airport, 10, 2).of(np.ones(1))[1]).all()  # one pair knows no error


def test_synergies_are_what_two_add_beyond_each_alone() -> None:
    together = np.zeros((6, 6))
    together[0, 1], together[0, 2], together[1, 4] = 2.0, -0.5, 9.0

    def value(here: BoolArray) -> Array:
        seen = here.astype(float)
        return np.asarray(np.einsum("ei,ij,ej->e", seen, together, seen))[:, None]

    found = synergies(value, 6, [0, 1, 2])
    assert {pair: float(s[0]) for pair, s in found.items()} == pytest.approx(
        {(0, 1): 2.0, (0, 2): -0.5, (1, 2): 0.0}
    )
