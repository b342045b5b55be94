"""Numbers as float16: half the size, three digits, and nothing beyond 65,504."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError

LARGEST = 65504.0


def halved(numbers: npt.NDArray[Any], *, of: str) -> npt.NDArray[np.float16]:
    """Return numbers as float16; one that would become infinite is an error.

    >>> halved(np.array([1.0004, np.nan]), of="clip 'a'").tolist()
    [1.0, nan]
    >>> halved(np.array([1920.0, 7e4]), of="clip 'a'")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: clip 'a' has a number that half precision cannot hold: expected \
at most 65,504, found 70,000; make the store without --half, or give other units, such as metres \
for millimetres
    """
    far = float(np.abs(numbers).max(initial=0, where=np.isfinite(numbers)))
    if far > LARGEST:
        raise SkelfuseError(
            f"{of} has a number that half precision cannot hold",
            expected=f"at most {LARGEST:,.0f}",
            found=f"{far:,.7g}",
            remedy="make the store without --half, or give other units, such as metres for "
            "millimetres",
        )
    return np.ascontiguousarray(numbers, np.float16)
