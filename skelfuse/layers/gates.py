"""Gates: which channels are worth having is learned, and the others are switched off for good."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import whole_number

Mode = Literal["static", "dynamic"]


class ChannelGate(nn.Module):
    """Let each channel pass whole or not at all; how many stay open is part of the loss.

    `channels` are the first axes after the batch: for `[B,F,N,C,W]` of `DCTChannels`, F gates
    frequencies, (F, N) the frequencies of each joint. Each channel has two weights, off and on.
    In training, Gumbel noise is added to both and the greater one wins, drawn anew for each clip;
    the gradient is that of their softmax at the `temperature`. In evaluation the greater weight
    wins: no noise, and a closed channel is exactly 0.

    - "static": the two weights are parameters, one choice for all clips, which can be pruned;
    - "dynamic": they come from a squeeze-and-excite network that sees the mean size of every
      channel of the clip at hand; `hidden` is its inner width.

    `start` is the share of channels open at first. Add `weight · gate.penalty()` to the loss, and
    call `anneal` with the share of training done: the temperature falls from the first to the
    second value of `temperature`, and the gradient comes to know only what is still undecided.

    >>> gate = ChannelGate(3).eval()
    >>> with torch.no_grad():
    ...     gate.weights[1] = torch.tensor([2.0, -2.0])  # off, on
    >>> gate(torch.ones(1, 3, 2))
    tensor([[[1., 1.],
             [0., 0.],
             [1., 1.]]])
    >>> gate.open_channels().tolist()
    [True, False, True]
    >>> round(gate.penalty().item(), 2)  # 0.95 + 0.02 + 0.95
    1.92
    """

    temperature: Tensor

    def __init__(
        self,
        channels: int | Sequence[int],
        *,
        mode: Mode = "static",
        hidden: int | None = None,
        start: float = 0.95,
        temperature: tuple[float, float] = (5.0, 0.5),
    ) -> None:
        super().__init__()
        shape = (channels,) if isinstance(channels, int) else tuple(channels)
        self.channels = tuple(whole_number("channels", count, 1) for count in shape)
        count = math.prod(self.channels)
        if mode not in ("static", "dynamic"):
            raise SkelfuseError("unknown mode", expected="static or dynamic", found=repr(mode))
        if not 0 < start < 1:
            raise SkelfuseError(
                "start is out of range", expected="between 0 and 1", found=repr(start)
            )
        if not all(0 < value < math.inf for value in temperature):
            raise SkelfuseError(
                "temperature is out of range", expected="numbers above 0", found=repr(temperature)
            )
        self.mode = mode
        self.schedule = temperature
        self.register_buffer("temperature", torch.tensor(float(temperature[0])))
        favour = math.log(start / (1 - start)) / 2
        weights = torch.tensor([-favour, favour]).repeat(count, 1)  # [G,2]
        if mode == "static":
            self.weights = nn.Parameter(weights.view(*self.channels, 2))
        else:
            width = max(4, count // 8) if hidden is None else whole_number("hidden", hidden, 1)
            self.squeeze = nn.Linear(count, width)
            self.excite = nn.Linear(width, 2 * count)
            # Small, not zero: all gates start alike, and yet gradients reach the first layer.
            nn.init.normal_(self.excite.weight, std=0.01)
            with torch.no_grad():
                self.excite.bias.copy_(weights.flatten())

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Gate `x [B,*channels,...]`; where `mask`, broadcast to x, is False the result is 0."""
        given = x.dtype
        x, mask = self._checked(x, mask)
        with torch.autocast(x.device.type, enabled=False):
            weights = self._weights(x, mask)
            if self.training:
                shape = (x.shape[0], *self.channels, 2)
                noise = -torch.empty(shape, device=x.device).exponential_().log()
                soft = ((weights + noise) / self.temperature).softmax(-1)[..., 1]
                passes = (soft > 0.5).to(soft.dtype) + (soft - soft.detach())
            else:
                passes = weights[..., 1] > weights[..., 0]
                passes = passes.expand(x.shape[0], *self.channels)
            rest = (1,) * (x.ndim - 1 - len(self.channels))
            return (x * passes.view(*passes.shape, *rest).to(x.dtype)).to(given)

    def probabilities(self, x: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Return how likely each channel is open in training: `[*channels]`, dynamic `[B,...]`."""
        if self.mode == "static":
            return self._static().softmax(-1)[..., 1]
        if x is None:
            raise SkelfuseError(
                "a dynamic gate needs its input", remedy="give it x, as in the forward pass"
            )
        x, mask = self._checked(x, mask)
        with torch.autocast(x.device.type, enabled=False):
            return self._weights(x, mask).softmax(-1)[..., 1]

    def penalty(self, x: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Return the expected number of open channels, a mean over clips where it is dynamic."""
        return self.probabilities(x, mask).flatten(-len(self.channels)).sum(-1).mean()

    @torch.no_grad()
    def open_channels(self, x: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Say which channels are open in evaluation: `[*channels]`, dynamic `[B,*channels]`."""
        return self.probabilities(x, mask) > 0.5

    @torch.no_grad()
    def anneal(self, progress: float) -> None:
        """Set the temperature for a share of training done, 0 to 1: even steps in its logarithm.

        >>> gate = ChannelGate(3, temperature=(4.0, 1.0))
        >>> gate.anneal(0.5)
        >>> gate.temperature
        tensor(2.)
        """
        if not 0 <= progress <= 1:
            raise SkelfuseError(
                "progress is out of range", expected="between 0 and 1", found=repr(progress)
            )
        first, last = self.schedule
        self.temperature.fill_(first * (last / first) ** progress)

    def _static(self) -> Tensor:
        return self.weights if self.weights.dtype == torch.float64 else self.weights.float()

    def _weights(self, x: Tensor, mask: Tensor | None) -> Tensor:
        if self.mode == "static":
            return self._static()
        size = x.abs().reshape(x.shape[0], *self.channels, -1)
        if mask is None:
            seen = size.mean(-1)
        else:
            counts = mask.expand(x.shape).reshape(size.shape)
            seen = size.sum(-1) / counts.sum(-1).clamp_min(1)
        seen = seen.flatten(1).to(self.squeeze.weight.dtype)  # [B,G]
        weights: Tensor = self.excite(self.squeeze(seen).relu())
        weights = weights if weights.dtype == torch.float64 else weights.float()
        return weights.view(x.shape[0], *self.channels, 2)

    def _checked(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        inner = tuple(x.shape[1 : 1 + len(self.channels)])
        if inner != self.channels or not x.is_floating_point():
            raise SkelfuseError(
                "x does not fit the gate",
                expected=f"floating-point [B,{','.join(map(str, self.channels))},...]",
                found=f"{x.dtype} {list(x.shape)}",
                remedy="build the gate for the channels that x has, or reorder the axes of x",
            )
        if x.dtype in (torch.float16, torch.bfloat16):
            x = x.float()
        if mask is not None:
            fits = mask.ndim == x.ndim and all(
                one in (1, size) for one, size in zip(mask.shape, x.shape, strict=True)
            )
            if mask.dtype != torch.bool or not fits:
                raise SkelfuseError(
                    "the mask does not fit x",
                    expected=f"torch.bool with the axes of {list(x.shape)}, each whole or 1",
                    found=f"{mask.dtype} {list(mask.shape)}",
                    remedy="use mask[:, None, :, None] for a mask [B,N,W] of windows",
                )
            x = torch.where(mask, x, 0.0)
        return x, mask

    def extra_repr(self) -> str:
        """Show the choices in the printed model."""
        return f"channels={self.channels}, mode={self.mode!r}"
