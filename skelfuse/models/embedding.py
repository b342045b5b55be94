"""Motion kernels and joint embedding as the one filter that both are together.

What normalises the features between them is known before any feature is, so none is computed.

Time is the last axis here, `[R,·,N,T]`: neighbouring frames lie side by side in memory, and the
mixer takes it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from skelfuse.layers.held_frames import held_frames
from skelfuse.layers.normed_linear import NormedLinear
from skelfuse.models.feature_moments import Moments
from skelfuse.models.persons import Folded
from skelfuse.models.relations import Distances, Partner
from skelfuse.models.streams import MotionStreams


class JointFilter(NamedTuple):
    """What a joint becomes: `Σ_o weight[o] · signals[t + o] - usual · known + bias`."""

    weight: Tensor  # [S,C,K]
    usual: Tensor  # [C,K], what each signal usually adds
    bias: Tensor  # [C]
    first: int  # the offset of weight[0], in frames
    last: int  # that of the last one


def joint_filter(
    streams: MotionStreams,
    distances: Distances | None,
    embed: NormedLinear,
    moments: Moments,
    *,
    alone: bool,
) -> JointFilter:
    """Put the kernels' taps and an embedding together; features are normalised by their `moments`.

    `alone`: what the features tell of a partner is left out, for nobody else is there.
    """
    weight = embed.scaled(moments.variance)  # [C,S]
    added = weight * moments.mean  # by each feature, as a rule
    plain, streams_end = streams.plain_channels, streams.out_channels
    taps, usual = [], []  # of each stream [S,C,D] and [C,D]
    for i in range(2 if alone else len(streams.names)):
        own = slice(i * plain // len(streams.names), (i + 1) * plain // len(streams.names))
        taps.append(streams.taps_of(weight[:, own]))
        usual.append(torch.unflatten(added[:, own], 1, (-1, taps[-1].shape[2])).sum(dim=1))
    if distances is not None:
        taps.append(distances.taps_of(weight[:, streams_end:], alone=alone))  # [S,C,H]
        marks = torch.unflatten(added[:, streams_end:], 1, (distances.signal_count, -1))
        usual.append(marks.sum(dim=2)[:, : taps[-1].shape[2]])
    bias = embed.linear.bias + embed.weight @ embed.norm.bias
    bias = bias - added[:, plain:streams_end].sum(dim=1)  # features without kernels are known
    together = torch.cat(taps, dim=2)
    exact = torch.promote_types(together.dtype, torch.float32)
    kernels = streams.kernels
    reach = (0, 0) if kernels is None else (kernels.first, kernels.last)
    usual_of_all = torch.cat(usual, dim=1).to(exact)
    return JointFilter(together.to(exact), usual_of_all, bias.to(exact), *reach)


def at_all_times(
    seen: Tensor | None, partner: Partner | None
) -> tuple[Tensor | None, Partner | None]:
    """Return the masks with one frame, where in no clip anything comes or goes; else as they are.

    A joint that a sensor never finds costs nothing then. A compiled graph cannot look.

    >>> seen = torch.tensor([[[True, False], [True, False], [True, False]]])      # [R,T,N]
    >>> at_all_times(seen, None)[0].tolist()
    [[[True, False]]]
    """
    masks = [seen] if partner is None else [seen, partner.mask]
    given = [mask for mask in masks if mask is not None]
    if torch.compiler.is_compiling() or not all(bool((m == m[:, :1]).all()) for m in given):
        return seen, partner
    if partner is not None and partner.mask is not None:
        partner = Partner(partner.x, partner.mask[:, :1])
    return None if seen is None else seen[:, :1], partner


def signals_of(
    bodies: Folded,
    seen: Tensor | None,
    partner: Partner | None,
    streams: MotionStreams,
    distances: Distances | None,
) -> tuple[Tensor, Tensor | None]:
    """Return what the kernels see of each joint, `[R,K,N,T]`, and where each of it is known.

    That is None for everywhere, and has one frame where the masks have one.
    """
    found = streams.signals(bodies.x, seen, partner)
    if distances is not None:
        found.append(distances.signals(bodies.x, seen, partner))
    signals = torch.cat([signal for signal, _ in found], dim=1)
    given = [known for _, known in found if known is not None]
    if not given:
        return signals, None
    frames = given[0].shape[3]
    everywhere = torch.ones((), dtype=torch.bool, device=signals.device)
    known = [
        (everywhere if known is None else known).expand(*signal.shape[:3], frames)
        for signal, known in found
    ]
    return signals, torch.cat(known, dim=1)


def embedded_pairs(signals: Tensor, known: Tensor | None, filter: JointFilter) -> Tensor:
    """Return the mean of every two frames of what `embedded_joints` gives, `[R,C,N,T/2]`.

    For an even number of frames, where nothing comes or goes: half the work.
    """
    apart = F.pad(filter.weight, (0, 0, 0, 0, 1, 1))  # [S+2,C,K]
    taps = (apart[1:] + apart[:-1]) / 2  # [S+1,C,K], for the two frames at once
    kernel = taps.permute(1, 2, 0)[:, :, None]  # [C,K,1,S+1]
    with torch.autocast(signals.device.type, enabled=False):  # differences of near-equal numbers
        exact = signals.to(kernel.dtype)
        held = F.pad(exact, (-filter.first, filter.last, 0, 0), mode="replicate")
        if known is None:
            bias = filter.bias - filter.usual.sum(dim=1)
            return F.conv2d(held, kernel, bias, stride=(1, 2)).to(signals.dtype)
        usual = torch.einsum("ck,rknt->rcnt", filter.usual, known.to(kernel.dtype))
        moved = F.conv2d(held, kernel, filter.bias, stride=(1, 2))
        return (moved - usual).to(signals.dtype)


def held_signals(signals: Tensor, known: Tensor | None, streams: MotionStreams) -> list[Tensor]:
    """Return the signals `[R,K,N,T]` as seen from each frame, one for each tap of the kernels."""
    kernels = streams.kernels
    reach = (0, 0) if kernels is None else (kernels.first, kernels.last)
    exact = signals.to(torch.promote_types(signals.dtype, torch.float32))
    changing = None if known is None or known.shape[3] == 1 else known
    return held_frames(exact, changing, *reach, time=3)


def embedded_joints(held: Sequence[Tensor], known: Tensor | None, filter: JointFilter) -> Tensor:
    """Filter signals `[R,K,N,T]` as `held` around each frame, where `known`: `[R,C,N,T]`."""
    R, _, N, T = held[0].shape
    with torch.autocast(held[0].device.type, enabled=False):  # differences of near-equal numbers
        weights = filter.weight.to(held[0].dtype)
        if known is None:
            total = (filter.bias - filter.usual.sum(dim=1))[:, None].expand(R, -1, N * T)
        else:
            total = filter.bias[:, None] - filter.usual @ known.to(weights.dtype).flatten(2)
            total = torch.unflatten(total, 2, (N, -1)).expand(R, -1, N, T).flatten(2)
        for frames, weight in zip(held, weights, strict=True):
            total = torch.baddbmm(total, weight.expand(R, -1, -1), frames.flatten(2))
    return total.view(R, -1, N, T)


def embedded_extras(
    extras: list[Tensor], streams: MotionStreams, embed: NormedLinear, moments: Moments
) -> Tensor | float:
    """Return what features that no kernel makes add to the embedded joints, `[R,C,N,T]`."""
    if not extras:
        return 0.0
    weight = embed.scaled(moments.variance)
    own = weight[:, streams.plain_channels : streams.out_channels]
    return (torch.cat(extras, dim=-1) @ own.T).permute(0, 3, 2, 1)
