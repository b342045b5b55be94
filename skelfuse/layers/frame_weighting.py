"""Spectral frame weighting: an average over time in which the frames that move speak louder."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import checked_sequence, whole_number
from skelfuse.layers.spans import without_gaps

FLOOR = 1e-2  # relative energy of a still frame: what keeps its weight above zero
TINY = 1e-8  # an energy below which a band counts as silent


class SpectralFrameWeighting(nn.Module):
    """Pool a clip along time, each frame weighted by the spectral energy of its neighbourhood.

    1. Around each frame the squared spectrum of `window` frames (an odd number, under a Hann
       window, mean removed) is measured in its (window - 1) / 2 bands above 0 Hz.
    2. Coarse: averaged over the joints seen and over channels, each band relative to its mean over
       the clip; then averaged over bands with learned weights. A blurred stretch lacks the upper
       bands, a frozen one all of them, in whatever unit x comes.
    3. Fine: the same for each channel, averaged over the joints seen only.
    4. A frame's weight is `(coarse + 0.01)^a · (fine + 0.01)^b`, made to sum to one over the
       frames in which a joint was seen: a softmax over frames. The sharpness a, and b for each
       channel, are learned and stay positive.

    Both start at `sharpness`: 0.05 is near the plain average, a frozen frame then has about 0.6 of
    the usual weight. A clip that is still throughout gets the plain average. Near the ends and in
    gaps frames are held and bridged; padding changes nothing; a joint never seen gives 0. The cost
    is linear in T.

    >>> pool = SpectralFrameWeighting(channels=1, window=5, sharpness=1.0)
    >>> x = torch.tensor([1.0, -1, 1, -1, 0, 0, 0, 0]).view(1, 8, 1, 1)     # [B,T,N,C]
    >>> pool(x).shape                                                       # [B,N,C]
    torch.Size([1, 1, 1])
    >>> weights = pool.weights(x)[0, :, 0, 0]
    >>> bool(weights[1] > 100 * weights[7]), round(weights.sum().item(), 5)
    (True, 1.0)
    """

    def __init__(self, channels: int, window: int = 9, *, sharpness: float = 0.05) -> None:
        super().__init__()
        self.channels = whole_number("channels", channels, 1)
        self.window = whole_number("window", window, 3)
        if window % 2 == 0:
            raise SkelfuseError(
                "window must be odd", found=window, remedy="a frame has as many before as after"
            )
        if not 0 < sharpness < math.inf:
            raise SkelfuseError(
                "sharpness is out of range", expected="a number above 0", found=repr(sharpness)
            )
        raw = math.log(math.expm1(sharpness)) if sharpness < 30 else sharpness  # softplus undone
        self.coarse = nn.Parameter(torch.tensor(raw))
        self.fine = nn.Parameter(torch.full((channels,), raw))
        self.bands = nn.Parameter(torch.zeros(window // 2))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Pool `x [B,T,N,C]` over the frames where `mask [B,T,N]` is True: `[B,N,C]`."""
        given = x.dtype
        x, mask = checked_sequence(x, mask, channels=self.channels, axis="C")
        with torch.autocast(x.device.type, enabled=False):
            return (self._weights(x, mask) * x).sum(1).to(given)

    def weights(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the weight of each frame, `[B,T,N,C]`; sums to one over a joint's frames."""
        given = x.dtype
        x, mask = checked_sequence(x, mask, channels=self.channels, axis="C")
        with torch.autocast(x.device.type, enabled=False):
            return self._weights(x, mask).to(given)

    def _weights(self, x: Tensor, mask: Tensor | None) -> Tensor:
        energy = self._energy(without_gaps(x, mask), mask)  # [B,T,C,F]
        frames = None if mask is None else mask.any(2)  # [B,T]
        whole = self._relative(energy.mean(2, keepdim=True), frames)  # [B,T,1]
        each = self._relative(energy, frames)  # [B,T,C]
        a, b = (functional.softplus(raw).to(x.dtype) for raw in (self.coarse, self.fine))
        score = (a * (whole + FLOOR).log() + b * (each + FLOOR).log())[:, :, None]  # [B,T,1,C]
        if mask is None:
            return score.softmax(1).expand_as(x)
        here = mask[..., None]  # [B,T,N,1]
        hidden = torch.finfo(x.dtype).min  # not -inf: a joint never seen must not become NaN
        return torch.where(here, torch.where(here, score, hidden).softmax(1), 0.0)

    def _energy(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return the energy of each band around each frame, `[B,T,C,F]`, mean of joints seen."""
        B, T, N, C = x.shape
        reach = self.window // 2
        # Far from the origin the rounding of a still frame would look like motion.
        courses = (x - x[:, :1]).permute(0, 2, 3, 1).reshape(B * N * C, 1, T)
        courses = functional.pad(courses, (reach, reach), mode="replicate")
        if mask is None:
            seen = torch.full((1, 1, 1), 1 / N, dtype=x.dtype, device=x.device)
        else:
            seen = mask.to(x.dtype) / mask.sum(2, keepdim=True).clamp_min(1)  # [B,T,N]
        seen = seen.transpose(1, 2)[:, :, None]  # [B,N,1,T]
        bands = []
        for wave in _short_waves(self.window, x).unbind(
            0
        ):  # [2,window], one band: nothing 2·F times x
            square = functional.conv1d(courses, wave[:, None]).square().sum(1)  # [B·N·C,T]
            bands.append((square.view(B, N, C, T) * seen).sum(1).transpose(1, 2))
        return torch.stack(bands, dim=-1)

    def _relative(self, energy: Tensor, frames: Tensor | None) -> Tensor:
        """Return `energy [B,T,C,F]` over its mean in the clip, averaged over bands: `[B,T,C]`."""
        if frames is None:
            usual = energy.mean(1, keepdim=True)
        else:
            here = frames[..., None, None].to(energy.dtype)
            usual = (energy * here).sum(1, keepdim=True) / here.sum(1, keepdim=True).clamp_min(1)
        relative = energy / (usual + TINY)
        return (relative * self.bands.softmax(0).to(energy.dtype)).sum(-1)

    def extra_repr(self) -> str:
        """Show the choices in the printed model."""
        return f"channels={self.channels}, window={self.window}"


def _short_waves(window: int, like: Tensor) -> Tensor:
    """Return a cosine and a sine for each band, `[F,2,window]`, that see no constant.

    >>> _short_waves(5, torch.zeros(())).sum(-1).abs().max() < 1e-6
    tensor(True)
    """
    reach = window // 2
    exact = torch.float32 if like.device.type == "mps" else torch.float64
    time = torch.arange(-reach, reach + 1, dtype=exact, device=like.device)
    bell = torch.cos(math.pi * time / (window + 1)).square()  # Hann, without its two zeros
    band = torch.arange(1, reach + 1, dtype=exact, device=like.device)
    phase = 2 * math.pi / window * band[:, None] * time
    waves = torch.stack([phase.cos(), phase.sin()], dim=1) * bell
    waves = waves - bell * (waves.sum(-1, keepdim=True) / bell.sum())
    return (waves / waves.square().sum(-1, keepdim=True).sqrt()).to(like.dtype)


def average_over_time(h: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean `[R,N,C]` of `h [R,T,N,C]` over the frames where `mask [R,T,N]` is True.

    >>> h = torch.tensor([1.0, 3.0, 50.0]).view(1, 3, 1, 1)
    >>> average_over_time(h, torch.tensor([[[True], [True], [False]]]))
    tensor([[[2.]]])
    """
    if mask is None:
        return h.mean(dim=1)
    weight = mask.to(h.dtype) / mask.sum(dim=1, keepdim=True).clamp_min(1)  # [R,T,N]
    return torch.einsum("rtn,rtnc->rnc", weight, h)
