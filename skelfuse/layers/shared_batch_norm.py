"""Batch normalisation over the clips of all processes, on the CPU as on GPUs."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from skelfuse.layers.known_norm import KnownNorm


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


class SharedBatchNorm(KnownNorm):
    """Normalise `x [B,C,...]` by mean and variance over B and all later axes of all processes.

    Alone it is what nn.BatchNorm1d and nn.BatchNorm2d are:

    >>> import torch
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

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Return the normalised x, of the same shape."""
        if self.running_mean is None:  # by its own clips, as torch has it
            return _BatchNorm.forward(self, x)
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
