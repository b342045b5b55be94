"""Batch normalisation over what is known; what is not known becomes the average, which is 0."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm


class KnownNorm(_BatchNorm):
    """Normalise `x [...,C]` by the mean and variance of each channel over all leading axes.

    With `known`, True or False of `[...,C]` or `[...,1]` or any shape that broadcasts to x, only
    what is known counts, and the rest of the result is 0: the average of a channel. Without it
    this is `nn.BatchNorm1d`. Processes that train together share their clips' mean and variance.

    >>> norm = KnownNorm(1, momentum=1.0)
    >>> x = torch.tensor([[1.0], [3.0], [100.0]])           # [...,C]
    >>> norm(x, torch.tensor([[True], [True], [False]])).round().flatten().tolist()
    [-1.0, 1.0, 0.0]
    >>> norm.running_mean.tolist()
    [2.0]
    """

    def _check_input_dim(self, input: Tensor) -> None:
        pass  # any number of axes

    def forward(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        """Return the normalised `x [...,C]`, 0 where it is not `known`."""
        if not self.training:
            scale, shift = self.scale_and_shift()
            normal = torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype))
            return normal if known is None else normal * known.to(x.dtype)
        if known is None and _alone():
            return super().forward(x.reshape(-1, self.num_features)).view_as(x)
        return self._over_known(x, known)

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Return the one product and sum `[C]` that evaluation is."""
        assert self.running_mean is not None
        assert self.running_var is not None
        scale = torch.rsqrt(self.running_var + self.eps)
        if self.weight is not None:
            scale = self.weight * scale
        shift = -self.running_mean * scale
        return scale, shift if self.bias is None else self.bias + shift

    def _over_known(self, given: Tensor, known: Tensor | None) -> Tensor:
        with torch.autocast(given.device.type, enabled=False):  # long sums need float32
            x = given.to(torch.promote_types(given.dtype, torch.float32))
            if known is None:
                weight = x.new_ones((1,) * x.ndim)
            else:
                weight = known.to(x.dtype)[(None,) * (x.ndim - known.ndim)]
            normal, mean, variance, count = _Normalised.apply(  # type: ignore[no-untyped-call]
                x, weight, self.weight, self.bias, self.eps
            )
            unbiased = variance * count / (count - 1).clamp_min(1)
            follow(self, mean, unbiased, count > 0)
        result: Tensor = normal.to(given.dtype)
        return result


@torch.no_grad()
def follow(norm: _BatchNorm, mean: Tensor, variance: Tensor, known: Tensor) -> None:
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
    norm.running_mean.lerp_(torch.where(known, mean, norm.running_mean), momentum)
    norm.running_var.lerp_(torch.where(known, variance, norm.running_var), momentum)


def _alone() -> bool:
    return not dist.is_initialized() or dist.get_world_size() == 1


class _Normalised(torch.autograd.Function):
    """Batch normalisation of what is known, its gradient in closed form.

    By autograd's own rules the same takes twice the time.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, known: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
    ) -> tuple[Tensor, ...]:
        """Return the normalised `x [...,C]`, and mean, variance and count of each channel."""
        axes = tuple(range(x.ndim - 1))
        times = x[..., 0].numel() / known[..., 0].numel()  # each value of `known` counts in x
        counted = times * known.sum(axes).expand(x.shape[-1])  # [C]
        known_x = x * known
        total, count = _summed(known_x.sum(axes), counted)
        mean = total / count.clamp_min(1)
        # The squares are summed about the mean of all: differences of large sums lose digits.
        apart = known_x.addcmul_(known, mean, value=-1)
        (square,) = _summed(torch.linalg.vector_norm(apart, dim=axes).square())
        variance = square / count.clamp_min(1)
        scale = torch.rsqrt(variance + eps)
        ctx.save_for_backward(apart, known, weight, scale, count)
        ctx.mark_non_differentiable(mean, variance, count)
        if weight is None or bias is None:
            return apart * scale, mean, variance, count
        return torch.addcmul(bias * known, apart, weight * scale), mean, variance, count

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, weight and bias: through value, mean and deviation."""
        apart, known, weight, scale, count = ctx.saved_tensors
        axes = tuple(range(apart.ndim - 1))
        own = gradient * known
        of_bias, of_weight = own.sum(axes), (own * apart).sum(axes) * scale
        along, across = _summed(of_bias, of_weight)
        each = count.clamp_min(1)
        own.addcmul_(known, along / each, value=-1).addcmul_(apart, scale * across / each, value=-1)
        if weight is None:
            return own.mul_(scale), None, None, None, None
        return own.mul_(weight * scale), None, of_weight, of_bias, None


def _summed(*values: Tensor) -> tuple[Tensor, ...]:
    """Return each value's sum over all processes; alone, the values."""
    if _alone():
        return values
    total = torch.cat([value.flatten() for value in values])
    dist.all_reduce(total)
    return torch.split(total, [value.numel() for value in values])
