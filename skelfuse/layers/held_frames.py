"""A sequence as it is seen from each of its frames: nothing from beyond an end or a gap."""

from __future__ import annotations

import torch
from torch import Tensor


def held_frames(x: Tensor, mask: Tensor | None, first: int, last: int) -> list[Tensor]:
    """Return x as seen from each frame at the offsets `first..last`, each `[B,T,N,D]`.

    Going away from the frame, what does not count repeats the last value that did. `x` must be
    zero where the mask is False; seen from such a frame everything is zero.

    >>> x = torch.tensor([1.0, 2.0, 0.0, 4.0]).reshape(1, 4, 1, 1)
    >>> mask = torch.tensor([True, True, False, True]).reshape(1, 4, 1)
    >>> [seen.flatten().tolist() for seen in held_frames(x, mask, -1, 0)]
    [[1.0, 1.0, 0.0, 4.0], [1.0, 2.0, 0.0, 4.0]]
    """
    before, after = [x], [x]
    # As wide as x, because a condition that has to be broadcast is several times slower.
    counts = None if mask is None else mask[..., None].expand_as(x).contiguous()
    for step in range(1, -first + 1):
        held, moved = before[-1], x[:, :-step]
        if counts is not None:
            moved = torch.where(counts[:, :-step] & counts[:, step:], moved, held[:, step:])
        before.append(torch.cat([held[:, :step], moved], dim=1))
    for step in range(1, last + 1):
        held, moved = after[-1], x[:, step:]
        if counts is not None:
            moved = torch.where(counts[:, step:] & counts[:, :-step], moved, held[:, :-step])
        after.append(torch.cat([moved, held[:, -step:]], dim=1))
    return [*before[:0:-1], *after]
