"""Batch normalisation over the clips of all processes, on the CPU as on GPUs."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def share_batch_norms(model: nn.Module) -> nn.Module:
    """Return the model with every batch normalisation replaced by one over all processes.

    torch's own SyncBatchNorm does that on GPUs alone. Weights, names and values stay.

    >>> model = share_batch_norms(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))
    >>> type(model[1]).__name__, sorted(model[1].state_dict())[:2]
    ('SharedBatchNorm', ['bias', 'num_batches_tracked'])
    """
    for name, child in model.named_children():
        if isinstance(child, _BatchNorm):
            setattr(model, name, SharedBatchNorm.of(child))
        else:
            share_batch_norms(child)
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
        mean, count = _sums(rows.sum(dim=1), counted)
        mean = mean / count  # [C]
        # The squares are summed about the mean of all: differences of large sums lose digits.
        (square,) = _sums((rows - mean[:, None]).square().sum(dim=1))
        variance = square / count
        self._follow(mean.detach(), (square / (count - 1).clamp_min(1)).detach())
        shape = (1, C, *(1 for _ in input.shape[2:]))
        normal = (input - mean.view(shape)) * (variance + self.eps).rsqrt().view(shape)
        if self.weight is None:
            return normal
        return normal * self.weight.view(shape) + self.bias.view(shape)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        momentum = self.momentum
        if momentum is None:  # a plain average over all batches so far
            momentum = 1 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)


class RunningStatistics:
    """Let batch normalisations forget at once the numbers that they start with.

    Their running mean and variance begin at 0 and 1, and after 20 steps an eighth of that is
    still there: much, where features vary by a hundredth. So the first steps are averaged
    plainly, until the norms' own momentum is reached.

    >>> norm = nn.BatchNorm1d(1)
    >>> statistics = RunningStatistics(norm)
    >>> for step, value in enumerate((4.0, 6.0)):
    ...     statistics.at(step)
    ...     _ = norm(torch.tensor([[value - 1], [value + 1]]))
    >>> norm.running_mean.item(), norm.running_var.item()
    (5.0, 2.0)
    """

    def __init__(self, model: nn.Module) -> None:
        norms = [part for part in model.modules() if isinstance(part, _BatchNorm)]
        self.norms = [(norm, norm.momentum) for norm in norms if norm.momentum is not None]

    def at(self, step: int) -> None:
        """Prepare for a step counted from 0."""
        for norm, momentum in self.norms:
            norm.momentum = max(momentum, 1 / (step + 1))


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


def _sums(*values: Tensor) -> tuple[Tensor, ...]:
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return values
    together = torch.cat([value.flatten() for value in values])
    total: Tensor = _Sum.apply(together)  # type: ignore[no-untyped-call]
    return torch.split(total, [value.numel() for value in values])
