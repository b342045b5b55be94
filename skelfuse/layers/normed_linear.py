"""A normalisation and the linear map after it, which are one linear map once training is over."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NormedLinear(nn.Module):
    """`BatchNorm` over all leading axes, then `Linear`; in evaluation a single product.

    >>> layer = NormedLinear(30, 8).eval()
    >>> layer(torch.randn(2, 64, 25, 30)).shape             # [...,S] to [...,C]
    torch.Size([2, 64, 25, 8])
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        self.linear = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x [...,S]` to `[...,C]`."""
        if self.training:
            mapped: Tensor = self.linear(self.norm(x.flatten(0, -2)))
            return mapped.view(*x.shape[:-1], -1)
        weight, bias = self.folded()
        return F.linear(x, weight, bias)

    def scaled(self, variance: Tensor) -> Tensor:
        """Return the weight `[C,S]` for inputs that vary so; it takes the norm's part, too."""
        return self.linear.weight * self.norm.weight * torch.rsqrt(variance + self.norm.eps)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Return the weight `[C,S]` and bias `[C]` of the one map that evaluation makes."""
        assert self.norm.running_mean is not None
        assert self.norm.running_var is not None
        weight = self.scaled(self.norm.running_var)
        shift = self.linear.weight @ self.norm.bias - weight @ self.norm.running_mean
        return weight, self.linear.bias + shift
