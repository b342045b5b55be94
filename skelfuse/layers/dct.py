"""A clip as its frequencies: the cosine transform of its windows, on the frames that it has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import checked_sequence, whole_number
from skelfuse.layers.spans import Span, at_frames, span_of, without_gaps


class DCTChannels(nn.Module):
    """Write each window of a clip as cosines; equal frequencies of all windows are one channel.

    `x [B,T,N,C]` becomes `[B,F,N,C,W]`: F frequencies, W = ⌈T / window⌉ windows. So
    `.flatten(1, 3)` is what a convolution along the windows takes, and any of `[F]`, `[F,N]` and
    `[F,N,C]` can be gated (`ChannelGate`).

    A clip runs from the first frame in which any joint counts to the last. Its L frames are cut
    into ⌈L / window⌉ windows whose lengths differ by one at most, none longer than `window`; each
    gets the orthonormal DCT-II of exactly its own frames. So padding changes nothing but the
    number of empty windows at the end, and the sum of squares is kept. A window of l frames has l
    frequencies, the others are 0; frequency k is k half-cycles per window, `k·fps / (2·l)` Hz.
    Gaps inside a clip are bridged by straight lines before the transform; a window in which a
    joint was never seen is 0 for that joint (`windows_seen`).

    `inverse` restores every frame that counts. `frequencies` names those that are computed at all;
    the cost is linear in T times their number.

    >>> dct = DCTChannels(window=4)
    >>> x = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0]).view(1, 8, 1, 1)
    >>> channels = dct(x)                                   # [B,F,N,C,W]
    >>> channels[0, :, 0, 0].round(decimals=3) + 0.0
    tensor([[ 5.0000, 10.0000],
            [-2.2300,  0.0000],
            [ 0.0000,  0.0000],
            [-0.1590,  0.0000]])
    >>> dct.inverse(channels).flatten().round(decimals=3).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0]
    >>> dct.hertz(fps=30.0)
    (0.0, 3.75, 7.5, 11.25)
    """

    kept: Tensor

    def __init__(self, window: int = 64, *, frequencies: Sequence[int] | None = None) -> None:
        super().__init__()
        self.window = whole_number("window", window, 1)
        self.frequencies = _chosen(frequencies, window)
        self.register_buffer("kept", torch.tensor(self.frequencies), persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Transform `x [B,T,N,C]`, of which `mask [B,T,N]` counts: `[B,F,N,C,W]`."""
        given = x.dtype
        channels = x.shape[-1] if x.ndim else 0
        x, mask = checked_sequence(x, mask, channels=channels, axis="C")
        _, T, N, C = x.shape
        span = span_of(mask, T, x.device)
        begin, lengths = self._cut(span, T)  # [R,W]
        with torch.autocast(x.device.type, enabled=False):
            frames = self._frames(span, begin, T)  # [R,W,window]
            windows = at_frames(without_gaps(x, mask), frames)  # [B,W,window,N,C]
            found = self._basis(lengths, x.dtype) @ windows.flatten(3)  # [B,W,F,N·C]
        found = found.reshape(*found.shape[:3], N, C)
        if mask is not None:
            found = found * self.windows_seen(mask).transpose(1, 2)[:, :, None, :, None]
        return found.permute(0, 2, 3, 4, 1).to(given)  # [B,F,N,C,W]

    def inverse(
        self, channels: Tensor, mask: Tensor | None = None, *, frames: int | None = None
    ) -> Tensor:
        """Return `x [B,T,N,C]` from `channels [B,F,N,C,W]` and the mask that they came with.

        Without a mask, T is `frames` (all windows full, without that). What the mask rules out is
        0. With fewer than all frequencies it is the nearest sequence that has only those.
        """
        W, F = channels.shape[-1] if channels.ndim else 0, len(self.frequencies)
        frames = W * self.window if frames is None else frames
        T = frames if mask is None else mask.shape[1]
        fits = channels.ndim == 5 and channels.shape[1] == F and _slots(T, self.window) == W
        if not fits or (mask is not None and mask[:, 0].shape != channels[:, 0, :, 0, 0].shape):
            raise SkelfuseError(
                "channels have the wrong shape",
                expected=f"[B,F,N,C,W], F = {F}, W = ⌈{T} / {self.window}⌉, B and N of the mask",
                found=list(channels.shape),
                remedy="give the mask that the clip had, or its number of frames",
            )
        given = channels.dtype
        wide = channels.float() if given in (torch.float16, torch.bfloat16) else channels
        span = span_of(mask, T, channels.device)
        begin, lengths = self._cut(span, T)
        with torch.autocast(wide.device.type, enabled=False):
            parts = wide.permute(0, 4, 1, 2, 3).flatten(3)  # [B,W,F,N·C]
            windows = self._basis(lengths, wide.dtype).transpose(2, 3) @ parts
        B, _, N, C, _ = channels.shape
        windows = windows.reshape(B, W * self.window, N, C)
        time = torch.arange(T, device=wide.device) - span.first[:, None]  # [R,T]
        time = torch.minimum(time.clamp_min(0), (span.frames - 1).clamp_min(0)[:, None])
        part = time * _parts(span, self.window)[:, None] // span.frames.clamp_min(1)[:, None]
        place = part * self.window + time - begin.gather(1, part)  # [R,T]
        x = at_frames(windows, place)  # [B,T,N,C]
        return (x if mask is None else torch.where(mask[..., None], x, 0.0)).to(given)

    def windows_seen(self, mask: Tensor) -> Tensor:
        """Say in which windows a joint was seen at least once: `mask [B,T,N]` to `[B,N,W]`."""
        T = mask.shape[1]
        span = span_of(mask, T, mask.device)
        begin, lengths = self._cut(span, T)
        inside = torch.arange(self.window, device=mask.device) < lengths[..., None]  # [B,W,window]
        seen = at_frames(mask, self._frames(span, begin, T)) & inside[..., None]  # [B,W,window,N]
        return seen.any(2).transpose(1, 2)

    def hertz(self, fps: float, *, frames: int | None = None) -> tuple[float, ...]:
        """Return the frequency of each channel in Hz, in windows of `frames` (full ones)."""
        length = self.window if frames is None else frames
        return tuple(k * fps / (2 * length) for k in self.frequencies)

    def _cut(self, span: Span, length: int) -> tuple[Tensor, Tensor]:
        """Return where each window begins, counted from the clip's first frame, and its length."""
        slots = _slots(length, self.window)
        number = torch.arange(slots + 1, device=span.frames.device)
        parts, frames = _parts(span, self.window)[:, None], span.frames[:, None]
        edges = torch.minimum((number * frames + parts - 1) // parts, frames)  # [R,W+1]
        return edges[:, :-1], edges[:, 1:] - edges[:, :-1]

    def _frames(self, span: Span, begin: Tensor, length: int) -> Tensor:
        """Return the frame that each place of each window reads, `[R,W,window]`."""
        place = torch.arange(self.window, device=begin.device)
        frames = span.first[:, None, None] + begin[..., None] + place  # [R,W,window]
        return frames.clamp_max(length - 1)

    def _basis(self, lengths: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the cosines of windows of these `lengths [R,W]`: `[R,W,F,window]`."""
        exact = torch.float32 if lengths.device.type == "mps" else torch.float64
        place = torch.arange(self.window, device=lengths.device)
        k, own = self.kept[:, None], lengths[..., None, None]  # [F,1], [R,W,1,1]
        # Whole turns are taken off in whole numbers: the cosines are exact for any length.
        quarter = ((2 * place + 1) * k) % (4 * own.clamp_min(1))  # [R,W,F,window]
        wave = torch.cos(quarter.to(exact) * (math.pi / 2) / own.clamp_min(1))
        size = torch.sqrt(torch.where(k == 0, 1.0, 2.0).to(exact) / own.clamp_min(1))
        inside = (place < own) & (k < own)
        return torch.where(inside, size * wave, 0.0).to(dtype)

    def extra_repr(self) -> str:
        """Show the choices in the printed model."""
        return f"window={self.window}, frequencies={len(self.frequencies)}"


def _parts(span: Span, window: int) -> Tensor:
    return ((span.frames + window - 1) // window).clamp_min(1)  # [R]


def _chosen(frequencies: Sequence[int] | None, window: int) -> tuple[int, ...]:
    chosen = tuple(range(window) if frequencies is None else frequencies)
    if not chosen or len(set(chosen)) < len(chosen) or not set(chosen) <= set(range(window)):
        raise SkelfuseError(
            "frequencies has the wrong values",
            expected=f"different whole numbers from 0 to window - 1 = {window - 1}",
            found=repr(frequencies),
        )
    return chosen


def _slots(length: int, window: int) -> int:
    return (length + window - 1) // window
