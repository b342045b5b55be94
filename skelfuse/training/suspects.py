"""The clips of a step that went wrong, by name; and which of them no camera can have recorded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skelfuse.store import Store

STANDS_OUT = 1000.0  # times as far from the origin as half of the other clips
NAMED = 5  # of a whole training set


class Suspects:
    """Clips of a store, told by the numbers that a batch has for them.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from skelfuse.clip import Clip
    >>> from skelfuse.layouts import HAND_21
    >>> clips = [
    ...     Clip(np.full((9, 1, 21, 3), reach), HAND_21, name=name, label="fist")
    ...     for name, reach in (("a", 1.0), ("b", 2.0), ("c", 1e9))
    ... ]
    >>> store = Store.write(Path(tempfile.mkdtemp()) / "store.h5", clips)
    >>> suspects = Suspects(store)
    >>> suspects.told([2, 0, 1]), suspects.told([0, 1])
    ('a, b, c (its coordinates reach 1e+09)', 'a, b')
    >>> suspects.odd([2, 0, 1]), suspects.odd([0, 1])
    ('c (its coordinates reach 1e+09)', '')
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def told(self, indices: Sequence[int]) -> str:
        """Name every clip; of those that reach far beyond the others, say how far."""
        return ", ".join(name for name, _ in self._named(indices))

    def odd(self, indices: Sequence[int]) -> str:
        """Name those clips alone that reach far beyond the others."""
        return ", ".join([name for name, odd in self._named(indices) if odd][:NAMED])

    def _named(self, indices: Sequence[int]) -> list[tuple[str, bool]]:
        indices = sorted(set(indices))
        reach = np.array([self._reach(i) for i in indices])
        found = []
        for place, index in enumerate(indices):
            name, others = self.store.names[index], np.delete(reach, place)
            odd = bool(len(others)) and reach[place] > STANDS_OUT * np.median(others)
            reaching = f" (its coordinates reach {reach[place]:.2g})"
            found.append((name + reaching if odd else name, odd))
        return found

    def _reach(self, index: int) -> float:
        size = np.abs(np.asarray(self.store.coords(index), np.float64))
        return float(np.max(size, initial=0.0, where=~np.isnan(size)))
