"""How large a batch's features are on average and how they vary, without computing them.

A feature is a weighted sum of a signal at a few frames, so its mean and variance follow from those
of the signals, of which there are few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from skelfuse.layers.shared_batch_norm import SharedBatchNorm, follow, summed
from skelfuse.models.relations import Distances
from skelfuse.models.streams import MotionStreams

Summed = Callable[..., tuple[Tensor, ...]]


class Moments(NamedTuple):
    """Mean and variance of every feature over the places where it is known."""

    mean: Tensor  # [F]
    variance: Tensor  # [F]


class _Counted(NamedTuple):
    mean: Tensor  # [F]
    variance: Tensor  # [F]
    places: Tensor  # [F], how many

    def filled(self, features: int) -> _Counted:
        """Return the moments of so many features; what nothing was found of is 0."""
        return _Counted(*(F.pad(part, (0, features - len(part))) for part in self))


class _SignalMoments(NamedTuple):
    """Moments of signals, and of the steps from each frame to those around it that kernels see.

    Kernels that tell motion weigh neighbouring frames against each other. Written in steps nothing
    large cancels.
    """

    mean: Tensor  # [K,S], first of the signal, then of its steps
    covariance: Tensor  # [K,S,S]
    places: Tensor  # [K], where a signal is known, how many

    def of_features(self, responses: Tensor, first: int) -> _Counted:
        """Return the moments of all `responses [S,Q,D]` to `K = J·D` signals, `F = J·Q·D`.

        A response weighs the frames at the offsets from `first` on.
        """
        responses = responses.to(self.mean.dtype)
        steps = responses[:-first], responses[1 - first :]
        weights = torch.cat([responses.sum(dim=0, keepdim=True), *steps])  # [S,Q,D]
        own = [torch.unflatten(part, 0, (-1, weights.shape[2])) for part in self]  # [J,D,...]
        mean = torch.einsum("sqd,jds->jqd", weights, own[0])
        variance = torch.einsum("sqd,uqd,jdsu->jqd", weights, weights, own[1]).clamp_min(0)
        places = own[2][:, None].expand_as(mean)
        return _Counted(mean.flatten(), variance.flatten(), places.flatten())


def running_moments(norm: _BatchNorm) -> Moments:
    """Return what a normalisation has kept of its training."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return Moments(norm.running_mean, norm.running_var)


def batch_moments(
    held: Sequence[Tensor],
    known: Tensor | None,
    extras: Sequence[Tensor],
    seen: Tensor | None,
    streams: MotionStreams,
    distances: Distances | None,
    norm: _BatchNorm,
    *,
    alone: bool,
) -> Moments:
    """Return the moments of a batch's features; what `norm` keeps moves towards them.

    - `held`: the signals `[R,K,N,T]` as seen from each frame, one for each tap of the kernels;
    - `known`: where they are known, as large, or with one frame for all; None: everywhere;
    - `extras`: features that no kernel makes, `[R,T,N,·]`, known where `seen [R,T,N]`.

    `alone` says that the signals tell of no partner. A norm that processes share has the moments
    of all their clips; all of them must then be alone or none, as batches of one sampling are.
    """
    together = summed if isinstance(norm, SharedBatchNorm | nn.SyncBatchNorm) else _alone
    first = 0 if streams.kernels is None else streams.kernels.first
    with torch.autocast(held[0].device.type, enabled=False):
        signals = _signal_moments(held, known, first, together)
        moving = streams.signal_count(alone=alone)
        of_streams = _SignalMoments(*(part[:moving] for part in signals))
        found = [of_streams.of_features(streams.responses(), first).filled(streams.plain_channels)]
        if extras:
            found.append(_extra_moments(torch.cat(list(extras), dim=-1), seen, together))
        if distances is not None:
            of_marks = _SignalMoments(*(part[moving:] for part in signals))
            of_distances = of_marks.of_features(distances.responses(), first)
            found.append(of_distances.filled(distances.out_channels))
        mean, variance, places = (torch.cat(parts) for parts in zip(*found, strict=True))
        unbiased = variance * places / (places - 1).clamp_min(1)
        follow(norm, mean.detach(), unbiased.detach(), places > 0)
    return Moments(mean, variance)


def _signal_moments(
    held: Sequence[Tensor], known: Tensor | None, first: int, together: Summed
) -> _SignalMoments:
    signal = held[-first]
    R, K, N, T = signal.shape
    if known is None:
        here = signal.new_full((K,), R * N * T)
    else:
        here = known.sum(dim=(0, 2, 3)) * (T // known.shape[3])
    total, places = together(signal.sum(dim=(0, 2, 3)), here.to(signal.dtype))
    counted = places.clamp_min(1)
    usual = total / counted  # [K]
    apart = signal - usual[:, None, None]
    if known is not None:
        apart = torch.where(known, apart, 0.0)
    steps = [frames - signal for frames in (*held[:-first], *held[1 - first :])]
    values = torch.stack([apart, *steps], dim=2).flatten(3)  # [R,K,S,N·T]
    sums, products = together(values.sum(dim=(0, 3)), (values @ values.transpose(2, 3)).sum(dim=0))
    S = len(held)
    mean = sums.view(K, S) / counted[:, None]
    square = products.view(K, S, S) / counted[:, None, None]
    covariance = square - mean[:, :, None] * mean[:, None]
    return _SignalMoments(mean + F.pad(usual[:, None], (0, S - 1)), covariance, places)


def _extra_moments(extras: Tensor, seen: Tensor | None, together: Summed) -> _Counted:
    rows = extras.flatten(0, 2)  # [P,X]
    there = rows.new_ones(len(rows), 1) if seen is None else seen.flatten()[:, None].to(rows.dtype)
    total, places = together((rows * there).sum(dim=0), there.sum(dim=0))
    mean = total / places.clamp_min(1)
    (square,) = together(((rows - mean) * there).square().sum(dim=0))
    return _Counted(mean, square / places.clamp_min(1), places.expand_as(mean))


def _alone(*values: Tensor) -> tuple[Tensor, ...]:
    return values
