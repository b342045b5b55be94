"""The joints of a batch, put in the order that a model knows."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from skelfuse.batches.sent import indices_on


def in_order(of_joints: Tensor, order: Sequence[int]) -> Tensor:
    """Return `x [B,T,M,N,D]` or a mask `[B,T,M,N]` with joint `order[i]` in the place of joint i.

    >>> import torch
    >>> in_order(torch.arange(3.0).view(1, 1, 1, 3), [2, 0, 1]).flatten()
    tensor([2., 0., 1.])
    """
    if list(order) == sorted(order):
        return of_joints
    return of_joints.index_select(3, indices_on(of_joints.device, tuple(order)))
