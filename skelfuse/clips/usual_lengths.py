"""How long the clips of a training are, by which a recording that is far longer is told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip

FAR = 3.0  # times as long as the longest: of each movement in it a model sees few frames


@dataclass(frozen=True)
class UsualLengths:
    """How long the clips were that a run was trained on.

    >>> usual = UsualLengths.of([60, 90, 300], [30, 30, 30])
    >>> usual
    UsualLengths(middle=3.0, longest=10.0, unit='s')
    >>> from skelfuse.layouts import COCO_17
    >>> usual.unlike(Clip(np.zeros((1500, 1, 17, 2)), COCO_17, name="a", fps=30))
    ['about 5 times as long as the longest training clip; predict --window 3s recognises its parts']
    """

    middle: float  # half of the clips are shorter
    longest: float
    unit: str  # "s", or "f" for frames, where not every clip says its rate

    @classmethod
    def of(cls, frames: npt.ArrayLike, fps: Sequence[float | None]) -> UsualLengths:
        """Return those of clips of so many frames at these rates."""
        rates = [rate for rate in fps if rate]
        known = len(rates) == len(fps)
        lengths = np.asarray(frames, np.float64) / (rates if known else 1.0)
        return cls(float(np.median(lengths)), float(lengths.max()), "s" if known else "f")

    @classmethod
    def from_dict(cls, told: dict[str, object]) -> UsualLengths:
        """Read what `dataclasses.asdict` gives; ValueError or TypeError where it is not that."""
        middle, longest, unit = told["middle"], told["longest"], told["unit"]
        if not isinstance(middle, float) or not isinstance(longest, float):
            raise TypeError("lengths that are no numbers")
        if not 0 < middle <= longest < math.inf or unit not in ("s", "f"):
            raise ValueError("lengths that no clips have")
        return cls(middle, longest, str(unit))

    def unlike(self, clip: Clip) -> list[str]:
        """Say that a clip is far longer than any of them, and what to do."""
        rate = 1.0 if self.unit == "f" else clip.fps
        if rate is None or clip.frames / rate < FAR * self.longest:
            return []
        times = clip.frames / rate / self.longest
        digits = 0 if self.unit == "f" or self.middle >= 10 else 1
        window = f"{max(round(self.middle, digits), 10.0**-digits):g}{self.unit}"
        return [
            f"about {times:,.0f} times as long as the longest training clip; predict "
            f"--window {window} recognises its parts"
        ]
