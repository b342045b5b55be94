"""A trained model as it is used: the same function, with everything linear done beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skelfuse.layers.frame_weighting import average_over_time
from skelfuse.layers.frieren import FrierenFuse
from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.statistics import motion_statistics
from skelfuse.layers.time_block import TimeBlock, TimeConv
from skelfuse.models.joint_networks import JointNetworks
from skelfuse.models.motion_features import MotionFeatures
from skelfuse.models.paths import Parts
from skelfuse.models.persons import Bodies, rejoin
from skelfuse.models.skelfuse import SkelFuse
from skelfuse.models.steps import only, seen_in_steps
from skelfuse.models.streams import Signals, Stream
from skelfuse.models.together import Together


@torch.no_grad()
def deployed(model: nn.Module) -> nn.Module:
    """Return a model for evaluation that gives the logits of `model` in fewer operations.

    Kernels, normalisation and embedding become one convolution, the blocks' normalisations are
    folded into theirs, FrierenFuse's directions and head and the classifiers are matrices. The
    weights are copies: later training of `model` changes nothing. A model that has no such form
    is returned as it is, in evaluation.

    >>> from skelfuse.layouts import KINECT_V2
    >>> model = SkelFuse(KINECT_V2, num_classes=60, size="nano").eval()
    >>> x = torch.randn(2, 64, 2, 25, 3)
    >>> torch.allclose(deployed(model)(x), model(x), atol=1e-5)
    True
    """
    model = model.eval()
    return DeployedSkelFuse(model) if isinstance(model, SkelFuse) else model


class DeployedSkelFuse(nn.Module):
    """SkelFuse with everything linear folded; see `deployed`."""

    def __init__(self, model: SkelFuse) -> None:
        super().__init__()
        self.fold, self.step = model.fold, model.step
        self.embed = _Embedding(model)
        self.act, self.filter, self.pool = model.act, model.filter, model.pool
        self.alone = _JointNetworks(model.alone)
        self.fuse = None if model.frieren is None else _Fuse(model.frieren)
        self.own = _Decision(
            model.own_norm, model.own_share * model.own_classifier.decision_weight()
        )
        self.register_buffer("bias", model.own_share * model.own_classifier.bias)
        self.together, self.spectrum = None, model.spectrum
        if model.together is not None:
            assert model.together_norm is not None
            assert model.together_classifier is not None
            self.together = _Whole(model.together)
            self.whole = _Decision(
                model.together_norm, model.share * model.together_classifier.decision_weight()
            )
            self.register_buffer("whole_bias", model.share * model.together_classifier.bias)

    bias: Tensor
    whole_bias: Tensor

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return logits `[B,classes]` of `x [B,T,M,N,D]`, seen where `mask [B,T,M,N]` is True."""
        own, together = self.by_path(x, mask)
        return own if self.together is None else own + together

    def by_path(self, x: Tensor, mask: Tensor | None = None) -> Parts:
        """Return what each path adds to the logits of `x`, as `SkelFuse.paths` does."""
        bodies = self.fold(x, mask)
        seen = seen_in_steps(bodies, self.step)
        h = only(self.act(self.embed(bodies)), seen.alive)  # [R,S,N,V·C]
        if self.filter is not None:
            h = h + self.filter(h, seen.joints)
        course = self.alone(h, seen.alive)  # [R,S,N,V·C]
        if self.fuse is not None:
            y = self.fuse(course, seen.joints)  # [R,N,V·C]
        else:
            y = (average_over_time if self.pool is None else self.pool)(course, seen.joints)
        own = self.own(rejoin(y, bodies.ever, bodies.persons), bodies.known()) + self.bias
        if self.together is None:
            return Parts(own, torch.zeros_like(own))
        whole = self.together(h, seen.frames)  # [R,J,V·W]
        if self.spectrum is not None:
            whole = whole + self.spectrum(bodies)[:, None]
        decided: Tensor = self.whole(rejoin(whole, bodies.present(), bodies.persons), None)
        return Parts(own, decided + self.whole_bias)


class _Embedding(nn.Module):
    """Streams to embedded joints: kernels, the mean of a step, norm and map as one convolution."""

    weight: Tensor
    usual: Tensor
    bias: Tensor

    def __init__(self, model: SkelFuse) -> None:
        super().__init__()
        told, embed = model.features_of, model.embed
        self.streams, self.step = told.streams, model.step
        scale, shift = embed.norm.scale_and_shift()
        found = _taps_of(told, model.step)  # of F features and K signals
        self.first, self.last = found.first, found.last
        kernel = torch.einsum("cf,fkl->ckl", embed.weight() * scale, found.taps.to(scale))
        self.register_buffer("weight", _channels_last(kernel[..., None]))  # [C,K,L,1]
        usual = (embed.weight() * shift) @ found.belongs.to(shift)
        self.register_buffer("usual", usual.T.contiguous())  # [K,C], of each signal that is known
        self.register_buffer("bias", embed.bias + embed.identity)  # [N,C]

    def forward(self, bodies: Bodies) -> Tensor:
        """Return `[R,S,N,C]`."""
        signals = [stream(bodies) for stream in self.streams.values()]
        values = torch.cat([one.values for one in signals], dim=3)  # [R,T,N,K]
        if all(one.known is None for one in signals):
            bias = self.bias + self.usual.sum(dim=0)  # [N,C]
        else:
            each = [_wide(one) for one in signals]
            known = torch.cat(each, dim=2)  # [R,N,K]
            values = values * known[:, None]
            bias = (self.bias + known @ self.usual)[:, None]  # [R,1,N,C]
        before = values[:, :1].expand(-1, -self.first, -1, -1)
        after = values[:, -1:].expand(-1, self.last, -1, -1)
        held = torch.cat([before, values, after], dim=1).permute(0, 3, 1, 2)  # [R,K,T+,N]
        moved = F.conv2d(held, self.weight, stride=(self.step, 1)).permute(0, 2, 3, 1)
        return moved + bias


def _wide(signals: Signals) -> Tensor:
    """Return whether each signal is known, `[R,N,S]` of ones and zeros."""
    shape = signals.values[:, 0].shape
    if signals.known is None:
        return signals.values.new_ones(()).expand(shape)
    return signals.known.to(signals.values.dtype).expand(shape)


class _Taps(NamedTuple):
    """What features are of the signals that they are made of."""

    taps: Tensor  # [F,K,L], the mean of a step taken in
    belongs: Tensor  # [F,K], whether a feature is made of a signal
    first: int  # offset of the first tap, in frames
    last: int  # frames after the last one of a step that are needed


def _taps_of(told: MotionFeatures, step: int) -> _Taps:
    kernels = [told.bank(name) for name in told.kernels]
    first = min((bank.first for bank in kernels), default=0)
    last = max((bank.last for bank in kernels), default=0)
    streams = {name: stream for name, stream in told.streams.items() if isinstance(stream, Stream)}
    F_all, K = len(told.names), sum(len(stream.names) for stream in streams.values())
    like = kernels[0].taps if kernels else torch.zeros(())
    plain = like.new_zeros(F_all, K, last - first + 1)
    belongs = torch.zeros(F_all, K, dtype=torch.bool, device=like.device)
    f = k = 0
    for name, stream in streams.items():
        S = len(stream.names)
        if name in told.kernels:
            bank = told.bank(name)
            response = bank.responses()[0]  # [L',Q,D], x itself first
            window = slice(bank.first - first, bank.last - first + 1)
        else:
            response = like.new_ones(1, 1, 1)
            window = slice(-first, -first + 1)
        Q = response.shape[1]
        for q in range(Q):
            for signal in range(S):
                axis = min(signal, response.shape[2] - 1)
                plain[f + q * S + signal, k + signal, window] = response[:, q, axis]
                belongs[f + q * S + signal, k + signal] = True
        f, k = f + Q * S, k + S
    taps = like.new_zeros(F_all, K, plain.shape[2] + step - 1)
    for i in range(step):
        taps[:, :, i : i + plain.shape[2]] += plain / step
    return _Taps(taps, belongs, first, last)


def _blocks(blocks: nn.ModuleList) -> Iterator[_Block]:
    for block in blocks:
        assert isinstance(block, TimeBlock)
        yield _Block(block)


class _Block(nn.Module):
    """A `TimeBlock` of two convolutions without normalisations."""

    def __init__(self, block: TimeBlock) -> None:
        super().__init__()
        self.across = _folded(block.across, block.norm)
        self.act = block.act
        scale, shift = block.norm_after.scale_and_shift()
        weight = _dense(block.back.weight[:, :, 0, 0], block.back.groups) * scale[:, None]
        self.register_buffer("back", weight)  # [C,C]
        self.register_buffer("shift", shift.clone())

    back: Tensor
    shift: Tensor

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return `x [R,S,N,C]` with what the block makes of it added."""
        inner = F.linear(self.act(self.across(x)), self.back, self.shift)
        return x + inner if seen is None else x + inner * seen


class _JointNetworks(nn.Module):
    """Each joint's network: two products a block, joints side by side."""

    def __init__(self, networks: JointNetworks) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            _JointBlock(block, networks.joints)
            for block in networks.blocks
            if isinstance(block, TimeBlock)
        )

    def forward(self, h: Tensor, alive: Tensor | None = None) -> Tensor:
        """Return what the networks make of `h [R,S,N,C]`."""
        x = h.permute(2, 0, 1, 3).contiguous()  # [N,R,S,C]
        if alive is not None:
            alive = alive.permute(2, 0, 1, 3)
        for block in self.blocks:
            x = x + only(block(x), alive)
        return x.permute(1, 2, 0, 3)


class _JointBlock(nn.Module):
    across: Tensor
    across_shift: Tensor
    back: Tensor
    back_shift: Tensor

    def __init__(self, block: TimeBlock, joints: int) -> None:
        super().__init__()
        self.act, self.taps = block.act, block.across.kernel_size[0]
        self.dilation = block.across.dilation[0]
        for name, conv, norm in (
            ("across", block.across, block.norm),
            ("back", block.back, block.norm_after),
        ):
            scale, shift = norm.scale_and_shift()
            each = torch.unflatten(conv.weight[..., 0] * scale[:, None, None], 0, (joints, -1))
            weight = torch.stack(  # of each joint [taps·C,C]
                [
                    torch.cat(
                        [_dense(w[..., i], conv.groups // joints).T for i in range(w.shape[2])]
                    )
                    for w in each
                ]
            )
            self.register_buffer(name, weight)
            self.register_buffer(
                f"{name}_shift", torch.unflatten(shift, 0, (joints, 1, -1)).clone()
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return what is added to joints `x [N,R,S,C]`."""
        N, R, S, C = x.shape
        reach = self.dilation * (self.taps - 1) // 2
        wide = F.pad(x, (0, 0, reach, reach))
        seen = torch.cat(
            [wide[:, :, i * self.dilation :][:, :, :S] for i in range(self.taps)], dim=3
        )  # [N,R,S,taps·C]
        inner = torch.baddbmm(self.across_shift, seen.view(N, R * S, -1), self.across)
        return torch.baddbmm(self.back_shift, self.act(inner), self.back).view(N, R, S, C)


def _dense(weight: Tensor, groups: int) -> Tensor:
    """Return the weight `[C,C']` of which `weight [C,C'/groups]` are the blocks: one product."""
    blocks = torch.unflatten(weight, 0, (groups, -1))  # [G,C/G,C'/G]
    dense: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    return dense


def _folded(conv: TimeConv, norm: KnownNorm) -> TimeConv:
    """Return a convolution that normalises what it gives."""
    scale, shift = norm.scale_and_shift()
    whole = TimeConv(
        conv.in_channels,
        conv.out_channels,
        taps=conv.kernel_size[0],
        dilation=conv.dilation[0],
        groups=conv.groups,
        bias=True,
    ).to(conv.weight)
    whole.weight.copy_(conv.weight * scale[:, None, None, None])
    assert whole.bias is not None
    whole.bias.copy_(shift)
    return whole.requires_grad_(requires_grad=False)


class _Fuse(nn.Module):
    """FrierenFuse without its residual, its directions and its head as they are."""

    directions: Tensor
    head: Tensor

    def __init__(self, frieren: FrierenFuse) -> None:
        super().__init__()
        self.register_buffer("directions", frieren.directions().clone())  # [C,K]
        self.register_buffer("head", frieren.weight().clone())  # [F,C]
        self.bound = frieren.bound
        self.scales, self.order = frieren.scales, frieren.poly_order
        self.windows = frieren.windows

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Sum up `x [R,S,N,C]` over the steps where `mask [R,S,N]` is True: `[R,N,C]`."""
        x = x if mask is None else x * mask[..., None].to(x.dtype)
        features = motion_statistics(
            self.bound(x @ self.directions, mask),
            mask,
            scales=self.scales,
            order=self.order,
            windows=self.windows,
        )  # [R,N,F]
        return features @ self.head


class _Whole(nn.Module):
    """The together path without normalisations."""

    gather: Tensor
    bias: Tensor

    def __init__(self, together: Together) -> None:
        super().__init__()
        scale, shift = together.norm.scale_and_shift()
        weight, V = together.gather.weight, together.gather.voters  # [V,N·C,W]
        apart = torch.unflatten(weight, 1, (-1, together.gather.channels))  # [V,N,C,W]
        eye = torch.eye(V).to(weight)
        dense = torch.einsum("vncw,vu->nvcuw", apart, eye).flatten(3).flatten(0, 2)  # [N·V·C,V·W]
        self.act, self.pool = together.act, together.pool
        self.register_buffer("gather", (dense * scale).T.contiguous())
        self.register_buffer("bias", shift.clone())
        self.blocks = nn.ModuleList(_blocks(together.blocks))
        self.fuse = None if together.frieren is None else _Fuse(together.frieren)

    def forward(self, h: Tensor, frames: Tensor | None = None) -> Tensor:
        """Sum up joints `h [R,S,N,V·C]` over the steps that count, `frames [R,S]`; None: all."""
        inside = None if frames is None else frames[:, :, None, None].to(h.dtype)
        body = F.linear(h.flatten(2), self.gather, self.bias)[:, :, None]  # [R,S,1,V·W]
        body = only(self.act(body), inside)
        for block in self.blocks:
            body = block(body, inside)
        counts = None if frames is None else frames[:, :, None]
        mean = average_over_time(body, counts) if self.pool is None else self.pool(body, counts)
        return mean if self.fuse is None else torch.cat([self.fuse(body, counts), mean], dim=1)


class _Decision(nn.Module):
    """A normalisation and the classifier after it as one map; bias apart."""

    weight: Tensor
    usual: Tensor

    def __init__(self, norm: KnownNorm, weight: Tensor) -> None:
        super().__init__()
        scale, shift = norm.scale_and_shift()
        self.register_buffer("weight", (weight * scale).T.contiguous())  # [F,classes]
        self.register_buffer("usual", (weight * shift).T.contiguous())  # [F,classes]

    def forward(self, evidence: Tensor, known: Tensor | None) -> Tensor:
        """Return what evidence `[B,2,N,C]` adds to the logits, `known [B,N]`; None: all of it."""
        decided = evidence.flatten(1) @ self.weight
        if known is None:
            return decided + self.usual.sum(dim=0)
        usual = torch.unflatten(self.usual, 0, evidence.shape[1:]).sum(dim=(0, 2))  # [N,classes]
        return decided + known.to(usual.dtype) @ usual


def _channels_last(weight: Tensor) -> Tensor:
    return weight.contiguous(memory_format=torch.channels_last)
