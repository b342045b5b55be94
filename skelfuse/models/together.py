"""How the joints of a body go together: what only several of them at once can tell."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelfuse.layers.checks import whole_number
from skelfuse.layers.frame_weighting import SpectralFrameWeighting, average_over_time
from skelfuse.layers.frieren import FrierenFuse
from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.time_block import TimeBlock


class Gather(nn.Module):
    """All joints of a body as channels of one: `[R,T,N,V·C]` to `[R,T,1,V·W]`, each voter's apart.

    >>> Gather(joints=25, channels=8, width=64, voters=4)(torch.randn(2, 30, 25, 32)).shape
    torch.Size([2, 30, 1, 256])
    """

    def __init__(self, joints: int, channels: int, width: int, *, voters: int = 1) -> None:
        super().__init__()
        self.voters, self.channels = whole_number("voters", voters, 1), channels
        limit = (joints * channels) ** -0.5
        weight = torch.empty(voters, joints * channels, width).uniform_(-limit, limit)
        self.weight = nn.Parameter(weight)

    def forward(self, h: Tensor) -> Tensor:
        """Gather `h [R,T,N,V·C]`."""
        R, T = h.shape[:2]
        apart = torch.unflatten(h, 3, (self.voters, -1)).permute(3, 0, 1, 2, 4)  # [V,R,T,N,C]
        body = apart.reshape(self.voters, R * T, -1) @ self.weight  # [V,R·T,W]
        return body.transpose(0, 1).reshape(R, T, 1, -1)


class Together(nn.Module):
    """Mix the joints of a body along time and sum the whole up: `[R,T,N,V·C]` to `[R,J,V·W]`.

    J are FrierenFuse's summary and the average over time, or with `fuse` False the average alone.
    Voters do not see each other: V networks side by side at the price of one.

    >>> together = Together(joints=25, channels=8, width=64, voters=4)
    >>> together(torch.randn(2, 30, 25, 32)).shape
    torch.Size([2, 2, 256])
    """

    def __init__(
        self,
        joints: int,
        channels: int,
        width: int,
        *,
        dilations: tuple[int, ...] = (1, 2, 4),
        voters: int = 1,
        dropout: float = 0.0,
        fuse: bool = True,
        directions: int = 8,
        fuse_scales: tuple[int, ...] = (1, 2, 4),
        poly_order: int = 2,
        frame_weighting: bool = False,
    ) -> None:
        super().__init__()
        whole = voters * width
        self.gather = Gather(joints, channels, width, voters=voters)
        self.norm = KnownNorm(whole)
        self.act = nn.GELU()
        self.blocks = nn.ModuleList(
            TimeBlock(whole, dilation=dilation, dropout=dropout, groups=voters)
            for dilation in dilations
        )
        self.frieren = (
            FrierenFuse(
                whole, voters * directions, fuse_scales, poly_order, groups=voters, gate=None
            )
            if fuse
            else None
        )
        self.pool = SpectralFrameWeighting(whole) if frame_weighting else None
        self.summaries = 1 if self.frieren is None else 2  # J

    def forward(self, h: Tensor, frames: Tensor | None = None) -> Tensor:
        """Sum up joints `h [R,T,N,V·C]` over the frames that count, `frames [R,T]`; None: all."""
        inside = None if frames is None else frames[:, :, None, None].to(h.dtype)  # [R,T,1,1]
        body = self.act(self.norm(self.gather(h), inside))  # [R,T,1,V·W]
        for block in self.blocks:
            body = block(body, inside)
        counts = None if frames is None else frames[:, :, None]  # [R,T,1]
        mean = average_over_time(body, counts) if self.pool is None else self.pool(body, counts)
        if self.frieren is None:
            return mean
        return torch.cat([self.frieren(body, counts).y, mean], dim=1)
