"""The clips of a step that went wrong, by name; and which of them no camera can have recorded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skelfuse.clips.preparation import reach_of
from skelfuse.store import Store

STANDS_OUT = 1000.0  # times as far from the origin as half of the other clips
NAMED = 5  # of a whole training set


def told(store: Store, indices: Sequence[int]) -> str:
    """Name clips of a store; of those that reach far beyond the others, say how far.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from skelfuse.clip import Clip
    >>> from skelfuse.layouts import HAND_21
    >>> clips = [
    ...     Clip(np.full((9, 1, 21, 3), reach), HAND_21, name=name, label="fist")
    ...     for name, reach in (("a", 1.0), ("b", 2.0), ("c", 1e9))
    ... ]
    >>> store = Store.write(Path(tempfile.mkdtemp()) / "store.h5", clips)
    >>> told(store, [2, 0, 1]), told(store, [0, 1])
    ('a, b, c (its coordinates reach 1e+09)', 'a, b')
    >>> odd(store, [2, 0, 1]), odd(store, [0, 1])
    ('c (its coordinates reach 1e+09)', '')
    """
    return ", ".join(name for name, _ in _named(store, indices))


def odd(store: Store, indices: Sequence[int]) -> str:
    """Name those clips alone that reach far beyond the others."""
    return ", ".join([name for name, odd in _named(store, indices) if odd][:NAMED])


def _named(store: Store, indices: Sequence[int]) -> list[tuple[str, bool]]:
    indices = sorted(set(indices))
    reach = np.array([reach_of(store[i]) for i in indices])
    found = []
    for place, index in enumerate(indices):
        name, others = store.names[index], np.delete(reach, place)
        odd = bool(len(others)) and reach[place] > STANDS_OUT * np.median(others)
        reaching = f" (its coordinates reach {reach[place]:.2g})"
        found.append((name + reaching if odd else name, odd))
    return found
