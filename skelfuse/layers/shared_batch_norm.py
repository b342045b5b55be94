"""Batch normalisation over the clips of all processes, on the CPU as on GPUs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def share_batch_norms(
    model: nn.Module, shared: Callable[[_BatchNorm], nn.Module] | None = None
) -> nn.Module:
    """Return the model with every `nn.BatchNorm1d` and `2d` replaced by one over all processes.

    `shared` makes that one; without it, it is a `SharedBatchNorm`, for torch's own SyncBatchNorm
    works on GPUs alone. Weights, names and values stay. Other normalisations are left alone: a
    `KnownNorm` talks to the other processes by itself.

    >>> model = share_batch_norms(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))
    >>> type(model[1]).__name__, sorted(model[1].state_dict())[:2]
    ('SharedBatchNorm', ['bias', 'num_batches_tracked'])
    """
    shared = SharedBatchNorm.of if shared is None else shared
    for name, child in model.named_children():
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            setattr(model, name, shared(child))
        else:
            share_batch_norms(child, shared)
    return model


class SharedBatchNorm(_BatchNorm):
    """Normalise `x [B,C,...]` by mean and variance over B and all later axes of all processes.

    Alone it is what nn.BatchNorm1d and nn.BatchNorm2d are:

    >>> x = torch.randn(8, 3)
    >>> torch.testing.assert_close(SharedBatchNorm(3)(x), nn.BatchNorm1d(3)(x))
    """

    @staticmethod
    def of(norm: _BatchNorm) -> SharedBatchNorm:
        """Return one with another normalisation's weights, not copies of them."""
        shared = SharedBatchNorm(
            norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats
        )
        shared._parameters, shared._buffers = norm._parameters, norm._buffers
        shared.training = norm.training
        return shared

    def _check_input_dim(self, input: Tensor) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        """Return the normalised input, of the same shape."""
        if not self.training or self.running_mean is None or self.running_var is None:
            return super().forward(input)
        C = input.shape[1]
        rows = input.transpose(0, 1).reshape(C, -1)  # [C,R]
        counted = torch.tensor([float(rows.shape[1])])
        mean, count = summed(rows.sum(dim=1), counted)
        mean = mean / count  # [C]
        # The squares are summed about the mean of all: differences of large sums lose digits.
        (square,) = summed((rows - mean[:, None]).square().sum(dim=1))
        variance = square / count
        follow(self, mean.detach(), (square / (count - 1).clamp_min(1)).detach())
        shape = (1, C, *(1 for _ in input.shape[2:]))
        normal = (input - mean.view(shape)) * (variance + self.eps).rsqrt().view(shape)
        if self.weight is None:
            return normal
        return normal * self.weight.view(shape) + self.bias.view(shape)


@torch.no_grad()
def follow(norm: _BatchNorm, mean: Tensor, variance: Tensor, known: Tensor | None = None) -> None:
    """Move a normalisation's running mean and variance `[C]` towards those of one batch.

    Where `known [C]` is False the batch had nothing of a channel, and what is kept of it stays.
    """
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    momentum = norm.momentum
    if momentum is None:  # a plain average over all batches so far
        momentum = 1 / float(norm.num_batches_tracked)
    if known is not None:
        mean = torch.where(known, mean, norm.running_mean)
        variance = torch.where(known, variance, norm.running_var)
    norm.running_mean.lerp_(mean, momentum)
    norm.running_var.lerp_(variance, momentum)


class _Sum(torch.autograd.Function):
    """A sum over processes; each gets the gradient that all of them have for it."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


def summed(*values: Tensor) -> tuple[Tensor, ...]:
    """Return each value's sum over all processes; alone, the values."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return values
    together = torch.cat([value.flatten() for value in values])
    total: Tensor = _Sum.apply(together)  # type: ignore[no-untyped-call]
    return torch.split(total, [value.numel() for value in values])
