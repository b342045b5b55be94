"""Matrices of blocks: equal groups of inputs that reach their own group of outputs only."""

from __future__ import annotations

import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError


def assembled(blocks: Tensor) -> Tensor:
    """Put `blocks [G,Q,K,C]` into one matrix `[Q·G·K,G·C]`, 0 outside the blocks.

    Row (q, g, k) is row (q, k) of block g: the groups take turns, K rows at a time.

    >>> assembled(torch.tensor([[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]]))
    tensor([[1., 0.],
            [0., 3.],
            [2., 0.],
            [0., 4.]])
    """
    G, Q, K, C = blocks.shape
    if G == 1:
        return blocks.reshape(Q * K, C)
    apart = torch.eye(G, dtype=blocks.dtype, device=blocks.device)
    return torch.einsum("gqkc,gh->qgkhc", blocks, apart).reshape(Q * G * K, G * C)


def share_of(what: str, count: int, groups: int) -> int:
    """Return what each of the groups gets of `count`, all the same.

    >>> share_of("channels", 12, 4)
    3
    """
    if count % groups:
        raise SkelfuseError(
            f"{what} cannot be shared out evenly",
            expected=f"a multiple of {groups}, the number of groups",
            found=count,
        )
    return count // groups
