"""The few who decide together: without them least is left, with nobody else most is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from skelfuse.arrays import Array, Bools
from skelfuse.explain.answer import clearly_above
from skelfuse.explain.game import Game

CANDIDATES = 8  # of the largest shares, of whom some are named
GAIN = 0.05  # of probability: for less nobody is exchanged for one of a smaller share


def needed_together(
    game: Game, shares: Array, error: Array, count: int, *, number: int, rival: int | None = None
) -> list[int]:
    """Return so many players whom a class, or it rather than its rival, needs most together.

    They are among those of the largest `shares [P]`, each clearly above its error as long as there
    are enough of these, and come in the order of their shares.
    """
    order = [int(player) for player in np.argsort(-shares, kind="stable")]
    clear = [i for i in order if clearly_above(shares[i], error[i])]
    first = [*clear, *(i for i in order if i not in clear)][:count]

    def worth(here: Bools) -> Array:
        log = game.value(here)  # [E,K]
        mine = log[:, number]
        both = 0.0 if rival is None else np.logaddexp(mine, log[:, rival])
        return np.asarray(np.exp(mine - both))

    group = strongest_group(worth, len(order), first, clear[:CANDIDATES])
    return sorted(group, key=order.index)


def strongest_group(
    worth: Callable[[Bools], Array],
    players: int,
    first: Sequence[int],
    candidates: Sequence[int],
) -> list[int]:
    """Return as many players as `first` are: those that the decision needs most together.

    `worth` gives the probability `[E]` of what is decided, with only the players `[E,P]` seen. A
    group is good where that is high with nobody else, and low without it. Players of the largest
    shares are not always such a group: of two that say the same, one would do. So one of the
    group is exchanged for another of the `candidates`, the best exchange first, for as long as
    the group gets clearly better.

    >>> def worth(here):  # two left gloves and a right one: a pair is of use
    ...     return ((here[:, 0] | here[:, 1]) & here[:, 2]).astype(float)
    >>> strongest_group(worth, 3, first=[0, 1], candidates=[0, 1, 2])
    [2, 1]
    """

    def quality(groups: Bools) -> Array:
        both = worth(np.concatenate([groups, ~groups]))
        return np.asarray(both[: len(groups)] - both[len(groups) :])

    group = list(first)
    best = float(quality(_sets([group], players))[0])
    while True:
        others = [other for other in candidates if other not in group]
        exchanged = [
            [*group[:place], other, *group[place + 1 :]]
            for place in range(len(group))
            for other in others
        ]
        if not exchanged:
            return group
        found = quality(_sets(exchanged, players))
        if found.max() < best + GAIN:
            return group
        group, best = exchanged[int(found.argmax())], float(found.max())


def _sets(groups: list[list[int]], players: int) -> Bools:
    here = np.zeros((len(groups), players), bool)
    for row, group in zip(here, groups, strict=True):
        row[group] = True
    return here
