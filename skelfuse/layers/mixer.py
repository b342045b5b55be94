"""Mixer blocks: the whole body at once, along time, with the joints as channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelfuse.layers.checks import whole_number


class MixerBlock(nn.Module):
    """Two temporal convolutions over all channels of a body, added to what came in.

    What the mask hides enters every convolution as zero, which is what lies beyond the ends too:
    so padding changes nothing. `dilation` spreads the taps to see further for the same cost.

    >>> block = MixerBlock(16, taps=3)
    >>> body = torch.randn(2, 16, 30)                       # [B,W,T]
    >>> valid = torch.ones(2, 1, 30)                        # [B,1,T]
    >>> block(body, valid).shape
    torch.Size([2, 16, 30])
    """

    def __init__(self, width: int, *, taps: int = 3, dilation: int = 1, dropout: float = 0.0):
        super().__init__()
        whole_number("width", width, 1)
        reach = dilation * (taps - 1) // 2
        self.norm = nn.BatchNorm1d(width)
        self.across = nn.Conv1d(width, width, taps, padding=reach, dilation=dilation, bias=False)
        self.norm_between = nn.BatchNorm1d(width)
        self.back = nn.Conv1d(width, width, 1)
        self.act = nn.GELU()
        self.dropout = nn.Dropout(dropout)

    def forward(self, body: Tensor, valid: Tensor) -> Tensor:
        """Mix `body [B,W,T]` where `valid [B,1,T]` is 1; the same shape comes back."""
        inner = self.across(self.act(self.norm(body)) * valid)  # [B,W,T]
        inner = self.back(self.dropout(self.act(self.norm_between(inner))))
        mixed: Tensor = (body + inner) * valid
        return mixed


class JointMixer(nn.Module):
    """Let the joints of a body see each other and their own past and future.

    Features `[B,T,N,C]` become `W = width` channels of one body, pass the blocks, and come back as
    a change to each joint's own features: what a joint was stays its own, so that it can be named.
    Block i has dilation `dilations[i]`.

    >>> mixer = JointMixer(joints=25, channels=8, width=32, dilations=(1, 2))
    >>> x = torch.randn(2, 30, 25, 8)                       # [B,T,N,C]
    >>> frames = torch.ones(2, 30, dtype=torch.bool)        # [B,T]
    >>> mixer(x, frames).shape
    torch.Size([2, 30, 25, 8])
    """

    def __init__(
        self,
        joints: int,
        channels: int,
        width: int,
        *,
        dilations: tuple[int, ...] = (1, 2, 4),
        taps: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.gather = nn.Linear(joints * channels, width)
        self.blocks = nn.ModuleList(
            MixerBlock(width, taps=taps, dilation=dilation, dropout=dropout)
            for dilation in dilations
        )
        self.norm = nn.BatchNorm1d(width)
        self.spread = nn.Linear(width, joints * channels)

    def forward(self, x: Tensor, frames: Tensor) -> Tensor:
        """Mix `x [B,T,N,C]` over the frames that count, `frames [B,T]`."""
        valid = frames[:, None].to(x.dtype)  # [B,1,T]
        # Contiguous, as convolutions want it: what follows is then the same compiled or not.
        body = self.gather(x.flatten(2)).transpose(1, 2).contiguous() * valid  # [B,W,T]
        for block in self.blocks:
            body = block(body, valid)
        body = torch.nn.functional.gelu(self.norm(body)).transpose(1, 2)  # [B,T,W]
        change: Tensor = self.spread(body)
        return x + change.view_as(x)


def pairs_of_frames(x: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Average every two frames of `x [B,T,N,C]` where both count, `frames [B,T]`: half the work.

    A pair counts where one of its frames does. The result is `[B,⌈T/2⌉,N,C]` and `[B,⌈T/2⌉]`.

    >>> x = torch.tensor([1.0, 3.0, 5.0, 7.0, 9.0]).view(1, 5, 1, 1)
    >>> half, counts = pairs_of_frames(x, torch.tensor([[True, True, True, False, False]]))
    >>> half.flatten().tolist(), counts.tolist()
    ([2.0, 5.0, 0.0], [[True, True, False]])
    """
    odd = x.shape[1] % 2
    early, late = x[:, ::2], torch.nn.functional.pad(x[:, 1::2], (0, 0, 0, 0, 0, odd))
    either = torch.unflatten(torch.nn.functional.pad(frames, (0, odd)), 1, (-1, 2))  # [B,T/2,2]
    weight = either.to(x.dtype) / either.sum(dim=2, keepdim=True).clamp_min(1)
    half = early * weight[:, :, 0, None, None] + late * weight[:, :, 1, None, None]
    return half, either.any(dim=2)
