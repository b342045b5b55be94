"""The game whose players are pieces of a clip: what a model says when it sees some of them."""

from __future__ import annotations

import numpy as np

from skelfuse.arrays import Array, Bools
from skelfuse.explain.players import Players
from skelfuse.explain.questions import Questions


class Game:
    """Log probabilities of all classes for any set of players; none is asked for twice.

    Nobody at all is worth what is known of nothing: no model is asked about an empty clip.
    """

    def __init__(self, questions: Questions, players: Players) -> None:
        self.questions, self.players = questions, players
        self._known = {_key(np.zeros(len(players), bool)): questions.nothing}

    def value(self, coalitions: Bools) -> Array:
        """Return the log probabilities `[E,K]` of the sets of players `[E,P]`."""
        keys = [_key(row) for row in coalitions]
        unknown = {key: i for i, key in enumerate(keys) if key not in self._known}
        if unknown:
            seen = self.players.seen(coalitions[list(unknown.values())])
            self._known.update(zip(unknown, self.questions.hiding(seen), strict=True))
        return np.stack([self._known[key] for key in keys])

    def without(self, hidden: list[int]) -> Array:
        """Return the log probabilities `[K]` with these players hidden."""
        rest = np.ones((1, len(self.players)), bool)
        rest[0, hidden] = False
        return np.asarray(self.value(rest)[0])

    def only(self, seen: list[int]) -> Array:
        """Return the log probabilities `[K]` with nobody but these players seen."""
        some = np.zeros((1, len(self.players)), bool)
        some[0, seen] = True
        return np.asarray(self.value(some)[0])


def _key(row: Bools) -> bytes:
    return np.packbits(row).tobytes()
