"""What each player adds to a result, on average over the orders in which they may come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from skelfuse.arrays import Array, Bools

Value = Callable[[Bools], Array]  # coalitions [E,P] -> [E,K], K results at once
Steady = Callable[["Shares"], bool]


BATCH = 8  # rounds that are spread evenly together; batches are independent


@dataclass(frozen=True, eq=False)
class Shares:
    """The Shapley shares of P players in K results, as each round found them.

    Those of a round add up to what all players together add, so their mean does as well.
    """

    each: Array  # [rounds,P,K]; a round and its opposite follow one another
    batch: int = BATCH
    exact: bool = False  # every set of players was asked: then there is one round, without error

    @property
    def rounds(self) -> int:
        """Of how many orders this is the mean; 0 where every set was asked."""
        return 0 if self.exact else len(self.each)

    def of(self, weights: Array) -> tuple[Array, Array]:
        """Return the shares in a sum of results weighted by `weights [K]`, and their errors, `[P]`.

        The standard error is that of independent pairs of opposite rounds, times how much less
        than such pairs the batches differ, all players together: they are spread more evenly.
        """
        rounds = self.each @ weights  # [rounds,P]
        mean = rounds.mean(axis=0)
        if self.exact:
            return mean, np.zeros_like(mean)
        pairs = rounds.reshape(-1, 2, len(mean)).mean(axis=1)
        if len(pairs) < 2:
            return mean, np.full_like(mean, np.nan)
        variance = pairs.var(axis=0, ddof=1) / len(pairs)  # [P]
        batches = rounds.reshape(-1, self.batch, len(mean)).mean(axis=1)
        if len(batches) > 1 and variance.any():
            between = batches.var(axis=0, ddof=1) / len(batches)
            variance *= between.sum() / variance.sum()
        return mean, np.sqrt(variance)


def shapley_shares(
    value: Value, players: int, rounds: int, *, seed: int = 0, most: int = 0, steady: Steady
) -> Shares:
    """Return what each of the players adds to a result, `value(all) - value(nobody)` in all.

    At least `rounds` orders are asked, in whole batches, and more until the shares are `steady` or
    there were `most`. Where it takes no more questions, every set of players is asked instead:
    that is exact.

    >>> def value(here):  # a left glove is worth something with a right one
    ...     return (here[:, :1] & here[:, 1:].any(axis=1, keepdims=True)).astype(float)
    >>> found = shapley_shares(value, 3, rounds=16, steady=lambda _: True)
    >>> found.of(np.ones(1))[0].round(4).tolist()
    [0.6667, 0.1667, 0.1667]
    """
    if 2**players - 2 <= rounds * max(1, players - 1):
        return Shares(_of_every_set(value, players)[None], exact=True)
    draw = np.random.default_rng(seed)
    batch = min(BATCH, rounds + rounds % 2)
    each = np.zeros((0, players, 0))
    while True:
        count = max(1, -(-(rounds - len(each)) // batch))  # batches; asked together at first
        orders = [drawn_orders(players, batch, draw) for _ in range(count)]
        found = _of_orders(value, np.concatenate(orders))
        each = np.concatenate([each, found]) if len(each) else found
        shares = Shares(each, batch)
        if shares.rounds >= most or steady(shares):
            return shares


def synergies(value: Value, players: int, strongest: Sequence[int]) -> dict[tuple[int, int], Array]:
    """Return what pairs of the strongest players add beyond what each adds alone, `[K]` each.

    It is their average synergy over who else of the strongest is there, once with all other
    players and once with none of them. Below zero, one of the two does nearly as well as both.

    >>> def value(here):
    ...     return (here[:, :1] & here[:, 1:2]).astype(float)
    >>> found = synergies(value, 4, [0, 1, 2])
    >>> {pair: float(both[0]) for pair, both in found.items()}
    {(0, 1): 1.0, (0, 2): 0.0, (1, 2): 0.0}
    """
    count = len(strongest)
    sets = _every_set(count)  # [2^S,S]
    here = np.zeros((2, len(sets), players), bool)
    here[0] = True
    here[:, :, list(strongest)] = sets
    found = value(here.reshape(-1, players)).reshape(2, len(sets), -1).mean(axis=0)  # [2^S,K]
    pairs = {}
    for a, b in combinations(range(count), 2):
        without = np.flatnonzero(~sets[:, a] & ~sets[:, b])
        one, other = 1 << a, 1 << b
        gain = found[without + one + other] - found[without + one] - found[without + other]
        size = sets[without].sum(axis=1)
        weight = np.array([1 / ((count - 1) * comb(count - 2, s)) for s in size])
        pairs[strongest[a], strongest[b]] = weight @ (gain + found[without])
    return pairs


def _of_orders(value: Value, orders: npt.NDArray[np.int64]) -> Array:
    """Return what each player added in every order, `[rounds,P,K]`."""
    rounds, players = orders.shape
    place = np.argsort(orders, axis=1)
    # [rounds,P+1,P]: after k have come in. What nobody and everybody are worth is asked once.
    here = place[:, None] < np.arange(players + 1)[:, None]
    worth = value(here.reshape(-1, players)).reshape(rounds, players + 1, -1)
    return np.asarray(np.take_along_axis(np.diff(worth, axis=1), place[..., None], axis=1))


def _of_every_set(value: Value, players: int) -> Array:
    sets = _every_set(players)
    worth = value(sets)  # [2^P,K]
    size = sets.sum(axis=1)
    shares = []
    for player in range(players):
        without = np.flatnonzero(~sets[:, player])
        weight = np.array([1 / (players * comb(players - 1, s)) for s in size[without]])
        shares.append(weight @ (worth[without + (1 << player)] - worth[without]))
    return np.stack(shares) if shares else np.zeros((0, worth.shape[1]))


def _every_set(players: int) -> Bools:
    """Return every set of players, `[2^P,P]`: player `p` is in set `i` where bit `p` of `i` is."""
    return np.asarray(np.arange(1 << players)[:, None] >> np.arange(players) & 1, bool)


def drawn_orders(players: int, rounds: int, draw: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return random orders of the players, `[rounds,players]`; an odd number is rounded up.

    Each order is as likely as any other, so a mean over them has no bias. Two things make it
    surer than independent orders would:

    - Every order is followed by its reverse. Whoever came before a player in the one comes after
      it in the other, so what pairs of players do together cancels out exactly.
    - Everybody comes early, in the middle and late equally often. Players come in by a random
      time between 0 and 1; of each player's times one falls into each of `rounds` equal parts
      (a Latin hypercube).

    >>> drawn_orders(3, 4, np.random.default_rng(0)).tolist()
    [[1, 0, 2], [2, 0, 1], [0, 1, 2], [2, 1, 0]]
    """
    pairs = max(1, -(-rounds // 2))
    part = np.argsort(draw.random((pairs, players)), axis=0)
    half = (part + draw.random((pairs, players))) / (2 * pairs)  # [pairs,players], below 1/2
    time = np.where(draw.random((pairs, players)) < 0.5, half, 1 - half)
    forth = np.argsort(time, axis=1)
    both = np.stack([forth, forth[:, ::-1]], axis=1)  # [pairs,2,players]
    return np.ascontiguousarray(both.reshape(2 * pairs, players))
