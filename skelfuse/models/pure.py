"""Pure: motion kernels, FrierenFuse, and one linear map; nothing else decides."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelfuse.layers.checks import check_clips
from skelfuse.layers.frieren import FrierenFuse
from skelfuse.layers.kernels import MotionKernels
from skelfuse.layers.voting_linear import VotingLinear
from skelfuse.models.arguments import check_head
from skelfuse.models.persons import FoldPersons, hides, rejoin
from skelfuse.models.relations import Distances, partner_of
from skelfuse.models.streams import MotionStreams
from skelfuse.skeleton import Skeleton


class Pure(nn.Module):
    """Recognise the action of a clip `[B,T,M,N,D]` from named statistics of its motion alone.

    No mixer, nothing past FrierenFuse: every logit is a sum over joints of non-negative features,
    each with a scale, a statistic and a direction.

    `outputs`: non-negative sums of each joint's features; for the other arguments see `SkelFuse`.

    >>> from skelfuse.layouts import KINECT_V2
    >>> model = Pure(KINECT_V2, num_classes=60).eval()
    >>> model(torch.randn(2, 64, 2, 25, 3)).shape           # [B,T,M,N,D]
    torch.Size([2, 60])
    """

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        *,
        scales: tuple[int, ...] = (1, 2, 4),
        bank: int = 2,
        learnable: bool = True,
        distances: bool = True,
        partner: bool = True,
        outputs: int = 64,
        directions: int = 24,
        fuse_scales: tuple[int, ...] = (1, 2, 4, 8),
        poly_order: int = 4,
        windows: tuple[int, ...] = (1,),
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        check_head(num_classes, directions, fuse_scales)
        self.fold, self.partner = FoldPersons(skeleton), partner
        self.streams = MotionStreams(
            self.fold.skeleton,
            MotionKernels(skeleton.dimensions, scales, bank=bank, learnable=learnable),
            partner=partner,
        )
        self.distances = (
            Distances(
                self.fold.skeleton, scales=scales, bank=bank, learnable=learnable, partner=partner
            )
            if distances
            else None
        )
        N, S = len(skeleton), self.streams.out_channels
        S += 0 if self.distances is None else self.distances.out_channels
        self.frieren = FrierenFuse(
            S, directions, fuse_scales, poly_order, windows=windows, gate=None, outputs=outputs
        )
        self.evidence_norm = nn.BatchNorm1d(2 * N * outputs)
        self.dropout = nn.Dropout(dropout)
        self.classifier = VotingLinear(2 * N * outputs, num_classes)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return logits `[B,classes]` of `x [B,T,M,N,D]`, seen where `mask [B,T,M,N]` is True."""
        return self.classify(self.evidence(x, mask))

    def evidence(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return FrierenFuse's y, the maximum and the mean over persons: `[B,2,N,C]`."""
        bodies = self.fold(x, mask)  # x [R,T,N,D], mask [R,T,N]; R = B·M
        seen = bodies.mask if hides(bodies.mask) else None
        partner = partner_of(bodies, all_seen=seen is None) if self.partner else None
        # A parent or a mark that is lost for a while must not look like motion of the joint.
        features = self.streams.bridged(bodies.x, seen, partner)  # [R,T,N,S]
        if self.distances is not None:
            near = self.distances.bridged(bodies.x, seen, partner)
            features = torch.cat([features, near], dim=-1)
        _, y, _ = self.frieren(features, seen)  # [R,N,C]
        return torch.stack(rejoin(y, bodies.present), dim=1)

    def classify(self, evidence: Tensor) -> Tensor:
        """Return the logits `[B,classes]`, linear in the evidence once training is over."""
        together = evidence.flatten(1)  # [B,2·N·C]
        check_clips(together, training=self.training)
        logits: Tensor = self.classifier(self.dropout(self.evidence_norm(together)))
        return logits
