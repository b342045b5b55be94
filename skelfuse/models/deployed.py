"""A trained model as it is used: the same function, with everything linear done beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skelfuse.layers.frame_weighting import average_over_time
from skelfuse.layers.frieren import FrierenFuse
from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.statistics import motion_statistics
from skelfuse.layers.time_block import TimeBlock, side_by_side
from skelfuse.layers.voting_linear import VotingLinear
from skelfuse.models.motion_features import MotionFeatures
from skelfuse.models.paths import Parts
from skelfuse.models.persons import Bodies, rejoin
from skelfuse.models.skelfuse import SkelFuse
from skelfuse.models.steps import only, seen_in_steps
from skelfuse.models.streams import Stream
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
        self.alone = _Blocks(model.alone.blocks, model.alone.joints)
        self.fuse = None if model.frieren is None else _Fuse(model.frieren)
        N = len(self.fold.skeleton)
        self.own = _Decision(model.own_norm, model.own_classifier, model.own_share, N)
        self.together, self.spectrum = None, model.spectrum
        if model.together is not None:
            assert model.together_norm is not None
            assert model.together_classifier is not None
            self.together = _Whole(model.together)
            self.whole = _Decision(model.together_norm, model.together_classifier, model.share, 1)

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
        alive = None if seen.alive is None else seen.alive.permute(2, 0, 1, 3)
        course = self.alone(h.permute(2, 0, 1, 3).contiguous(), alive)  # [N,R,S,V·C]
        course = course.permute(1, 2, 0, 3)  # [R,S,N,V·C]
        if self.fuse is not None:
            y = self.fuse(course, seen.joints)  # [R,N,V·C]
        else:
            y = (average_over_time if self.pool is None else self.pool)(course, seen.joints)
        own = self.own(rejoin(y, bodies.ever, bodies.persons), bodies.known())
        if self.together is None:
            return Parts(own, torch.zeros_like(own))
        whole = self.together(h, seen.frames)  # [R,J,V·W]
        if self.spectrum is not None:
            whole = whole + self.spectrum(bodies)[:, None]
        decided: Tensor = self.whole(rejoin(whole, bodies.present(), bodies.persons), None)
        return Parts(own, decided)


class _Embedding(nn.Module):
    """Streams to embedded joints: kernels, the mean of a step, norm and map as one convolution."""

    weight: Tensor
    usual: Tensor
    bias: Tensor
    all_known: Tensor

    def __init__(self, model: SkelFuse) -> None:
        super().__init__()
        told, embed = model.features_of, model.embed
        self.streams, self.step = told.streams, model.step
        scale, shift = embed.norm.scale_and_shift()
        found = _taps_of(told, model.step, scale)  # of F features and K signals
        self.first, self.last = found.first, found.last
        kernel = torch.einsum("cf,fkl->ckl", embed.weight() * scale, found.taps)
        kernel = kernel[..., None].contiguous(memory_format=torch.channels_last)
        self.register_buffer("weight", kernel)  # [C,K,L,1]
        usual = (embed.weight() * shift) @ found.belongs
        self.register_buffer("usual", usual.T.contiguous())  # [K,C], of each signal that is known
        self.register_buffer("bias", embed.bias + embed.identity)  # [N,C]
        self.register_buffer("all_known", self.bias + self.usual.sum(dim=0))

    def forward(self, bodies: Bodies) -> Tensor:
        """Return `[R,S,N,C]`."""
        signals = [stream(bodies) for stream in self.streams.values()]
        values = torch.cat([one.values for one in signals], dim=3)  # [R,T,N,K]
        if all(one.known is None for one in signals):
            bias = self.all_known  # [N,C]
        else:
            known = torch.cat([one.told() for one in signals], dim=2)  # [R,N,K]
            known = known.to(values.dtype)
            values = values * known[:, None]
            bias = (self.bias + known @ self.usual)[:, None]  # [R,1,N,C]
        before = values[:, :1].expand(-1, -self.first, -1, -1)
        after = values[:, -1:].expand(-1, self.last, -1, -1)
        held = torch.cat([before, values, after], dim=1).permute(0, 3, 1, 2)  # [R,K,T+,N]
        moved = F.conv2d(held, self.weight, stride=(self.step, 1)).permute(0, 2, 3, 1)
        return moved + bias


class _Taps(NamedTuple):
    """What features are of the signals that they are made of."""

    taps: Tensor  # [F,K,L], the mean of a step taken in
    belongs: Tensor  # [F,K], 1 where a feature is made of a signal
    first: int  # offset of the first tap, in frames
    last: int  # frames after the last one of a step that are needed


def _taps_of(told: MotionFeatures, step: int, like: Tensor) -> _Taps:
    kernels = [told.bank(name) for name in told.kernels]
    first = min((bank.first for bank in kernels), default=0)
    last = max((bank.last for bank in kernels), default=0)
    of_streams, belongs = [], []
    for name, stream in told.streams.items():
        assert isinstance(stream, Stream)
        itself = torch.eye(len(stream.names), dtype=like.dtype, device=like.device)  # [S,S]
        if name in told.kernels:
            bank = told.bank(name)
            of_signals = bank.matrices()[0].to(like)  # [L',S,Q·S]
            missing = (bank.first - first, last - bank.last)
        else:
            of_signals, missing = itself[None], (-first, last)
        of_streams.append(F.pad(of_signals, (0, 0, 0, 0, *missing)))  # [L,S,Q·S]
        belongs.append(itself.repeat(of_signals.shape[2] // len(itself), 1))  # [Q·S,S]
    at_offsets = [_blocks_of(taps) for taps in zip(*of_streams, strict=True)]  # [K,F] each
    plain = torch.stack(at_offsets)
    each = [F.pad(plain, (0, 0, 0, 0, i, step - 1 - i)) for i in range(step)]
    mean = torch.stack(each).mean(dim=0)  # [L,K,F]
    return _Taps(mean.permute(2, 1, 0), _blocks_of(belongs), first, last)


def _blocks_of(matrices: Sequence[Tensor]) -> Tensor:
    joined: Tensor = torch.block_diag(*matrices)  # type: ignore[no-untyped-call]
    return joined


class _Blocks(nn.Sequential):
    """Time blocks of which G parts of the channels, side by side, do not see each other."""

    def __init__(self, blocks: nn.ModuleList, parts: int) -> None:
        super().__init__(*(_Block(one, parts) for one in blocks if isinstance(one, TimeBlock)))

    def forward(self, x: Tensor, seen: Tensor | None = None) -> Tensor:
        """Return what the blocks make of `x [G,R,S,C]`, 0 where `seen` is."""
        for block in self:
            x = x + only(block(x), seen)
        return x


class _Block(nn.Module):
    """What a `TimeBlock` adds, as two products, its normalisations folded in."""

    across: Tensor  # [G,taps·C,C]
    across_shift: Tensor  # [G,1,C]
    back: Tensor  # [G,C,C]
    back_shift: Tensor  # [G,1,C]

    def __init__(self, block: TimeBlock, parts: int) -> None:
        super().__init__()
        self.act, self.taps = block.act, block.across.kernel_size[0]
        self.dilation = block.across.dilation[0]
        for name, conv, norm in (
            ("across", block.across, block.norm),
            ("back", block.back, block.norm_after),
        ):
            scale, shift = norm.scale_and_shift()
            weight = conv.weight[..., 0] * scale[:, None, None]  # [G·C,C/groups,taps]
            weight = side_by_side(weight, conv.groups, conv.groups // parts)  # [G·C,C,taps]
            weight = torch.unflatten(weight, 0, (parts, -1)).permute(0, 3, 2, 1)  # [G,taps,C,C]
            self.register_buffer(name, weight.flatten(1, 2))
            self.register_buffer(f"{name}_shift", torch.unflatten(shift, 0, (parts, 1, -1)).clone())

    def forward(self, x: Tensor) -> Tensor:
        """Return what is added to `x [G,R,S,C]`."""
        G, R, S, C = x.shape
        reach = self.dilation * (self.taps - 1) // 2
        wide = F.pad(x, (0, 0, reach, reach))
        seen = torch.cat(
            [wide[:, :, i * self.dilation :][:, :, :S] for i in range(self.taps)], dim=3
        )  # [G,R,S,taps·C]
        inner = torch.baddbmm(self.across_shift, seen.view(G, R * S, -1), self.across)
        return torch.baddbmm(self.back_shift, self.act(inner), self.back).view(G, R, S, C)


class _Fuse(nn.Module):
    """FrierenFuse without its residual, its directions and its head as they are."""

    directions: Tensor
    head: Tensor

    def __init__(self, frieren: FrierenFuse) -> None:
        super().__init__()
        head = frieren.weight()
        self.register_buffer("directions", frieren.directions().to(head.dtype, copy=True))  # [C,K]
        self.register_buffer("head", head.clone())  # [F,C]
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
    """The together path without normalisations, voters side by side."""

    gather: Tensor  # [V,N·C,W]
    bias: Tensor  # [V,1,W]

    def __init__(self, together: Together) -> None:
        super().__init__()
        self.act, self.pool, self.voters = together.act, together.pool, together.gather.voters
        scale, shift = (
            torch.unflatten(one, 0, (self.voters, 1, -1)) for one in together.norm.scale_and_shift()
        )
        self.register_buffer("gather", together.gather.weight * scale)
        self.register_buffer("bias", shift.clone())
        self.blocks = _Blocks(together.blocks, self.voters)
        self.fuse = None if together.frieren is None else _Fuse(together.frieren)

    def forward(self, h: Tensor, frames: Tensor | None = None) -> Tensor:
        """Sum up joints `h [R,S,N,V·C]` over the steps that count, `frames [R,S]`; None: all."""
        R, S = h.shape[:2]
        apart = torch.unflatten(h, 3, (self.voters, -1)).permute(3, 0, 1, 2, 4)  # [V,R,S,N,C]
        bodies = apart.reshape(self.voters, R * S, -1)
        gathered = self.act(torch.baddbmm(self.bias, bodies, self.gather))  # [V,R·S,W]
        inside = None if frames is None else frames[:, :, None].to(h.dtype)  # [R,S,1]
        body = only(torch.unflatten(gathered, 1, (R, S)), inside)  # [V,R,S,W]
        body = self.blocks(body, inside).permute(1, 2, 0, 3).flatten(2)[:, :, None]  # [R,S,1,V·W]
        counts = None if frames is None else frames[:, :, None]
        mean = average_over_time(body, counts) if self.pool is None else self.pool(body, counts)
        return mean if self.fuse is None else torch.cat([self.fuse(body, counts), mean], dim=1)


class _Decision(nn.Module):
    """A normalisation and the classifier after it as one map, of N joints or of the whole body."""

    weight: Tensor
    of_joint: Tensor
    bias: Tensor
    all_known: Tensor

    def __init__(
        self, norm: KnownNorm, classifier: VotingLinear, share: float, joints: int
    ) -> None:
        super().__init__()
        scale, shift = norm.scale_and_shift()
        weight = share * classifier.decision_weight()  # [classes,F]
        self.register_buffer("weight", (weight * scale).T.contiguous())  # [F,classes]
        # What a joint adds that was seen at all, whatever it did.
        usual = torch.unflatten((weight * shift).T, 0, (2, joints, -1)).sum(dim=(0, 2))
        self.register_buffer("of_joint", usual)  # [N,classes]
        self.register_buffer("bias", share * classifier.bias)
        self.register_buffer("all_known", self.bias + usual.sum(dim=0))

    def forward(self, evidence: Tensor, known: Tensor | None) -> Tensor:
        """Return what evidence `[B,2,N,C]` adds to the logits, `known [B,N]`; None: all of it."""
        bias = self.all_known
        if known is not None:
            bias = torch.addmm(self.bias, known.to(self.of_joint.dtype), self.of_joint)
        return torch.addmm(bias, evidence.flatten(1), self.weight)
