"""The frequency options of SkelFuse, all off by default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import whole_number

GateKind = Literal["none", "static", "dynamic"]


@dataclass(frozen=True)
class Frequencies:
    """What a model is given beside motion kernels; the section `model.frequencies`.

    >>> Frequencies(fourier=-2)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: fourier is out of range: expected a whole number, \
at least 0, found -2
    """

    dct_window: int = 0  # frames in the windows of a branch of the body's frequencies; 0: none
    gate: GateKind = "none"  # of that branch's channels
    dct_kept: Mapping[str, tuple[int, ...]] | None = None  # of each joint, what pruning left
    global_filter: bool = False  # a learned response to every frequency of the embedded joints
    spectral_motion: bool = False  # velocities by the derivative of the spectrum, as a stream
    frame_weighting: bool = False  # frames that move count for more in averages over time
    fourier: int = 0  # waves of place and time, as a stream: so many frequencies
    fourier_sigma: float = 1.0

    def __post_init__(self) -> None:
        whole_number("dct_window", self.dct_window, 0)
        whole_number("fourier", self.fourier, 0)
        if self.fourier and not 0 < self.fourier_sigma < math.inf:
            raise SkelfuseError(
                "fourier_sigma is out of range",
                expected="above 0",
                found=self.fourier_sigma,
                key="fourier_sigma",
            )
        if not self.dct_window and (self.gate != "none" or self.dct_kept is not None):
            raise SkelfuseError(
                "'gate' and 'dct_kept' need DCT channels",
                remedy="set model.frequencies.dct_window, e.g. to 16",
                key="gate" if self.gate != "none" else "dct_kept",
            )
