"""Numbers as commands take them."""

from __future__ import annotations

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A number of a range: neither infinity nor what is no number, which no comparison keeps out.

    >>> Finite(0, 10).convert("2.5", None, None)
    2.5
    >>> Finite(0, 10).convert("nan", None, None)
    Traceback (most recent call last):
    ...
    click.exceptions.BadParameter: nan is not a usable number.
    """

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; one that is none is a wrong option."""
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{found} is not a usable number.", param, ctx)
        return found


def mark(_: click.Context | None, __: click.Parameter | None, value: str) -> str | float:
    """Return what stands for a joint that was not seen: `nan`, `zeros`, or a number in all axes.

    >>> mark(None, None, "-9999"), mark(None, None, "zeros")
    (-9999.0, 'zeros')
    """
    return value if value in ("nan", "zeros") else Finite().convert(value, None, None)


FPS = Finite(0, min_open=True)
