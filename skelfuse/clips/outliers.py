"""Joints that cannot be where they are said to be: marks for "not seen", and places far away."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from skelfuse.clip import FloatArray

AWAY = 4.0  # sizes of the body from its middle: no limb is so long
FAR = 20.0  # such a joint decides alone what a clip is
LEAST = 1e-9


class Farthest(NamedTuple):
    """How many joints are far from their body, and where the farthest is, counted from 0."""

    joints: int
    frame: int
    person: int
    joint: int
    sizes: float  # of the body

    def told(self, name: str) -> str:
        """Say it, with the name of the joint.

        >>> Farthest(1, 2, 0, 3, 5000).told("nose")
        "1 joint is far from the body, 'nose' by 5000 sizes"
        """
        joints = f"{self.joints} joint{'s are' if self.joints > 1 else ' is'}"
        return f"{joints} far from the body, '{name}' by {self.sizes:.0f} sizes"


def marks(coords: FloatArray) -> Counter[float]:
    """Count joints of `[T,M,N,D]` that stand for "not seen": one number in all axes, far away.

    Such marks are -9999, -1, and 0 where bodies are in pixels. A joint at 0 of a body that is there
    is a joint at 0.

    >>> body = np.random.default_rng(0).normal(300, 20, (4, 1, 17, 2))
    >>> body[0, 0, 3], body[1:, 0, 5] = -9999, 0
    >>> marks(body)
    Counter({0.0: 3, -9999.0: 1})
    """
    same = (coords == coords[..., :1]).all(axis=-1)  # [T,M,N]; nothing equals NaN
    if not same.any():
        return Counter()
    values = coords[..., 0][same]
    often = values == np.rint(values)  # people write whole numbers for such marks
    same[same] = often
    away = same & (_sizes_away(coords, same) > AWAY)
    return Counter(coords[..., 0][away].tolist())


def farthest(coords: FloatArray) -> Farthest | None:
    """Return where a joint of `[T,M,N,D]` is farthest from its body, if that is beyond belief.

    >>> body = np.random.default_rng(0).normal(size=(4, 1, 17, 3))
    >>> farthest(body) is None, farthest(body[:, :0]) is None  # nobody at all
    (True, True)
    >>> body[2, 0, 3, 1] = 5000
    >>> farthest(body)[:4]
    (1, 2, 0, 3)
    """
    away = _sizes_away(coords, np.zeros(coords.shape[:3], np.bool_))
    beyond = away > FAR
    if not beyond.any():
        return None
    t, m, n = np.unravel_index(int(np.argmax(np.where(beyond, away, 0))), away.shape)
    return Farthest(int(beyond.sum()), int(t), int(m), int(n), float(away[t, m, n]))


def _sizes_away(
    coords: FloatArray, doubted: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> FloatArray:
    """Return how many sizes of its body each joint is from the body's middle, `[T,M,N]`.

    The size is the median distance of a person's joints from their middle in the whole clip.
    """
    there = np.where(doubted[..., None], np.nan, coords).astype(np.float64)
    flat = there.reshape(-1, *there.shape[-2:])  # [TM,N,D]
    middle = np.full((len(flat), 1, flat.shape[-1]), np.nan)
    seen = ~np.isnan(flat).all(axis=(1, 2))
    middle[seen, 0] = np.nanmedian(flat[seen], axis=1)
    middle = middle.reshape(*there.shape[:2], 1, there.shape[-1])  # [T,M,1,D]
    apart = np.linalg.norm(coords.astype(np.float64) - middle, axis=-1)  # [T,M,N]
    usual = apart[~doubted & ~np.isnan(apart)]
    size = float(np.median(usual)) if usual.size else 0.0
    found = apart / max(size, LEAST) if size > LEAST else np.zeros_like(apart)
    return np.asarray(np.nan_to_num(found, nan=0.0))
