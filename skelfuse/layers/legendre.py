"""Polynomials in time that are orthonormal on exactly the frames that a sequence has."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


def legendre_basis(mask: Tensor, order: int) -> Tensor:
    """Return the polynomials of degree 0..P on the True frames of `mask [R,T]`: `[R,P+1,T]`.

    They are the discrete Legendre (Gram) polynomials of each row's own frames, gaps included:
    zero outside them, mean square 1 on them, mutually orthogonal, highest coefficient positive.
    Hence reversing time flips the odd ones. A row of L frames has only degrees below L; the rest
    is zero. Computed in float64 where the device has it.

    >>> row = torch.tensor([[False, True, True, True, False]])
    >>> legendre_basis(row, order=3).round(decimals=3)[0] + 0.0
    tensor([[ 0.0000,  1.0000,  1.0000,  1.0000,  0.0000],
            [ 0.0000, -1.2250,  0.0000,  1.2250,  0.0000],
            [ 0.0000,  0.7070, -1.4140,  0.7070,  0.0000],
            [ 0.0000,  0.0000,  0.0000,  0.0000,  0.0000]], dtype=torch.float64)
    """
    exact = torch.float32 if mask.device.type == "mps" else torch.float64
    here = mask.to(exact)  # [R,T]
    frames = here.sum(-1, keepdim=True)  # [R,1]
    count = frames.clamp_min(1.0)
    time = torch.arange(mask.shape[-1], dtype=exact, device=mask.device)  # [T]
    # Centred on the row's own frames and of spread 1: padding cannot show, not even in rounding.
    centred = (time - (here * time).sum(-1, keepdim=True) / count) * here
    spread = (centred.square().sum(-1, keepdim=True) / count).sqrt()
    at = centred / torch.where(spread > 0, spread, 1.0)

    basis = [here]
    for degree in range(1, order + 1):
        # Stieltjes' procedure: one degree up by a factor of t, then off with what is known.
        # Taking off all earlier degrees, twice, is what keeps high orders on few frames exact.
        higher = at * basis[-1]
        for _ in range(2):
            for known in basis:
                share = (higher * known).sum(-1, keepdim=True) / count
                higher = higher - share * known
        size = (higher.square().sum(-1, keepdim=True) / count).sqrt()
        defined = (frames > degree) & (size > 0)
        basis.append(torch.where(defined, higher / torch.where(defined, size, 1.0), 0.0))
    return torch.stack(basis, dim=1)  # [R,P+1,T]


def full_basis(length: int, order: int, *, like: Tensor) -> Tensor:
    """Return the basis of a sequence without gaps, `[1,P+1,T]`; equal lengths are computed once.

    It has the type of numbers and the device of `like`.

    >>> full_basis(4, 1, like=torch.zeros(1))[0, 1]
    tensor([-1.3416, -0.4472,  0.4472,  1.3416])
    """
    traced = torch.compiler.is_compiling() or type(like) is not Tensor  # e.g. without values
    compute = _full_basis if traced else _remembered_basis
    return compute(length, order, like.dtype, like.device)


@lru_cache(maxsize=32)
def _remembered_basis(length: int, order: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    # What is made in inference mode could not be used in a later training step.
    with torch.inference_mode(False), torch.no_grad():
        return _full_basis(length, order, dtype, device)


def _full_basis(length: int, order: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    everywhere = torch.ones(1, length, dtype=torch.bool, device=device)
    return legendre_basis(everywhere, order).to(dtype)
