"""Numbers as commands take them."""

from __future__ import annotations

import math
from typing import Any

import click


class Finite(click.FloatRange):
    """A number in a range, neither infinite nor NaN, which comparisons alone do not exclude.

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
        """Return the number; infinity and NaN are wrong options."""
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{found} is not a usable number.", param, ctx)
        return found


def mark(_: click.Context | None, __: click.Parameter | None, value: str) -> float | None:
    """Return the value in all axes that marks a missing joint; None if only NaN does.

    >>> mark(None, None, "-9999"), mark(None, None, "zeros"), mark(None, None, "nan")
    (-9999.0, 0.0, None)
    """
    if value == "nan":
        return None
    return 0.0 if value == "zeros" else Finite().convert(value, None, None)


FPS = Finite(0, min_open=True)
