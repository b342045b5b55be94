"""Each clip's own stretch of a padded batch: from its first frame that counts to its last."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Span(NamedTuple):
    """Where each clip begins and how long it is: padding lies outside, gaps lie inside."""

    first: Tensor  # [R] the first frame in which any joint counts; R = B, or 1 for all alike
    frames: Tensor  # [R] from there to the last such frame; 0 where there is none


def span_of(mask: Tensor | None, length: int, device: torch.device) -> Span:
    """Return the span of every clip of `mask [B,T,N]`, of which T is `length`.

    >>> mask = torch.tensor([[False, True, False, True, False]])[..., None]
    >>> span_of(mask, 5, mask.device)
    Span(first=tensor([1]), frames=tensor([3]))
    """
    if mask is None:
        nothing = torch.zeros(1, dtype=torch.int64, device=device)
        return Span(nothing, nothing + length)
    seen = mask.any(2)  # [B,T]
    time = torch.arange(length, device=device)
    first = torch.where(seen, time, length - 1).amin(1)
    last = torch.where(seen, time, -1).amax(1)
    return Span(first, (last - first + 1).clamp_min(0))


def without_gaps(x: Tensor, mask: Tensor | None) -> Tensor:
    """Fill `x [B,T,N,C]` where `mask [B,T,N]` is False: straight lines between what was seen.

    Before a joint's first frame and after its last, these are held. `x` must be zero where the
    mask is False; a joint that was never seen stays zero.

    >>> x = torch.tensor([0.0, 1.0, 0.0, 0.0, 7.0, 0.0]).view(1, 6, 1, 1)
    >>> without_gaps(x, x[..., 0] > 0).flatten().tolist()
    [1.0, 1.0, 3.0, 5.0, 7.0, 7.0]
    """
    if mask is None:
        return x
    T = x.shape[1]
    time = torch.arange(T, device=x.device)[:, None]  # [T,1]
    before = torch.where(mask, time, -1).cummax(1).values  # [B,T,N]
    after = torch.where(mask, time, T).flip(1).cummin(1).values.flip(1)
    earlier = torch.where(before < 0, after, before).clamp_max(T - 1)
    later = torch.where(after == T, before, after).clamp_min(0)
    share = (time - earlier).to(x.dtype) / (later - earlier).clamp_min(1)
    body = torch.arange(x.shape[0], device=x.device)[:, None, None]
    joint = torch.arange(x.shape[2], device=x.device)
    start, end = x[body, earlier, joint], x[body, later, joint]  # [B,T,N,C] each
    return start + share[..., None] * (end - start)


def at_frames(x: Tensor, frames: Tensor) -> Tensor:
    """Return `x [B,T,...]` at the frames `[R,...]` of each clip, R = B or 1.

    >>> x = torch.tensor([5.0, 6.0, 7.0]).view(1, 3, 1, 1)
    >>> at_frames(x, torch.tensor([[2, 2, 0]])).flatten().tolist()
    [7.0, 7.0, 5.0]
    """
    clip = torch.arange(x.shape[0], device=x.device).view(-1, *(1,) * (frames.ndim - 1))
    return x[clip, frames]  # whole frames: far quicker than gather, above all backwards


def from_first_frame(x: Tensor, span: Span) -> Tensor:
    """Move each clip of `x [B,T,N,C]` to its first frame; what lies beyond its end becomes 0.

    >>> x = torch.arange(5.0).view(1, 5, 1, 1)
    >>> from_first_frame(x, Span(torch.tensor([2]), torch.tensor([2]))).flatten().tolist()
    [2.0, 3.0, 0.0, 0.0, 0.0]
    """
    T = x.shape[1]
    time = torch.arange(T, device=x.device)
    inside = (time < span.frames[:, None])[..., None, None]  # [R,T,1,1]
    frames = (time + span.first[:, None]).clamp_max(T - 1)  # [R,T]
    return torch.where(inside, at_frames(x, frames), 0.0)


def back_in_place(x: Tensor, span: Span, mask: Tensor) -> Tensor:
    """Move clips that begin at frame 0 to where `span` says; 0 where `mask [B,T,N]` is False."""
    time = torch.arange(mask.shape[1], device=x.device)
    frames = (time - span.first[:, None]).clamp_min(0)  # [R,T]
    return torch.where(mask[..., None], at_frames(x, frames), 0.0)
