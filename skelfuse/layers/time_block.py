"""A block of a network along time: each joint for itself, or a whole body as one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skelfuse.layers.checks import whole_number
from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.quick_dropout import QuickDropout

WIDE = 32  # channels of a group that processors are quick with


class TimeConv(nn.Conv2d):
    """A convolution along time, the same for all joints: `[R,T,N,C]` to `[R,T,N,C']`.

    Beyond the ends is 0. `groups` are equal parts of the channels that do not see each other.

    >>> TimeConv(8, 16, taps=3)(torch.randn(2, 30, 25, 8)).shape
    torch.Size([2, 30, 25, 16])
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        taps: int = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
    ) -> None:
        reach = dilation * (taps - 1) // 2
        super().__init__(
            inputs,
            outputs,
            (taps, 1),
            padding=(reach, 0),
            dilation=(dilation, 1),
            groups=groups,
            bias=bias,
        )
        # In training groups of few channels are computed several at a time, in half the time.
        few = max(1, WIDE // (inputs // groups))
        self.at_once = max(k for k in range(1, few + 1) if groups % k == 0)

    def forward(self, x: Tensor) -> Tensor:
        """Filter `x [R,T,N,C]` along T."""
        # Channels stay last in memory: on a CPU that is several times as fast.
        at_once = self.at_once if self.training else 1
        weight = side_by_side(self.weight, self.groups, at_once)
        filtered = F.conv2d(
            x.permute(0, 3, 1, 2),
            weight.contiguous(memory_format=torch.channels_last),
            self.bias,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups // at_once,
        )
        return filtered.permute(0, 2, 3, 1)


def side_by_side(weight: Tensor, groups: int, count: int) -> Tensor:
    """Return the weight of `groups` taken `count` at a time, 0 between them: the same filter.

    >>> side_by_side(torch.tensor([[2.0], [3.0]]), groups=2, count=2)  # [C',C/groups,...]
    tensor([[2., 0.],
            [0., 3.]])
    """
    if count == 1:
        return weight
    outputs, inputs, *taps = weight.shape
    each = weight.reshape(groups // count, count, outputs // groups, 1, inputs, *taps)
    own = torch.eye(count, dtype=weight.dtype, device=weight.device)
    own = own.view(count, 1, count, 1, *(1 for _ in taps))
    return (each * own).reshape(outputs, count * inputs, *taps)


class TimeBlock(nn.Module):
    """Two convolutions, the first along time, whose result is added to what came in.

    `x [R,T,N,C]` must be 0 where `seen [R,T,N,1]` is False, and so is what comes back: what lies
    outside a clip is what lies beyond its ends, and padding changes nothing. `dilation` spreads
    the taps to see further at the same cost; `groups` of channels do not see each other.

    >>> block = TimeBlock(16, dilation=2, groups=4)
    >>> block(torch.randn(2, 30, 25, 16)).shape             # [R,T,N,C]
    torch.Size([2, 30, 25, 16])
    """

    def __init__(
        self,
        channels: int,
        *,
        taps: int = 3,
        dilation: int = 1,
        dropout: float = 0.0,
        groups: int = 1,
    ) -> None:
        super().__init__()
        whole_number("channels", channels, 1)
        self.across = TimeConv(channels, channels, taps=taps, dilation=dilation, groups=groups)
        self.norm = KnownNorm(channels)
        self.act = nn.GELU()
        self.dropout = QuickDropout(dropout)
        self.back = TimeConv(channels, channels, groups=groups)
        self.norm_after = KnownNorm(channels)

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return `x [R,T,N,C]` with what the block makes of it added."""
        inner = self.act(self.norm(self.across(x), seen))
        inner = self.norm_after(self.back(self.dropout(inner)), seen)  # [R,T,N,C]
        added: Tensor = x + inner
        return added
