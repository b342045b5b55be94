"""Global filters: one learned response to every frequency, as long in time as the clip itself."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from skelfuse.layers.checks import checked_sequence, whole_number
from skelfuse.layers.spans import (
    back_in_place,
    from_first_frame,
    span_of,
    without_gaps,
)


def filtered_in_circle(x: Tensor, response: Tensor, frames: Tensor | None = None) -> Tensor:
    """Filter `x [B,P,N,C]` by `response [R,F,C or 1]`, in a circle of `frames [B]` (of P).

    Row k of the response, complex, is for k turns per circle, k = 0..⌊P/2⌋; what is beyond half the
    circle is not used, and of the first and the exact half only the real part, as for any real
    filter. `x` must be 0 from `frames` on.

    Circles of different lengths run side by side in time P·log P: Bluestein's form of the Fourier
    transform writes any length as one convolution, which has the same size for all.

    >>> x = torch.tensor([1.0, 2.0, 4.0, 0.0, 0.0]).view(1, 5, 1, 1)
    >>> turn = torch.polar(torch.ones(3), -2 * math.pi / 3 * torch.arange(3))
    >>> filtered_in_circle(x, turn.view(1, 3, 1), torch.tensor([3])).flatten().round() + 0.0
    tensor([4., 1., 2., 0., 0.])
    """
    P = x.shape[1]
    if frames is None:
        spectrum = torch.fft.rfft(x, dim=1) * response[:, :, None]  # [B,F,N,C]
        real: Tensor = torch.fft.irfft(spectrum, n=P, dim=1)
        return real
    circle = frames.clamp_min(1)[:, None]  # [B,1]
    chirp = _chirp(torch.arange(P, device=x.device), circle, x.dtype)  # [B,P]
    around = torch.arange(2 * P, device=x.device)
    kernel = _chirp(torch.minimum(around, 2 * P - around), circle, x.dtype).conj()
    kernel = torch.fft.fft(kernel, dim=1)[..., None, None]  # [B,2P,1,1]
    chirp = chirp[..., None, None]

    def transformed(z: Tensor) -> Tensor:
        wide = torch.fft.fft(z * chirp, n=2 * P, dim=1) * kernel
        narrow: Tensor = torch.fft.ifft(wide, dim=1)[:, :P] * chirp
        return narrow

    whole = _whole_circle(response, circle, P)[:, :, None]  # [B,P,1,C]
    spectrum = transformed(x.to(chirp.dtype)) * whole
    back = transformed(spectrum.conj()).real / circle[..., None, None]
    inside = torch.arange(P, device=x.device) < frames[:, None]
    return torch.where(inside[..., None, None], back, 0.0)


def _chirp(time: Tensor, circle: Tensor, dtype: torch.dtype) -> Tensor:
    """Return exp(-iπ·t²/L); its whole turns are taken off in whole numbers."""
    exact = torch.float32 if time.device.type == "mps" else torch.float64
    phase = (time.square() % (2 * circle)).to(exact) * (-math.pi) / circle
    return torch.complex(phase.cos().to(dtype), phase.sin().to(dtype))


def _whole_circle(response: Tensor, circle: Tensor, length: int) -> Tensor:
    """Continue a response beyond half the circle, as that of a real filter; 0 beyond the circle."""
    k = torch.arange(length, device=circle.device)
    mirrored = 2 * k > circle  # [B,P]
    row = torch.where(mirrored, circle - k, k).clamp(0, length // 2)[..., None]
    row = row.expand(row.shape[0], length, response.shape[2])
    real, imaginary = response.real.gather(1, row), response.imag.gather(1, row)  # [B,P,C]
    inside = (k < circle)[..., None].to(real.dtype)
    sign = torch.where(mirrored, -1.0, 1.0)[..., None].to(real.dtype)
    return torch.complex(real * inside, imaginary * sign * inside)


class GlobalFilter(nn.Module):
    """Multiply the spectrum of each clip by a learned complex response, one for each channel.

    The response is learned at the frequencies of a clip of `frames` frames; in time it is a kernel
    of that length whose offsets run from -frames/2 to frames/2 and wrap around the clip's ends. At
    another length the same kernel wraps around that length: so a filter that delays by 3 frames
    does so in every clip. It starts as 1, which changes nothing.

    Each clip is taken from the first frame in which any joint counts to the last, as long as it
    is: padding changes nothing. Gaps are bridged by straight lines before. Where the mask is False
    the output is 0. Joints do not mix. The cost is T·log T.

    `instance_norm` first brings each channel of each joint to mean 0 and variance 1 over the
    frames that count, times a learned scale, plus a learned shift.

    >>> x = torch.tensor([1.0, 5.0, 2.0, 4.0]).view(1, 4, 1, 1)     # [B,T,N,C]
    >>> layer = GlobalFilter(channels=1, frames=4)
    >>> layer(x).flatten().round(decimals=3).tolist()
    [1.0, 5.0, 2.0, 4.0]
    >>> with torch.no_grad():
    ...     layer.filter[1:] = 0.0  # nothing but the mean passes
    >>> layer(x).flatten().tolist()
    [3.0, 3.0, 3.0, 3.0]
    """

    offsets: Tensor
    odd_part: Tensor

    def __init__(self, channels: int, frames: int = 64, *, instance_norm: bool = False) -> None:
        super().__init__()
        self.channels = whole_number("channels", channels, 1)
        self.frames = whole_number("frames", frames, 1)
        start = torch.zeros(frames // 2 + 1, channels, 2)
        start[..., 0] = 1.0
        self.filter = nn.Parameter(start)  # [F,C,2], real and imaginary
        offsets = (torch.arange(frames) + frames // 2) % frames - frames // 2
        self.register_buffer("offsets", offsets, persistent=False)
        # The offset of exactly half a clip lies as much before as after: no sine.
        self.register_buffer("odd_part", 2 * offsets.abs() != frames, persistent=False)
        self.scale = nn.Parameter(torch.ones(channels)) if instance_norm else None
        self.shift = nn.Parameter(torch.zeros(channels)) if instance_norm else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Filter `x [B,T,N,C]`, of which `mask [B,T,N]` counts; the same shape comes back."""
        given = x.dtype
        x, mask = checked_sequence(x, mask, channels=self.channels, axis="C")
        T = x.shape[1]
        with torch.autocast(x.device.type, enabled=False):
            x = self._normed(x, mask)
            span = span_of(mask, T, x.device)
            response = self.response(span.frames, T // 2 + 1).to(
                torch.complex128 if x.dtype == torch.float64 else torch.complex64
            )
            if mask is None:
                return filtered_in_circle(x, response).to(given)
            clips = from_first_frame(without_gaps(x, mask), span)
            found = filtered_in_circle(clips, response, span.frames)
            return back_in_place(found, span, mask).to(given)

    def response(self, lengths: Tensor, frequencies: int) -> Tensor:
        """Return the complex response of clips of `lengths [R]`: `[R,F,C]`, F turns per clip."""
        exact = torch.float32 if lengths.device.type == "mps" else torch.float64
        learned = self.filter if self.filter.dtype == torch.float64 else self.filter.float()
        # The kernel in time, [frames,C], which has a response at every frequency.
        kernel = torch.fft.irfft(torch.complex(learned[..., 0], learned[..., 1]), self.frames, 0)
        k = torch.arange(frequencies, device=lengths.device)[:, None]
        circle = lengths.clamp_min(1)[:, None, None]
        phase = ((k * self.offsets) % circle).to(exact) * (-2 * math.pi) / circle  # [R,F,frames]
        real = phase.cos().to(kernel.dtype) @ kernel  # [R,F,C]
        imaginary = (phase.sin() * self.odd_part).to(kernel.dtype) @ kernel
        return torch.complex(real, imaginary)

    def _normed(self, x: Tensor, mask: Tensor | None) -> Tensor:
        if self.scale is None or self.shift is None:
            return x
        here = torch.ones_like(x[..., :1]) if mask is None else mask[..., None].to(x.dtype)
        frames = here.sum(1, keepdim=True).clamp_min(1)  # [B,1,N,1]
        centred = (x - x.sum(1, keepdim=True) / frames) * here
        variance = centred.square().sum(1, keepdim=True) / frames
        normed = centred * torch.rsqrt(variance + 1e-5) * self.scale.to(x.dtype)
        return (normed + self.shift.to(x.dtype)) * here

    def extra_repr(self) -> str:
        """Show the choices in the printed model."""
        return f"channels={self.channels}, frames={self.frames}, norm={self.scale is not None}"
