"""SkelFuse: motion kernels, a mixer over joints and time, FrierenFuse, and logits that add up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.layers.checks import check_clips
from skelfuse.layers.frame_weighting import SpectralFrameWeighting, average_over_time
from skelfuse.layers.frieren import FrierenFuse
from skelfuse.layers.global_filter import GlobalFilter
from skelfuse.layers.kernels import MotionKernels
from skelfuse.layers.mixer import JointMixer, pairs_of_frames
from skelfuse.layers.normed_linear import NormedLinear
from skelfuse.layers.quick_dropout import QuickDropout
from skelfuse.layers.voting_linear import VotingLinear
from skelfuse.models.arguments import check_frequencies, check_head, check_size
from skelfuse.models.embedding import (
    at_all_times,
    embedded_extras,
    embedded_joints,
    embedded_pairs,
    held_signals,
    joint_filter,
    signals_of,
)
from skelfuse.models.feature_moments import batch_moments, running_moments
from skelfuse.models.persons import Folded, FoldPersons, hides, rejoin
from skelfuse.models.relations import Distances, Partner, Present, only_present, partner_of
from skelfuse.models.sizes import SMALL, Size
from skelfuse.models.specialists import features_given
from skelfuse.models.spectral_streams import SpectralStreams
from skelfuse.models.spectrum import GateKind, spectrum_of
from skelfuse.skeleton import Skeleton


class Evidence(NamedTuple):
    """What the classifier sees: logits are linear in both."""

    # C is here the channels of all voters, V·C.
    fused: Tensor  # [B,2,N,C] FrierenFuse's y of each joint, maximum and mean over persons
    past: Tensor  # [B,2,N,C] the time average of what went on past it, and the spectrum, likewise


class SkelFuse(nn.Module):
    """Recognise the action of a clip `[B,T,M,N,D]` with any number of frames and people.

    streams (joint, bone, distances, partner) → motion kernels → joint embedding → mixer →
    FrierenFuse → logits, linear in FrierenFuse's y: a decision splits into what each joint, scale
    and statistic gave, and what came past FrierenFuse.

    From the embedding on there are several voters side by side, each with features of its own. In
    evaluation the logits are the mean of their votes. In training `[B,V,classes]` comes back, the
    votes: take the loss of each (`votes.flatten(0, 1)`), so that they learn to err differently.

    - `scales`, `bank`: the motion kernels (see `MotionKernels`); `learnable` False leaves them as
      they start; without scales there are none, and the joints and bones alone go in;
    - `distances`: how far each joint is from the body's ends and root, and how that changes;
    - `partner`: how it lies to the other people of the clip, if there are any;
    - `specialists`: of the voters one is given joints, one bones, one distances, the rest all
      (see `features_given`); otherwise each is given all;
    - `fuse` False replaces FrierenFuse by the plain average over time, for comparison;
    - `directions` (of each voter), `fuse_scales`, `poly_order`, `windows`: see `FrierenFuse`;
    - `dropout`, `evidence_dropout`: the size's own where they are None.

    Frequencies, all off by default:

    - `dct_window`: frames in the windows of a branch beside the trunk (`Spectrum`), with the `gate`
      of its channels; `dct_kept`, of each joint the frequencies computed, is what pruning leaves;
    - `global_filter`: a learned response to every frequency of the embedded joints, added to them;
    - `spectral_motion`, `fourier`, `fourier_sigma`: more of each joint to embed
      (`SpectralStreams`);
    - `frame_weighting`: frames that move count for more in the average over time.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models.sizes import NANO
    >>> model = SkelFuse(KINECT_V2, num_classes=60, size=NANO).eval()
    >>> x = torch.randn(2, 64, 2, 25, 3)                    # [B,T,M,N,D]
    >>> model(x).shape
    torch.Size([2, 60])
    """

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        *,
        size: Size = SMALL,
        scales: tuple[int, ...] = (1, 2, 4),
        bank: int = 2,
        learnable: bool = True,
        distances: bool = True,
        partner: bool = True,
        specialists: bool = True,
        fuse: bool = True,
        directions: int = 8,
        fuse_scales: tuple[int, ...] = (1, 2, 4),
        poly_order: int = 2,
        windows: tuple[int, ...] = (1,),
        dropout: float | None = None,
        evidence_dropout: float | None = None,
        dct_window: int = 0,
        gate: GateKind = "none",
        dct_kept: Mapping[str, tuple[int, ...]] | None = None,
        global_filter: bool = False,
        spectral_motion: bool = False,
        frame_weighting: bool = False,
        fourier: int = 0,
        fourier_sigma: float = 1.0,
    ) -> None:
        super().__init__()
        check_head(num_classes, directions, fuse_scales, fuse=fuse)
        check_size(size)
        check_frequencies(dct_window, fourier, fourier_sigma)
        self.fold, self.partner = FoldPersons(skeleton), partner
        size = size.dropping(dropout, evidence_dropout)
        N, V, C = len(skeleton), size.voters, size.voters * size.channels
        self.streams = SpectralStreams(
            self.fold.skeleton,
            MotionKernels(skeleton.dimensions, scales, bank=bank, learnable=learnable)
            if scales
            else None,
            motion=spectral_motion,
            fourier=fourier,
            sigma=fourier_sigma,
            partner=partner,
        )
        self.distances = (
            Distances(
                self.fold.skeleton, scales=scales, bank=bank, learnable=learnable, partner=partner
            )
            if distances
            else None
        )
        inputs = self.streams.out_channels
        inputs += 0 if self.distances is None else self.distances.out_channels
        given = features_given(size, self.streams, self.distances) if specialists else None
        self.embed = NormedLinear(inputs, C, given)
        self.identity = nn.Parameter(0.1 * torch.randn(N, C))
        self.filter = GlobalFilter(C) if global_filter else None
        self.mixer = JointMixer(
            N, size.channels, size.width, dilations=size.dilations, dropout=size.dropout, voters=V
        )
        self.frieren = (
            FrierenFuse(C, V * directions, fuse_scales, poly_order, windows=windows, groups=V)
            if fuse
            else None
        )
        self.pool = SpectralFrameWeighting(C) if frame_weighting else None
        self.spectrum = spectrum_of(
            self.fold.skeleton,
            C,
            window=dct_window,
            width=size.width // 2,
            gate=gate,
            kept=dct_kept,
            dropout=size.dropout,
        )
        features = (2 if fuse else 1) * 2 * N * C
        self.evidence_norm = nn.BatchNorm1d(features)
        self.dropout = QuickDropout(size.evidence_dropout)
        self.classifier = VotingLinear(features, num_classes, voters=V, channels=size.channels)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return logits `[B,classes]` of `x [B,T,M,N,D]`, seen where `mask [B,T,M,N]` is True.

        In training: the votes `[B,V,classes]`.
        """
        return self.classify(self.evidence(x, mask))

    def evidence(self, x: Tensor, mask: Tensor | None = None) -> Evidence:
        """Return what the classifier decides on."""
        bodies = self.fold(x, mask)  # x [R,T,N,D], mask [R,T,N]; R = B·M
        hidden = (mask is not None or self.fold.limited) and hides(bodies.mask)
        partner = partner_of(bodies, all_seen=not hidden) if self.partner else None
        present = only_present(bodies, partner)
        bodies, partner, _ = present
        seen = bodies.mask if hidden and hides(bodies.mask) else None
        h, frames = self._embedded(bodies, seen, partner)  # [R,C,N,T/2], [R,T/2]
        # The mixer fills in single joints: from here a frame counts for all of them or for none.
        counts = frames if seen is not None and hides(frames) else None
        h = self.mixer(h, counts)
        h = h.permute(0, 3, 2, 1).contiguous()  # [R,T/2,N,C]
        whole = None if counts is None else counts[:, :, None].expand(h.shape[:3])
        beside = None if self.spectrum is None else self.spectrum(bodies.x, seen)  # [R,N,C]
        y = None
        if self.frieren is not None:
            h, y, _ = self.frieren(h, whole)
        past = _rejoined(self._past(h, frames, whole, beside), present)  # [B,2,N,C]
        return Evidence(past[:, :0] if y is None else _rejoined(y, present), past)

    def _embedded(
        self, bodies: Folded, seen: Tensor | None, partner: Partner | None
    ) -> tuple[Tensor, Tensor]:
        """Return the joints as the mixer takes them, `[R,C,N,⌈T/2⌉]`, and the frames that count.

        The kernels have seen every frame; from there on half of them tell the same.
        """
        x, frames = bodies.x, bodies.mask.any(dim=2)  # [R,T,N,D], [R,T]
        streams, distances, alone = self.streams, self.distances, partner is None
        identity = self.identity.T[:, :, None]  # [C,N,1]
        extras = streams.extras(x, seen)
        shown, partner = at_all_times(seen, partner)
        signals, known = signals_of(bodies, shown, partner, streams, distances)  # [R,K,N,T]
        # Where nothing comes or goes the mean of two frames is filtered at once.
        steady = known is None or known.shape[3] == 1
        at_once = steady and x.shape[1] % 2 == 0 and not extras and self.filter is None
        held = held_signals(signals, known, streams) if self.training or not at_once else []
        if self.training:
            given = held, known, extras, seen
            moments = batch_moments(*given, streams, distances, self.embed.norm, alone=alone)
        else:
            moments = running_moments(self.embed.norm)
        filter = joint_filter(streams, distances, self.embed, moments, alone=alone)
        if at_once:
            h = embedded_pairs(signals, known, filter)
        else:
            h = embedded_joints(held, known, filter).to(signals.dtype)
            h = h + embedded_extras(extras, streams, self.embed, moments)
        if shown is not None:
            h = h * shown.transpose(1, 2)[:, None].to(h.dtype)
        if at_once:
            return h + identity, frames[:, ::2]
        if self.filter is not None:
            h = h + self.filter(h.permute(0, 3, 2, 1), seen).permute(0, 3, 2, 1)
        return pairs_of_frames(h + identity, frames)

    def _past(
        self, h: Tensor, frames: Tensor, whole: Tensor | None, beside: Tensor | None
    ) -> Tensor:
        past = average_over_time(h, frames) if self.pool is None else self.pool(h, whole)
        return past if beside is None else past + beside

    def classify(self, evidence: Evidence) -> Tensor:
        """Return the logits `[B,classes]`, linear in the evidence, or the votes in training."""
        together = torch.cat(evidence, dim=1).flatten(1)  # [B,2·2·N·C]
        check_clips(together, training=self.training)
        logits: Tensor = self.classifier(self.dropout(self.evidence_norm(together)))
        return logits


def _rejoined(y: Tensor, present: Present) -> Tensor:
    """Return maximum and mean over persons, `[B,2,N,C]`, of bodies `y [R,N,C]`."""
    return torch.stack(rejoin(present.among_all(y), present.bodies.present), dim=1)
