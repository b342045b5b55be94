"""Markers of motion capture: the unit that a file says, brought to metres."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

METRES = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "in": 0.0254, "inches": 0.0254}


def in_metres(
    values: npt.NDArray[Any], unit: str
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Return coordinates in metres, and a note; as they are where the unit is not known.

    >>> in_metres(np.array([1500.0]), "mm")
    (array([1.5], dtype=float32), ())
    >>> in_metres(np.array([1500.0]), "")[1]
    ('unit not known: coordinates as they are',)
    """
    factor = METRES.get(unit.strip().lower())
    with np.errstate(over="ignore", invalid="ignore"):
        if factor is None:
            return values.astype(np.float32), ("unit not known: coordinates as they are",)
        return (values * factor).astype(np.float32), ()
