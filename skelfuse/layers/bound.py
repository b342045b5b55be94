"""Robust bounds: one wild frame must not drown all others."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import whole_number

Bound = Literal["none", "sequence", "population"]
TINY = 1e-8  # a mean square below which a signal counts as silent


class RobustBound(nn.Module):
    """`b·tanh(v / (b·s))`: linear around zero, never beyond b, where s is a typical size of v.

    - "none": v itself, unchanged;
    - "sequence": s is the RMS of each sequence over its valid frames, per joint and direction.
      Every sequence then has the same size: amplitude is lost;
    - "population": s is a running RMS per direction, learned in training and fixed in evaluation.
      Amplitude is kept, and frames may arrive one at a time.

    >>> bound = RobustBound(1, "sequence", limit=2.0)
    >>> v = torch.tensor([1.0, -1.0, 1.0, 50.0]).reshape(1, 4, 1, 1)
    >>> bool(bound(v).abs().max() <= 2.0)
    True
    """

    mean_square: Tensor
    updates: Tensor

    def __init__(self, directions: int, kind: Bound = "none", *, limit: float = 3.0) -> None:
        super().__init__()
        if kind not in ("none", "sequence", "population"):
            raise SkelfuseError(
                "unknown bound", expected="none, sequence or population", found=repr(kind)
            )
        if not 0 < limit < float("inf"):
            raise SkelfuseError(
                "the bound is out of range",
                expected="a number above 0",
                found=repr(limit),
            )
        self.kind = kind
        self.limit = float(limit)
        if kind == "population":
            size = whole_number("directions", directions, 1)
            self.register_buffer("mean_square", torch.ones(size))  # [K]
            self.register_buffer("updates", torch.zeros(()))

    def forward(self, v: Tensor, mask: Tensor | None = None) -> Tensor:
        """Bound `v [B,T,N,K]`, which must be zero wherever `mask [B,T,N]` is False."""
        if self.kind == "none":
            return v
        if self.kind == "sequence":
            square = v.square().sum(1, keepdim=True) / _frames(v, mask, (1,))
        else:
            if self.training:
                self._learn(v.detach(), mask)
            square = self.mean_square.to(v.dtype)
        size = (square + TINY).sqrt()
        return self.limit * torch.tanh(v / (self.limit * size))

    def _learn(self, v: Tensor, mask: Tensor | None) -> None:
        seen = v.square().sum((0, 1, 2)) / _frames(v, mask, (0, 1, 2)).reshape(1)  # [K]
        counted = torch.ones_like(self.updates) if mask is None else mask.any().to(v.dtype)
        # The first batches average evenly, later ones with a memory of about a hundred; a batch
        # without a valid frame teaches nothing.
        share = counted / (self.updates + 1).clamp_max(100.0)
        self.mean_square += (share * (seen - self.mean_square)).to(self.mean_square.dtype)
        self.updates += counted.to(self.updates.dtype)

    def extra_repr(self) -> str:
        """Show the choice in the printed model."""
        return f"kind={self.kind!r}, limit={self.limit}"


def _frames(v: Tensor, mask: Tensor | None, axes: tuple[int, ...]) -> Tensor:
    seen = torch.ones_like(v[..., :1]) if mask is None else mask[..., None].to(v.dtype)
    return seen.sum(axes, keepdim=True).clamp_min(1.0)
