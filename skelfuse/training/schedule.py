"""The learning rate along a run: up in a line, then down along half a cosine."""

from __future__ import annotations

import math


def rate_at(step: int, *, steps: int, warmup: int, final: float = 0.0) -> float:
    """Return the share of the full learning rate at a step counted from 0.

    It would be `final` at the step after the last one, so that the last one still learns.

    >>> [round(rate_at(step, steps=9, warmup=3), 3) for step in range(9)]
    [0.333, 0.667, 1.0, 0.95, 0.812, 0.611, 0.389, 0.188, 0.05]
    >>> rate_at(0, steps=1, warmup=0)
    0.5
    """
    if step < warmup:
        return (step + 1) / warmup
    along = min(1.0, (step + 1 - warmup) / (steps + 1 - warmup))
    return final + (1 - final) * (1 + math.cos(math.pi * along)) / 2
