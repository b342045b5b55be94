"""A packed clip whose file lists the joints in another order than the store does."""

from __future__ import annotations

from typing import Any

import numpy as np

from skelfuse.same_body import order_in
from skelfuse.skeleton import Skeleton
from skelfuse.store.journal import line_digest

Packed = tuple[dict[str, Any], bytes, bytes]  # journal line, coordinates, confidence


def reordered(packed: Packed, theirs: Skeleton, ours: Skeleton, *, half: bool) -> Packed:
    """Return a packed clip of `theirs` with its joints in the order of `ours`, the same body.

    >>> from skelfuse.clip import Clip
    >>> from skelfuse.layouts import HAND_21
    >>> from skelfuse.store.writer import packed
    >>> coords = np.arange(126, dtype=np.float32).reshape(2, 1, 21, 3)
    >>> clip = packed(Clip(coords, HAND_21, name="a"))
    >>> other = HAND_21.permuted(tuple(range(21))[::-1])
    >>> turned = packed(Clip(coords[:, :, ::-1], other, name="a"))
    >>> reordered(turned, other, HAND_21, half=False) == clip
    True
    """
    order = order_in(theirs, ours)
    if order == sorted(order):
        return packed
    line, *data = packed
    dtype = np.dtype("<f2" if half else "<f4")
    shape = (line["frames"] * line["persons"], len(order), -1)
    coords, confidence = (
        np.frombuffer(values, dtype).reshape(shape)[:, order].tobytes() for values in data
    )
    return {**line, "digest": line_digest(line, coords, confidence)}, coords, confidence
