"""A small network along time for each joint, which sees no other joint."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelfuse.layers.time_block import TimeBlock


class JointNetworks(nn.Module):
    """Blocks along time with weights of each joint's own: `[R,S,N,C]` to `[R,S,N,C]`.

    All joints are computed at once, as groups of channels that do not see each other; `voters`
    are equal parts of a joint's channels that do not either. What `alive [R,S,N,1]` says is 0
    must be 0 in `h` and stays 0.

    >>> networks = JointNetworks(joints=25, channels=32, dilations=(1, 2), voters=4)
    >>> networks(torch.randn(2, 32, 25, 32)).shape          # [R,S,N,C]
    torch.Size([2, 32, 25, 32])
    """

    def __init__(
        self,
        joints: int,
        channels: int,
        *,
        dilations: tuple[int, ...] = (1, 2),
        voters: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.joints = joints
        self.blocks = nn.ModuleList(
            TimeBlock(joints * channels, dilation=dilation, dropout=dropout, groups=joints * voters)
            for dilation in dilations
        )

    def forward(self, h: Tensor, alive: Tensor | None = None) -> Tensor:
        """Return what each joint's network makes of its channels `h [R,S,N,C]`."""
        side_by_side = h.flatten(2)[:, :, None]  # [R,S,1,N·C]
        if alive is not None:
            alive = alive.expand_as(h).flatten(2)[:, :, None]
        for block in self.blocks:
            side_by_side = block(side_by_side, alive)
        return torch.unflatten(side_by_side[:, :, 0], 2, (self.joints, -1))
