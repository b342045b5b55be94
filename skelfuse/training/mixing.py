"""New clips made of two: blended throughout, or one for a while in the middle of the other."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from skelfuse.batches.sent import sent


class Mixed(NamedTuple):
    """Clips of which each may be mixed of two; `share` is how much of it is of class `label`."""

    x: Tensor  # [B,T,M,N,D]
    mask: Tensor  # [B,T,M,N]
    label: Tensor  # [B]
    other: Tensor | None = None  # [B]
    share: Tensor | None = None  # [B]


def mixed(
    x: Tensor,
    mask: Tensor,
    label: Tensor,
    *,
    how: Literal["none", "mixup", "cutmix"],
    alpha: float,
) -> Mixed:
    """Mix each clip with another of its batch; shares are drawn from Beta(alpha, alpha).

    "mixup" averages two clips; where one of them saw a joint alone, it stands as it is. "cutmix"
    replaces a run of frames by the other clip's, and the classes' shares follow its length.

    >>> x = torch.arange(2.0).view(2, 1, 1, 1, 1).expand(2, 10, 1, 1, 1)
    >>> seen = torch.ones(2, 10, 1, 1, dtype=torch.bool)
    >>> two = mixed(x, seen, torch.tensor([0, 1]), how="cutmix", alpha=1.0)
    >>> [len(set(clip.tolist())) <= 2 for clip in two.x.flatten(1)]
    [True, True]
    """
    if how == "none" or len(label) < 2:
        return Mixed(x, mask, label)
    B, T = x.shape[:2]
    # Drawn on the CPU: the same numbers whatever device does the sums.
    share = torch.distributions.Beta(alpha, alpha).sample((B,))
    share = torch.maximum(share, 1 - share)
    partner = sent(torch.randperm(B), x.device)
    x2, mask2 = x[partner], mask[partner]
    if how == "mixup":
        share = sent(share, x.device)
        lam = share.to(x.dtype).view(B, 1, 1, 1, 1)
        both = (mask & mask2)[..., None]
        alone = torch.where(mask[..., None], x, x2)
        blended = torch.where(both, lam * x + (1 - lam) * x2, alone)
        return Mixed(blended, mask | mask2, label, label[partner], share)
    length = ((1 - share) * T).round()  # [B] frames of the other clip
    start = (torch.rand(B) * (T - length + 1)).floor()
    frame = torch.arange(T)
    inside = (frame >= start[:, None]) & (frame < (start + length)[:, None])  # [B,T]
    inside = sent(inside, x.device)
    own, other = (~inside & _shown(mask)).sum(dim=1), (inside & _shown(mask2)).sum(dim=1)  # [B]
    inside = inside[:, :, None, None]
    return Mixed(
        torch.where(inside[..., None], x2, x),
        torch.where(inside, mask2, mask),
        label,
        label[partner],
        own / (own + other).clamp_min(1),
    )


def _shown(mask: Tensor) -> Tensor:
    """Return the frames in which anybody was seen, `[B,T]`: a clip may be over before T."""
    return mask.flatten(2).any(dim=2)
