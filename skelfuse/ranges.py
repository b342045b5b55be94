"""Whether the numbers of a section of settings are in the ranges that make sense for them."""

from __future__ import annotations

import math

from skelfuse.errors import SkelfuseError


def check_range(
    section: object,
    *names: str,
    low: float = 0,
    high: float = math.inf,
    above: bool = False,
    below: bool = False,
) -> None:
    """Raise where a field of a section is outside of `low` to `high`; None is a choice, NaN is not.

    `above` leaves out `low` itself, and `below` leaves out `high`.

    >>> from skelfuse.batches import Sampling
    >>> check_range(Sampling(jitter=0.3), "jitter", "uneven", high=0.2)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: 'jitter' is out of range: expected 0 to 0.2, found 0.3
    """
    wanted = f"above {low}" if above else f"at least {low}"
    if above and high < math.inf:
        wanted = f"{wanted} and at most {high}"
    elif high < math.inf:
        wanted = f"{low} to less than {high}" if below else f"{low} to {high}"
    for name in names:
        value = getattr(section, name)
        if value is None:
            continue
        enough = low < value if above else low <= value
        not_too_much = value < high if below else value <= high
        if not (enough and not_too_much):
            raise SkelfuseError(f"'{name}' is out of range", expected=wanted, found=value, key=name)
