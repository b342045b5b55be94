"""A normalisation and the linear map after it, which are one linear map once training is over."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NormedLinear(nn.Module):
    """`BatchNorm` over all leading axes, then `Linear`; in evaluation a single product.

    With `given`, True or False of each output and input, an output sees only what it is given.

    >>> layer = NormedLinear(30, 8).eval()
    >>> layer(torch.randn(2, 64, 25, 30)).shape             # [...,S] to [...,C]
    torch.Size([2, 64, 25, 8])
    """

    given: Tensor | None

    def __init__(self, inputs: int, outputs: int, given: Tensor | None = None) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs)
        self.linear = nn.Linear(inputs, outputs)
        self.register_buffer("given", given)  # kept with the weights, which mean nothing without
        if given is not None:  # whoever is given less starts with more of it
            with torch.no_grad():
                self.linear.weight *= given * (inputs / given.sum(dim=1, keepdim=True)).sqrt()

    def forward(self, x: Tensor) -> Tensor:
        """Map `x [...,S]` to `[...,C]`."""
        if self.training:
            mapped = F.linear(self.norm(x.flatten(0, -2)), self.weight, self.linear.bias)
            return mapped.view(*x.shape[:-1], -1)
        weight, bias = self.folded()
        return F.linear(x, weight, bias)

    @property
    def weight(self) -> Tensor:
        """The linear map's weight `[C,S]`, 0 where an output is not given an input."""
        return self.linear.weight if self.given is None else self.linear.weight * self.given

    def scaled(self, variance: Tensor) -> Tensor:
        """Return the weight `[C,S]` for inputs that vary so; it takes the norm's part, too."""
        return self.weight * self.norm.weight * torch.rsqrt(variance + self.norm.eps)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Return the weight `[C,S]` and bias `[C]` of the one map that evaluation makes."""
        assert self.norm.running_mean is not None
        assert self.norm.running_var is not None
        weight = self.scaled(self.norm.running_var)
        shift = self.weight @ self.norm.bias - weight @ self.norm.running_mean
        return weight, self.linear.bias + shift
