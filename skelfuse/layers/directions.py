"""The directions along which motion is measured: orthonormal, learned, never rewritten in place."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelfuse.layers.blocks import assembled, share_of
from skelfuse.layers.checks import whole_number


class Directions(nn.Module):
    """K learned directions in a space of C channels; the forward pass returns `U [C,K]`.

    Up to C directions are orthonormal: `UᵀU = I`. More than C form a tight frame: the rows are
    orthogonal and `U Uᵀ = (K/C) I`, so that a direction has length 1 on average and no part of
    the space is preferred. U is the orthonormal factor of the free matrix `raw`, with the signs
    that make it unique. It does not change when `raw` is scaled, so weight decay cannot touch it,
    and it is computed anew in every pass, so that gradients, DDP and export see a pure function.

    `groups` are equal parts of the channels with equal parts of the directions: outside its own
    part a direction is 0.

    >>> _ = torch.manual_seed(0)
    >>> U = Directions(channels=5, count=2)()
    >>> (U.T @ U).round(decimals=4).abs().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    >>> U = Directions(channels=2, count=6)()
    >>> (U @ U.T).round(decimals=4).abs().tolist()
    [[3.0, 0.0], [0.0, 3.0]]
    """

    def __init__(self, channels: int, count: int, *, groups: int = 1) -> None:
        super().__init__()
        self.channels = whole_number("channels", channels, 1)
        self.count = whole_number("directions", count, 1)
        self.groups = whole_number("groups", groups, 1)
        own = (share_of("channels", channels, groups), share_of("directions", count, groups))
        self.raw = nn.Parameter(_orthonormal(torch.randn(groups, max(own), min(own))))

    def forward(self) -> Tensor:
        """Return `U [C,K]` in float32, or float64 if the parameters are."""
        raw = self.raw if self.raw.dtype == torch.float64 else self.raw.float()
        tall = _orthonormal(raw)  # [G,max(C,K)/G,min(C,K)/G]
        if self.count <= self.channels:
            return assembled(tall[:, None])  # [C,K]
        length: float = (self.count / self.channels) ** 0.5
        return assembled(tall.mT[:, None]) * length  # [C,K]

    def extra_repr(self) -> str:
        """Show the sizes in the printed model."""
        return f"channels={self.channels}, count={self.count}, groups={self.groups}"


def _orthonormal(tall: Tensor) -> Tensor:
    q: Tensor
    q, r = torch.linalg.qr(tall)
    # The factor is unique, and so continuous in `tall`, only once the diagonal of r is positive.
    diagonal = r.diagonal(dim1=-2, dim2=-1)[..., None, :]
    return q * torch.where(diagonal < 0, -1.0, 1.0).to(q.dtype)
