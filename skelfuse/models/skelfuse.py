"""SkelFuse: motion kernels, a mixer over joints and time, FrierenFuse, and logits that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.frieren import FrierenFuse
from skelfuse.layers.kernels import MotionKernels
from skelfuse.layers.mixer import JointMixer, pairs_of_frames
from skelfuse.layers.normed_linear import NormedLinear
from skelfuse.models.persons import FoldPersons, rejoin
from skelfuse.models.streams import MotionStreams
from skelfuse.skeleton import Skeleton


@dataclass(frozen=True)
class Size:
    """What grows from one size of the model to the next."""

    channels: int  # C, features of each joint
    width: int  # W, channels of the body as a whole
    dilations: tuple[int, ...]  # of the mixer's blocks, one each


# Parameters for 25 joints and 60 classes: at most 0.1, 0.25, 0.5 and 1.5 million.
NANO = Size(channels=4, width=64, dilations=(1, 2))
TINY = Size(channels=6, width=96, dilations=(1, 2, 4))
SMALL = Size(channels=8, width=128, dilations=(1, 2, 4, 1))
BASE = Size(channels=12, width=224, dilations=(1, 2, 4, 1, 2))
SIZES = {"nano": NANO, "tiny": TINY, "small": SMALL, "base": BASE}


class Evidence(NamedTuple):
    """What the classifier sees: logits are linear in both."""

    fused: Tensor  # [B,2,N,C] FrierenFuse's y of each joint, maximum and mean over persons
    past: Tensor  # [B,2,N,C] the time average of what went on past it, likewise


class SkelFuse(nn.Module):
    """Recognise the action of a clip `[B,T,M,N,D]` with any number of frames and people.

    streams (joint, bone) → motion kernels → joint embedding → mixer → FrierenFuse → logits.
    The logits are linear in FrierenFuse's y: a decision splits into what each joint, scale and
    statistic gave, and what came past FrierenFuse.

    - `scales`, `bank`: the motion kernels (see `MotionKernels`); `learnable` False leaves them as
      they start;
    - `fuse` False replaces FrierenFuse by the plain average over time, for comparison;
    - `directions`, `fuse_scales`, `poly_order`, `windows`: see `FrierenFuse`.

    >>> from skelfuse.layouts import KINECT_V2
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
        fuse: bool = True,
        directions: int = 8,
        fuse_scales: tuple[int, ...] = (1, 2, 4),
        poly_order: int = 2,
        windows: tuple[int, ...] = (1,),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if num_classes < 1:
            raise SkelfuseError("a classifier needs classes", expected=">= 1", found=num_classes)
        self.fold = FoldPersons(skeleton)
        N, C = len(skeleton), size.channels
        self.streams = MotionStreams(
            self.fold.skeleton,
            MotionKernels(skeleton.dimensions, scales, bank=bank, learnable=learnable),
        )
        self.embed = NormedLinear(self.streams.out_channels, C)
        self.identity = nn.Parameter(0.1 * torch.randn(N, C))
        self.mixer = JointMixer(N, C, size.width, dilations=size.dilations, dropout=dropout)
        self.frieren = (
            FrierenFuse(C, directions, fuse_scales, poly_order, windows=windows) if fuse else None
        )
        shares = 2 if fuse else 1
        self.evidence_norm = nn.BatchNorm1d(shares * 2 * N * C)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(shares * 2 * N * C, num_classes)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return logits `[B,classes]` of `x [B,T,M,N,D]`, seen where `mask [B,T,M,N]` is True."""
        return self.classify(self.evidence(x, mask))

    def evidence(self, x: Tensor, mask: Tensor | None = None) -> Evidence:
        """Return what the classifier decides on."""
        bodies = self.fold(x, mask)  # x [R,T,N,D], mask [R,T,N]; R = B·M
        seen = None if mask is None else bodies.mask  # where everything was, nothing is to hide
        if self.training:
            h = self.embed(self.streams(bodies.x, seen))  # [R,T,N,C]
        else:
            weight, bias = self.embed.folded()
            h = self.streams.mapped(bodies.x, seen, weight) + bias
        if seen is not None:
            h = torch.where(seen[..., None], h, 0.0)
        h = h + self.identity
        # The kernels have seen every frame; from here on half of them tell the same.
        h, frames = pairs_of_frames(h, bodies.mask.any(dim=2))  # [R,T/2,N,C], [R,T/2]
        h = self.mixer(h, frames)
        # The mixer filled in single joints: a frame counts for all of them or for none.
        whole = None if seen is None else frames[:, :, None].expand(h.shape[:3])
        if self.frieren is None:
            past = average_over_time(h, frames)
            past = torch.stack(rejoin(past, bodies.present), dim=1)  # [B,2,N,C]
            return Evidence(past[:, :0], past)
        h, y, _ = self.frieren(h, whole)
        past = average_over_time(h, frames)  # [R,N,C]
        return Evidence(
            torch.stack(rejoin(y, bodies.present), dim=1),  # [B,2,N,C]
            torch.stack(rejoin(past, bodies.present), dim=1),
        )

    def classify(self, evidence: Evidence) -> Tensor:
        """Return the logits `[B,classes]`, linear in the evidence once training is over."""
        together = torch.cat(evidence, dim=1).flatten(1)  # [B,2·2·N·C]
        logits: Tensor = self.classifier(self.dropout(self.evidence_norm(together)))
        return logits


def average_over_time(h: Tensor, frames: Tensor) -> Tensor:
    """Return the mean `[R,N,C]` of `h [R,T,N,C]` over the frames that count, `frames [R,T]`.

    >>> h = torch.tensor([1.0, 3.0, 50.0]).view(1, 3, 1, 1)
    >>> average_over_time(h, torch.tensor([[True, True, False]]))
    tensor([[[2.]]])
    """
    weight = frames.to(h.dtype) / frames.sum(dim=1, keepdim=True).clamp_min(1)  # [R,T]
    return torch.einsum("rtnc,rt->rnc", h, weight)
