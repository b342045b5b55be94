"""Dropout, several times as quick on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class QuickDropout(nn.Dropout):
    """`nn.Dropout`, with all random numbers drawn at once where there is no GPU.

    torch draws Bernoulli numbers on a CPU one by one, in four times the time of uniform ones.

    >>> dropout = QuickDropout(0.5)
    >>> sorted(set(dropout(torch.ones(100)).tolist()))
    [0.0, 2.0]
    >>> dropout.eval()(torch.ones(2)).tolist()
    [1.0, 1.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the input with a share `p` of it zero and the rest larger by 1 / (1 - p)."""
        if not self.training or input.device.type != "cpu" or not 0 < self.p < 1:
            dropped: Tensor = super().forward(input)
            return dropped
        kept = torch.rand(input.shape, dtype=torch.float32).ge_(self.p).div_(1 - self.p)
        return input * kept.to(input.dtype)
