"""A sequence as it is seen from each of its frames: nothing from beyond an end or a gap."""

from __future__ import annotations

import torch
from torch import Tensor


def held_frames(
    x: Tensor, mask: Tensor | None, first: int, last: int, *, time: int = 1
) -> list[Tensor]:
    """Return x as seen from each frame at the offsets `first..last`, each as large as x.

    Going away from the frame, what does not count repeats the last value that did. `x` must be
    zero where the mask, which has all of its axes, is False; seen from such a frame everything is
    zero. `time` is the axis of frames.

    >>> x = torch.tensor([[1.0, 2.0, 0.0, 4.0]])
    >>> mask = torch.tensor([[True, True, False, True]])
    >>> [seen.flatten().tolist() for seen in held_frames(x, mask, -1, 0)]
    [[1.0, 1.0, 0.0, 4.0], [1.0, 2.0, 0.0, 4.0]]
    """
    T = x.shape[time]
    before, after = [x], [x]
    # As wide as x, because a condition that has to be broadcast is several times slower.
    counts = None if mask is None else mask.expand_as(x).contiguous()
    for step in range(1, -first + 1):
        held, stays = before[-1], min(step, T)
        moved = x.narrow(time, 0, T - stays)
        if counts is not None:
            both = counts.narrow(time, 0, T - stays) & counts.narrow(time, stays, T - stays)
            moved = torch.where(both, moved, held.narrow(time, stays, T - stays))
        before.append(torch.cat([held.narrow(time, 0, stays), moved], dim=time))
    for step in range(1, last + 1):
        held, stays = after[-1], min(step, T)
        moved = x.narrow(time, stays, T - stays)
        if counts is not None:
            both = counts.narrow(time, stays, T - stays) & counts.narrow(time, 0, T - stays)
            moved = torch.where(both, moved, held.narrow(time, 0, T - stays))
        after.append(torch.cat([moved, held.narrow(time, T - stays, stays)], dim=time))
    return [*before[:0:-1], *after]
