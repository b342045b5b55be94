"""SkelFuse: what each joint did by itself, and how the joints go together; logits that add up."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import check_clips, different_numbers, whole_number
from skelfuse.layers.frame_weighting import SpectralFrameWeighting, average_over_time
from skelfuse.layers.frieren import FrierenFuse
from skelfuse.layers.global_filter import GlobalFilter
from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.quick_dropout import QuickDropout
from skelfuse.layers.voting_linear import VotingLinear, votes
from skelfuse.models.embed import JointEmbedding, features_given
from skelfuse.models.explainable import Head, OwnSum, Split
from skelfuse.models.frequencies import Frequencies
from skelfuse.models.joint_networks import JointNetworks
from skelfuse.models.model import Model
from skelfuse.models.motion_features import MotionFeatures
from skelfuse.models.own_sum import by_joint, head_of, taken_apart
from skelfuse.models.persons import Bodies, FoldPersons, rejoin
from skelfuse.models.sizes import Size, size_named
from skelfuse.models.spectrum import Spectrum
from skelfuse.models.steps import Seen, only, seen_in_steps
from skelfuse.models.together import Together
from skelfuse.skeleton import Skeleton

STEP = 2  # frames; the kernels see every frame, and a movement is slower than that
STREAMS_OF_PEOPLE = ("joint", "bone", "distances", "partner", "partner_distances")


class Evidence(NamedTuple):
    """What a decision is made of: the maximum and the mean over the persons of each clip."""

    own: Tensor  # [B,2,N,V·C] what each joint did by itself
    known: Tensor | None  # [B,N] whether anything was seen of it; None: of every joint
    together: Tensor | None  # [B,2,J,V·W] how the joints go together; None without that path


class Alone(NamedTuple):
    """What joints did on the own path, each alone: no other joint has a part in it."""

    h: Tensor  # [R,S,N,V·C] embedded, step by step
    course: Tensor  # [R,S,N,V·C] what its network made of that
    y: Tensor  # [R,N,V·C] summed up
    seen: Seen


class SkelFuse(Model):
    """Recognise the action of a clip `[B,T,M,N,D]` with any number of frames and people.

    Streams → motion kernels → norm → embedding of each joint → a network along time in which no
    joint sees another → FrierenFuse: the **own path**, a sum over joints. Beside it a network
    that sees all joints: the **together path**. Each decides by itself, with losses of its own:

        logits = (1 - together) · own + together · (how they go together)

    `together` is the share of the second, 0.75 by default; with 0 there is no such path, and every
    decision is a sum over joints of named statistics (the size `pure` is that). A joint that was
    not seen adds nothing to the own path.

    In each path there are several voters side by side. In evaluation the logits are the mean of
    their votes; in training `[B,votes,classes]` comes back: take the loss of each.

    - `size`: one of `SIZES`, or its name;
    - `streams`: what is told of each joint, names in `STREAMS`;
    - `scales`, `bank`: the motion kernels (see `MotionKernels`); `learnable` False leaves them as
      they start; without scales there are none;
    - `specialists`: of the voters one is given joints, one bones, one distances (the first and the
      third also of a partner), the rest all (see `features_given`); otherwise each is given all;
    - `fuse` False replaces FrierenFuse by the plain average over time, for comparison;
    - `directions` (of each voter), `dropout`, `evidence_dropout`: the size's own where None;
    - `fuse_scales`, `poly_order`, `windows`: see `FrierenFuse`;
    - `frequencies`: see `Frequencies`.

    >>> from skelfuse.layouts import KINECT_V2
    >>> model = SkelFuse(KINECT_V2, num_classes=60, size="nano").eval()
    >>> x = torch.randn(2, 64, 2, 25, 3)                    # [B,T,M,N,D]
    >>> model(x).shape
    torch.Size([2, 60])
    >>> model.own(x).shape                                  # of each person and joint
    torch.Size([2, 2, 25, 16])
    """

    def __init__(
        self,
        skeleton: Skeleton,
        num_classes: int,
        *,
        size: Size | str = "small",
        streams: tuple[str, ...] = STREAMS_OF_PEOPLE,
        scales: tuple[int, ...] = (1, 2, 4),
        bank: int = 1,
        learnable: bool = True,
        specialists: bool = True,
        together: float | None = None,
        fuse: bool = True,
        directions: int | None = None,
        fuse_scales: tuple[int, ...] = (1, 2, 4),
        poly_order: int = 2,
        windows: tuple[int, ...] = (1,),
        dropout: float | None = None,
        evidence_dropout: float | None = None,
        frequencies: Frequencies | None = None,
    ) -> None:
        super().__init__()
        size = size_named(size)
        share = size.together if together is None else together
        directions = size.directions if directions is None else directions
        dropout = size.dropout if dropout is None else dropout
        evidence_dropout = size.evidence_dropout if evidence_dropout is None else evidence_dropout
        frequencies = Frequencies() if frequencies is None else frequencies
        _check(share, frequencies)
        whole_number("num_classes", num_classes, 1)
        if fuse:
            whole_number("directions", directions, 1)
            different_numbers("fuse_scales", fuse_scales)
        self.step = STEP
        self.fold = FoldPersons(skeleton, step=STEP)
        body, N, V, C = self.fold.skeleton, len(skeleton), size.voters, size.channels
        self.features_of = MotionFeatures(
            body, streams, scales=scales, bank=bank, learnable=learnable, frequencies=frequencies
        )
        given = features_given(self.features_of.stream_of, V, C) if specialists else None
        self.embed = JointEmbedding(len(self.features_of.names), N, V * C, given)
        self.act = nn.GELU()
        self.filter = GlobalFilter(V * C) if frequencies.global_filter else None
        self.alone = JointNetworks(N, V * C, dilations=size.alone, voters=V, dropout=dropout)
        self.frieren = None
        if fuse:
            self.frieren = FrierenFuse(
                V * C,
                V * directions,
                fuse_scales,
                poly_order,
                windows=windows,
                groups=V,
                gate=None,
                outputs=V * size.summary,
            )
        self.pool = (
            SpectralFrameWeighting(V * C) if frequencies.frame_weighting and not fuse else None
        )
        each = size.summary if fuse else C  # numbers that sum up a joint, for each voter
        self.own_norm = KnownNorm(2 * N * V * each, affine=False)
        self.dropout = QuickDropout(evidence_dropout)
        self.own_classifier = VotingLinear(2 * N * V * each, num_classes, voters=V, channels=each)
        self.own_features = self.num_features = self.own_classifier.in_features
        self.share = share  # of the together path in a decision
        self.own_votes = V if share else None
        self.together = self.spectrum = self.together_norm = self.together_classifier = None
        if share == 0:
            return
        self.together = Together(
            N,
            C,
            size.width,
            dilations=size.dilations,
            voters=V,
            dropout=dropout,
            fuse=fuse,
            directions=directions,
            fuse_scales=fuse_scales,
            poly_order=poly_order,
            frame_weighting=frequencies.frame_weighting,
        )
        if frequencies.dct_window:
            self.spectrum = Spectrum(
                body,
                V * size.width,
                window=frequencies.dct_window,
                width=size.width // 2,
                gate=frequencies.gate,
                kept=frequencies.dct_kept,
                dropout=dropout,
            )
        summary = 2 * self.together.summaries * V * size.width
        self.num_features += summary
        self.together_norm = KnownNorm(summary, affine=False)
        self.together_classifier = VotingLinear(summary, num_classes, voters=V, channels=size.width)

    def features(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what the classifiers decide on, `[B,num_features]`: 0 is the average clip."""
        return self.normalised(self.evidence(x, mask))

    def evidence(self, x: Tensor, mask: Tensor | None = None) -> Evidence:
        """Return what the classifiers decide on."""
        bodies = self.fold(x, mask)  # x [R,T,N,D]; R = B·M
        alone = self.each_joint(bodies)  # h [R,S,N,V·C], y [R,N,V·C]
        own = rejoin(alone.y, bodies.ever, bodies.persons)  # [B,2,N,V·C]
        if self.together is None:
            return Evidence(own, bodies.known(), None)
        whole = self.together(alone.h, alone.seen.frames)  # [R,J,V·W]
        if self.spectrum is not None:
            whole = whole + self.spectrum(bodies)[:, None]
        return Evidence(
            own,
            bodies.known(),
            rejoin(whole, bodies.present(), bodies.persons),  # [B,2,J,V·W]
        )

    def each_joint(self, bodies: Bodies) -> Alone:
        """Return what each joint did: no joint sees another here."""
        features = self.features_of(bodies, STEP)  # values [R,S,N,F], S = T / STEP
        seen = seen_in_steps(bodies, STEP)
        h = only(self.act(self.embed(features)), seen.alive)  # [R,S,N,V·C]
        if self.filter is not None:
            h = h + self.filter(h, seen.joints)
        course = self.alone(h, seen.alive)  # [R,S,N,V·C]
        if self.frieren is not None:
            return Alone(h, course, self.frieren(course, seen.joints).y, seen)
        mean = average_over_time if self.pool is None else self.pool
        return Alone(h, course, mean(course, seen.joints), seen)

    def own(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what each joint of each person did by itself, `[B,M,N,V·C]`.

        Row j depends on joint j, on its bone, on the relations that carry its name, and on
        nothing else.
        """
        bodies = self.fold(x, mask)
        y = torch.unflatten(self.each_joint(bodies).y, 0, (-1, bodies.persons))  # [B,M,N,V·C]
        return y.index_select(2, self.fold.order.argsort())  # joints as the skeleton lists them

    def normalised(self, evidence: Evidence) -> Tensor:
        """Return evidence as one row a clip, each number relative to the training clips."""
        check_clips(evidence.own, training=self.training)
        known = evidence.known
        if known is not None:
            known = known[:, None, :, None].expand_as(evidence.own).flatten(1)  # [B,2·N·V·C]
        own: Tensor = self.own_norm(evidence.own.flatten(1), known)
        if evidence.together is None or self.together_norm is None:
            return own
        return torch.cat([own, self.together_norm(evidence.together.flatten(1))], dim=1)

    def decide(self, features: Tensor) -> Tensor:
        """Return the logits `[B,classes]`, or in training the votes `[B,votes,classes]`."""
        own: Tensor = self.own_classifier(self.dropout(features[:, : self.own_features]))
        if self.together_classifier is None:
            return votes(own) if self.training else own
        whole = features[:, self.own_features :]
        together: Tensor = self.together_classifier(self.dropout(whole))
        if self.training:
            return torch.cat([votes(own), votes(together)], dim=1)
        return self.own_share * own + self.share * together

    def paths(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each path adds to the logits in evaluation, `[B,classes]` each."""
        own = self.own_classifier.decided(features[:, : self.own_features])
        if self.together_classifier is None:
            return own, torch.zeros_like(own)
        together = self.together_classifier.decided(features[:, self.own_features :])
        return self.own_share * own, self.share * together

    @torch.no_grad()
    def taken_apart(self, x: Tensor, mask: Tensor | None = None) -> OwnSum:
        """Return the logits of one clip `x [1,T,M,N,D]` as a sum over joints and the rest.

        The maximum over persons is the evidence of the person who has it, the mean is shared.
        """
        return taken_apart(self, x, mask)

    def by_joint(self, x: Tensor, mask: Tensor | None = None) -> Split:
        """Return the logits of `x [B,T,M,N,D]` and what each joint adds to them."""
        return by_joint(self, x, mask)

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints, as the skeleton that the model was built with lists them."""
        return self.fold.given.joints

    def head(self) -> Head:
        """Return what each statistic of each joint is worth to each class."""
        return head_of(self)

    @property
    def own_share(self) -> float:
        """How much the own path has to say in a decision."""
        return 1.0 - self.share

    def reset_classifier(self, num_classes: int) -> None:
        """Begin anew with other classes: the weights before the classifiers stay."""
        for name in ("own_classifier", "together_classifier"):
            old = getattr(self, name)
            if old is not None:
                new = VotingLinear(
                    old.in_features, num_classes, voters=old.voters, channels=old.channels
                )
                setattr(self, name, new.to(old.weight).train(old.training))


def _check(share: float, frequencies: Frequencies) -> None:
    if not 0 <= share <= 1:
        raise SkelfuseError(
            "'together' is out of range", expected="0 to 1", found=share, key="together"
        )
    if share == 0 and frequencies.dct_window:
        raise SkelfuseError(
            "'dct_window' is a branch of the whole body, and there is no together path",
            expected="together above 0",
            found=share,
            key="frequencies.dct_window",
        )
