"""Where motion kernels start: the classical differences, or small random taps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import whole_number

# The classical differences, in increasing time: what learned kernels have to beat.
DIFFERENCES: Mapping[str, tuple[float, ...]] = {
    "velocity": (-1.0, 1.0),
    "acceleration": (1.0, -2.0, 1.0),
    "jerk": (1.0, -3.0, 3.0, -1.0),
}
CLASSICAL = {1: (-1.0, 1.0), 2: (-0.5, 0.0, 0.5)}  # the first kernel of these scales
SPREAD = 0.1  # standard deviation of the taps of every other kernel


def scale_taps(
    scales: tuple[int, ...], bank: int | Sequence[int], groups: int, axes: int
) -> dict[str, Tensor]:
    """Return the first taps of every kernel, each `[G,s+1,D]`; `bank` says how many per scale.

    >>> {name: list(taps.shape) for name, taps in scale_taps((1, 8), (1, 2), 1, 3).items()}
    {'scale1': [1, 2, 3], 'scale8': [1, 9, 3], 'scale8.2': [1, 9, 3]}
    """
    sizes = [bank] * len(scales) if isinstance(bank, int) else list(bank)
    if len(sizes) != len(scales):
        raise SkelfuseError(
            "bank must be one number, or one per scale",
            expected=len(scales),
            found=len(sizes),
            key="bank",
        )
    start = {}
    for scale, size in zip(scales, sizes, strict=True):
        for number in range(whole_number("bank", size, 1)):
            if number == 0 and scale in CLASSICAL:
                taps = given_taps("", CLASSICAL[scale], groups, axes)
            else:
                taps = SPREAD * torch.randn(groups, scale + 1, axes)
            start[f"scale{scale}" if number == 0 else f"scale{scale}.{number + 1}"] = taps
    return start


def given_taps(
    name: str, value: Sequence[float] | npt.NDArray[np.floating[Any]], groups: int, axes: int
) -> Tensor:
    """Return taps `[k]` or `[k,D]` as every group's first taps, `[G,k,D]`.

    >>> given_taps("velocity", DIFFERENCES["velocity"], groups=1, axes=2)
    tensor([[[-1., -1.],
             [ 1.,  1.]]])
    """
    taps = np.asarray(value, dtype=np.float32)
    taps = taps[:, None] if taps.ndim == 1 else taps
    if taps.ndim != 2 or len(taps) < 2 or taps.shape[1] not in (1, axes):
        raise SkelfuseError(
            f"kernel '{name}' has the wrong shape",
            expected=f"[k] or [k, {axes}] with at least two taps",
            found=list(np.shape(value)),
        )
    if not np.isfinite(taps).all():
        raise SkelfuseError(
            f"kernel '{name}' has a tap that is not finite",
            found=taps.tolist(),
            remedy="give numbers, neither NaN nor infinite",
        )
    return torch.from_numpy(taps).expand(groups, len(taps), axes)
