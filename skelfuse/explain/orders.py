"""In which orders players come in: pairs of opposite orders, spread evenly over all places."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Orders = npt.NDArray[np.int64]


def drawn_orders(players: int, rounds: int, draw: np.random.Generator) -> Orders:
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
