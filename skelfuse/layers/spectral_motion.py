"""Spectral motion: the velocity of a clip, exact for everything that its frame rate can show."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import checked_sequence
from skelfuse.layers.global_filter import filtered_in_circle
from skelfuse.layers.spans import (
    Span,
    at_frames,
    back_in_place,
    from_first_frame,
    span_of,
    without_gaps,
)

Ends = Literal["line", "mirror", "circle"]


class SpectralMotion(nn.Module):
    """The derivative along time, as a factor jω in the spectrum; nothing is learned.

    Differences of frames underrate fast motion; this does not, up to the Nyquist limit. A spectrum
    belongs to a signal that repeats, so `ends` says how a clip goes on after its last frame:

    - "line": the straight line from the first frame to the last is taken off, its slope added at
      the end, and the rest goes on upside down and backwards, which has no jump and no kink. Exact
      for lines and for `sin πkt/(L - 1)`: the one to use for clips;
    - "mirror": the clip goes on backwards. Exact for the cosines of `DCTChannels`, velocity
      vanishes at the ends;
    - "circle": the last frame is followed by the first. Exact for sines with whole periods in L
      frames, wrong near the ends of all else.

    Units are those of x per frame, or per second where `fps` is given. A still body has no motion.
    Each clip is taken from the first frame in which any joint counts to the last: padding changes
    nothing. Gaps are bridged by straight lines before. Where the mask is False the output is 0.
    The cost is T·log T.

    >>> x = torch.linspace(0.0, 3.0, 7).view(1, 7, 1, 1)            # [B,T,N,C], 0.5 per frame
    >>> SpectralMotion(fps=30.0)(x).flatten().tolist()
    [15.0, 15.0, 15.0, 15.0, 15.0, 15.0, 15.0]
    """

    def __init__(self, *, ends: Ends = "line", fps: float | None = None) -> None:
        super().__init__()
        if ends not in ("line", "mirror", "circle"):
            raise SkelfuseError("unknown ends", expected="line, mirror or circle", found=repr(ends))
        if fps is not None and not 0 < fps < math.inf:
            raise SkelfuseError("fps is out of range", expected="a number above 0", found=repr(fps))
        self.ends = ends
        self.fps = fps

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the derivative `[B,T,N,C]` of `x [B,T,N,C]`, of which `mask [B,T,N]` counts."""
        given = x.dtype
        channels = x.shape[-1] if x.ndim else 0
        x, mask = checked_sequence(x, mask, channels=channels, axis="C")
        T = x.shape[1]
        with torch.autocast(x.device.type, enabled=False):
            span = span_of(mask, T, x.device)
            clips = x if mask is None else from_first_frame(without_gaps(x, mask), span)
            # A constant is taken off first: far from the origin it would cost digits.
            clips = clips - clips[:, :1]
            slope: Tensor | float = 0.0
            if self.ends == "line":
                clips, slope = _without_line(clips, span)
            motion = slope + self._derivative(clips, span, alone=mask is None)
            motion = motion if self.fps is None else motion * self.fps
            return (motion if mask is None else back_in_place(motion, span, mask)).to(given)

    def _derivative(self, clips: Tensor, span: Span, *, alone: bool) -> Tensor:
        T = clips.shape[1]
        L = span.frames[:, None]  # [R,1]
        if self.ends == "circle":
            P, circle, shift, sign = T, L, 0, 1.0
        elif self.ends == "mirror":
            P, circle, shift, sign = 2 * T, 2 * L, 1, 1.0
        else:
            P, circle, shift, sign = max(2 * T - 2, 1), (2 * L - 2).clamp_min(1), 0, -1.0
        time = torch.arange(P, device=clips.device)
        back = time >= L  # [R,P], past the last frame
        frame = torch.where(back, circle - shift - time, time).clamp(0, T - 1)
        flip = torch.where(back, sign, 1.0) * (time < circle)
        around = at_frames(clips, frame) * flip[..., None, None].to(clips.dtype)  # [B,P,N,C]
        found = filtered_in_circle(
            around, _times_j_omega(circle, P, clips.dtype), None if alone else circle[:, 0]
        )
        return found[:, :T]

    def extra_repr(self) -> str:
        """Show the choices in the printed model."""
        return f"ends={self.ends!r}, fps={self.fps}"


def _without_line(clips: Tensor, span: Span) -> tuple[Tensor, Tensor]:
    """Take the line from the first frame to the last off `[B,T,N,C]`; also return its slope."""
    time = torch.arange(clips.shape[1], device=clips.device)
    steps = (span.frames - 1).clamp_min(0)[:, None]  # [R,1]
    last = at_frames(clips, steps)  # [B,1,N,C]
    slope = (last - clips[:, :1]) / steps.clamp_min(1)[..., None, None]
    line = clips[:, :1] + slope * time[:, None, None]
    # Zero beyond the clip's end, or the line would go on there.
    inside = (time <= steps)[..., None, None]
    return torch.where(inside, clips - line, 0.0), slope


def _times_j_omega(circle: Tensor, length: int, dtype: torch.dtype) -> Tensor:
    """Return jω for k turns of a circle of `[R,1]` frames: `[R,F,1]`, radians per frame.

    >>> _times_j_omega(torch.tensor([[4]]), 4, torch.float32).flatten() / math.pi
    tensor([0.+0.0000j, 0.+0.5000j, 0.+1.0000j])
    """
    k = torch.arange(length // 2 + 1, device=circle.device)
    exact = torch.float32 if circle.device.type == "mps" else torch.float64
    omega = (2 * math.pi * k.to(exact) / circle.clamp_min(1)).to(dtype)  # [R,F]
    # At the Nyquist limit, where the slope cannot be known, the filter's real part counts: 0.
    return torch.complex(torch.zeros_like(omega), omega)[..., None]
