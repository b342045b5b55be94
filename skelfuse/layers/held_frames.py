"""A sequence as it is seen from each of its frames: nothing from beyond an end or a gap."""

from __future__ import annotations

import torch
from torch import Tensor


def held_frames(x: Tensor, mask: Tensor | None, first: int, last: int) -> list[Tensor]:
    """Return `x [B,T,...]` as seen from each frame at the offsets `first..last`, each as large.

    Going away from the frame, what does not count repeats the last value that did. `x` must be
    zero where the mask, which has all of its axes, is False; seen from such a frame everything is
    zero.

    >>> x = torch.tensor([[1.0, 2.0, 0.0, 4.0]])
    >>> mask = torch.tensor([[True, True, False, True]])
    >>> [seen.flatten().tolist() for seen in held_frames(x, mask, -1, 0)]
    [[1.0, 1.0, 0.0, 4.0], [1.0, 2.0, 0.0, 4.0]]
    """
    before, after = [x], [x]
    # As wide as x, because a condition that has to be broadcast is several times slower.
    counts = None if mask is None else mask.expand_as(x).contiguous()
    for step in range(1, max(-first, last) + 1):
        stays = min(step, x.shape[1])
        earlier, later = x[:, :-stays], x[:, stays:]
        if counts is not None:
            both = counts[:, :-stays] & counts[:, stays:]
            earlier = torch.where(both, earlier, before[-1][:, stays:])
            later = torch.where(both, later, after[-1][:, :-stays])
        before.append(torch.cat([before[-1][:, :stays], earlier], dim=1))
        after.append(torch.cat([later, after[-1][:, -stays:]], dim=1))
    return [*before[-first:0:-1], *after[: last + 1]]
