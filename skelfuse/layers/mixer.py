"""Mixer blocks: the whole body at once, along time, with the joints as channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelfuse.layers.checks import whole_number
from skelfuse.layers.quick_dropout import QuickDropout


class MixerBlock(nn.Module):
    """Two temporal convolutions over all channels of a body, added to what came in.

    What the mask hides enters every convolution as zero, which is what lies beyond the ends too:
    so padding changes nothing. `dilation` spreads the taps to see further for the same cost.
    `groups` are equal parts of the channels that do not see each other.

    >>> block = MixerBlock(16, taps=3)
    >>> body = torch.randn(2, 16, 30)                       # [B,W,T]
    >>> valid = torch.ones(2, 1, 30)                        # [B,1,T], or None: every frame counts
    >>> block(body, valid).shape
    torch.Size([2, 16, 30])
    """

    def __init__(
        self,
        width: int,
        *,
        taps: int = 3,
        dilation: int = 1,
        dropout: float = 0.0,
        groups: int = 1,
    ) -> None:
        super().__init__()
        whole_number("width", width, 1)
        reach = dilation * (taps - 1) // 2
        self.norm = nn.BatchNorm1d(width)
        self.across = nn.Conv1d(
            width, width, taps, padding=reach, dilation=dilation, bias=False, groups=groups
        )
        self.norm_between = nn.BatchNorm1d(width)
        # No bias: whatever comes next begins with a normalisation, which would take it off again.
        self.back = nn.Conv1d(width, width, 1, groups=groups, bias=False)
        self.act = nn.GELU()
        self.dropout = QuickDropout(dropout)

    def forward(self, body: Tensor, valid: Tensor | None) -> Tensor:
        """Mix `body [B,W,T]` where `valid [B,1,T]` is 1; the same shape comes back."""
        inner = self.across(_where(valid, self.act(self.norm(body))))  # [B,W,T]
        inner = self.back(self.dropout(self.act(self.norm_between(inner))))
        return _where(valid, body + inner)


class GroupedLinear(nn.Conv1d):
    """A convolution of one tap, for sizes that convolutions are slow with.

    >>> GroupedLinear(100, 16, groups=4)(torch.randn(2, 100, 30)).shape       # [B,C,T]
    torch.Size([2, 16, 30])
    """

    def __init__(self, inputs: int, outputs: int, *, groups: int = 1, bias: bool = True) -> None:
        super().__init__(inputs, outputs, 1, groups=groups, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x [B,inputs,T]` to `[B,outputs,T]`, each group for itself."""
        weight = torch.unflatten(self.weight[..., 0], 0, (self.groups, -1))  # [G,·,inputs/G]
        mapped = (weight @ torch.unflatten(x, 1, (self.groups, -1))).flatten(1, 2)
        return mapped if self.bias is None else mapped + self.bias[:, None]


class JointMixer(nn.Module):
    """Let the joints of a body see each other and their own past and future.

    Features `[B,V·C,N,T]` become `W = width` channels of one body for each of V `voters`, pass the
    blocks, and come back as a change to each joint's own features: what a joint was stays its own,
    so that it can be named. Voters do not see each other: V mixers side by side, at the price of
    one. Block i has dilation `dilations[i]`.

    >>> mixer = JointMixer(joints=25, channels=8, width=32, dilations=(1, 2), voters=2)
    >>> x = torch.randn(2, 16, 25, 30)                      # [B,V·C,N,T]
    >>> frames = torch.ones(2, 30, dtype=torch.bool)        # [B,T]
    >>> mixer(x, frames).shape
    torch.Size([2, 16, 25, 30])
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
        voters: int = 1,
    ) -> None:
        super().__init__()
        whole_number("voters", voters, 1)
        inputs, whole = voters * channels * joints, voters * width
        self.gather = GroupedLinear(inputs, whole, groups=voters, bias=False)
        self.blocks = nn.ModuleList(
            MixerBlock(whole, taps=taps, dilation=dilation, dropout=dropout, groups=voters)
            for dilation in dilations
        )
        self.norm = nn.BatchNorm1d(whole)
        self.spread = GroupedLinear(whole, inputs, groups=voters)

    def forward(self, x: Tensor, frames: Tensor | None) -> Tensor:
        """Mix `x [B,V·C,N,T]` over the frames that count, `frames [B,T]`; None: all of them."""
        valid = None if frames is None else frames[:, None].to(x.dtype)  # [B,1,T]
        body = _where(valid, self.gather(x.flatten(1, 2)))  # [B,V·W,T]
        for block in self.blocks:
            body = block(body, valid)
        change = self.spread(nn.functional.gelu(self.norm(body)))  # [B,V·C·N,T]
        mixed: Tensor = x + change.view_as(x)
        return mixed


def _where(valid: Tensor | None, body: Tensor) -> Tensor:
    return body if valid is None else body * valid


def pairs_of_frames(x: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Average every two frames of `x [B,C,N,T]` where both count, `frames [B,T]`: half the work.

    A pair counts where one of its frames does. The result is `[B,C,N,⌈T/2⌉]` and `[B,⌈T/2⌉]`.

    >>> x = torch.tensor([1.0, 3.0, 5.0, 7.0, 9.0]).view(1, 1, 1, 5)
    >>> half, counts = pairs_of_frames(x, torch.tensor([[True, True, True, False, False]]))
    >>> half.flatten().tolist(), counts.tolist()
    ([2.0, 5.0, 0.0], [[True, True, False]])
    """
    odd = x.shape[3] % 2
    x = nn.functional.pad(x, (0, odd)) if odd else x
    early, late = torch.unflatten(x, 3, (-1, 2)).unbind(-1)
    either = torch.unflatten(nn.functional.pad(frames, (0, odd)), 1, (-1, 2))  # [B,T/2,2]
    weight = either.to(x.dtype) / either.sum(dim=2, keepdim=True).clamp_min(1)
    weight = weight[:, None, None]  # [B,1,1,T/2,2]
    return early * weight[..., 0] + late * weight[..., 1], either.any(dim=2)
