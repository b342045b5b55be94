"""The learning rate along a run: up in a line, then down along half a cosine."""

from __future__ import annotations

import math


def rate_at(step: int, *, steps: int, warmup: int, final: float = 0.0) -> float:
    """Return the share of the full learning rate at a step counted from 0.

    >>> [round(rate_at(step, steps=9, warmup=3), 3) for step in range(9)]
    [0.333, 0.667, 1.0, 0.933, 0.75, 0.5, 0.25, 0.067, 0.0]
    """
    if step < warmup:
        return (step + 1) / warmup
    along = min(1.0, (step + 1 - warmup) / max(1, steps - warmup))
    return final + (1 - final) * (1 + math.cos(math.pi * along)) / 2
