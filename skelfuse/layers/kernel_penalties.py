"""What may be asked of motion kernels: to ignore stillness, to be smooth, to differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class KernelPenalties(NamedTuple):
    """Three scalars, at least 0, each to be weighted in the loss and shown in the log."""

    weight_sum: Tensor  # mean over kernels and axes of (sum of taps - target)²
    smoothness: Tensor  # mean over kernels of the mean squared step from tap to tap
    diversity: Tensor  # sum over pairs of kernels of max(0, cosine - threshold)


def kernel_penalties(
    taps: Sequence[Tensor], support: Tensor, *, target: float, threshold: float
) -> KernelPenalties:
    """Measure kernels `taps`, each `[G,k,D]`, that lie at `support [G,S,Q,D]` on common offsets.

    Kernels of different length are compared where they act: both are laid out by their offsets
    from the frame that they describe, zero elsewhere, all axes as one vector. With joint groups,
    only kernels of one group are compared, and the groups are averaged.

    >>> first, central = torch.tensor([-1.0, 1.0, 0.0]), torch.tensor([-0.5, 0.0, 0.5])
    >>> taps = [first[:2].reshape(1, 2, 1), central.reshape(1, 3, 1)]
    >>> support = torch.stack([first, central], dim=1).reshape(1, 3, 2, 1)
    >>> values = kernel_penalties(taps, support, target=0.0, threshold=0.25)
    >>> [round(value.item(), 4) for value in values]
    [0.0, 2.125, 0.25]
    """
    sums = torch.cat([kernel.sum(1) for kernel in taps])
    steps = torch.stack([kernel.diff(dim=1).square().mean() for kernel in taps])
    flat = support.transpose(1, 2).flatten(2)  # [G,Q,S·D]
    unit = flat * (flat.square().sum(-1, keepdim=True) + 1e-12).rsqrt()
    excess = (unit @ unit.transpose(1, 2) - threshold).relu()  # [G,Q,Q]
    return KernelPenalties(
        weight_sum=(sums - target).square().mean(),
        smoothness=steps.mean(),
        diversity=excess.triu(1).sum((1, 2)).mean(),
    )
