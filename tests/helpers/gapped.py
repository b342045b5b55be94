"""Clips with gaps, to hold layers to what they promise."""

from __future__ import annotations

import torch
from torch import Tensor


def gapped(B: int, T: int, N: int, C: int) -> tuple[Tensor, Tensor]:
    """Irregular gaps, sometimes everything, sometimes nothing; NaN wherever it does not count."""
    x, mask = torch.randn(B, T, N, C), torch.rand(B, T, N) < 1.2 * torch.rand(B, 1, N)
    return torch.where(mask[..., None], x, torch.nan), mask


def padded(x: Tensor, mask: Tensor, before: int, after: int) -> tuple[Tensor, Tensor]:
    B, T, N, C = x.shape
    wide = torch.full((B, before + T + after, N, C), torch.nan, dtype=x.dtype)
    counts = torch.zeros(B, before + T + after, N, dtype=torch.bool)
    wide[:, before : before + T], counts[:, before : before + T] = x, mask
    return wide, counts
