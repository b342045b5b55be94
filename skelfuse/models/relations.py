"""What a joint has to do with the rest: how far from the body's ends it is, and from a partner."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.layers.kernels import MotionKernels
from skelfuse.layers.spans import without_gaps
from skelfuse.models.persons import Folded
from skelfuse.skeleton import Skeleton


class Partner(NamedTuple):
    """What a body has before it: the others of its clip, as one body in their midst."""

    x: Tensor  # [R,T,N,D]
    mask: Tensor | None  # [R,T,N], False where nobody else was seen; None: always somebody


def partner_of(bodies: Folded, *, all_seen: bool = False) -> Partner | None:
    """Return each body's partner, or None where clips have one person.

    With two people it is the other one. Of several it is their average, whatever their order.
    `all_seen` promises that nothing is hidden in any clip.

    >>> x = torch.tensor([[[[1.0]]], [[[5.0]]]])            # two people [R,T,N,D] of one clip
    >>> there = torch.ones(2, 1, 1, dtype=torch.bool)
    >>> partner_of(Folded(x, there, torch.tensor([[True, True]]))).x.flatten().tolist()
    [5.0, 1.0]
    """
    B, M = bodies.present.shape
    if M == 1:
        return None
    if all_seen:
        people = torch.unflatten(bodies.x, 0, (B, M))
        midst = (people.sum(dim=1, keepdim=True) - people) / (M - 1)
        return Partner(midst.flatten(0, 1), None)
    seen = torch.unflatten(bodies.mask, 0, (B, M))
    coords = torch.where(seen[..., None], torch.unflatten(bodies.x, 0, (B, M)), 0.0)
    count = seen.sum(dim=1, keepdim=True) - seen.to(torch.int64)  # [B,M,T,N]
    others = (coords.sum(dim=1, keepdim=True) - coords) / count.clamp_min(1)[..., None]
    mask = (count > 0).flatten(0, 1)
    return Partner(torch.where(mask[..., None], others.flatten(0, 1), 0.0), mask)


class Present(NamedTuple):
    """The bodies that are there, and each one's row among all of them."""

    bodies: Folded  # x and mask of R' bodies, `present` of all
    partner: Partner | None
    rows: Tensor | None  # [R']; None: all are there

    def among_all(self, y: Tensor) -> Tensor:
        """Return `y [R',...]` as `[R,...]`, 0 for who is not there."""
        if self.rows is None:
            return y
        return y.new_zeros(self.bodies.present.numel(), *y.shape[1:]).index_copy(0, self.rows, y)


def only_present(bodies: Folded, partner: Partner | None) -> Present:
    """Leave out who is not there: nothing is computed for them, and nothing normalised over them.

    A compiled or exported graph cannot look; it computes all. Where nobody is there, all stay.

    >>> there = torch.tensor([[True, True], [True, False]])
    >>> bodies = Folded(torch.zeros(4, 1, 1, 1), there.view(4, 1, 1), there)
    >>> found = only_present(bodies, None)
    >>> len(found.bodies.x), found.among_all(torch.ones(3)).tolist()
    (3, [1.0, 1.0, 1.0, 0.0])
    """
    there = bodies.present.flatten()
    if torch.compiler.is_compiling() or bool(there.all()) or not bool(there.any()):
        return Present(bodies, partner, None)
    rows = there.nonzero()[:, 0]
    if partner is not None:
        seen = None if partner.mask is None else partner.mask[rows]
        partner = Partner(partner.x[rows], seen)
    return Present(Folded(bodies.x[rows], bodies.mask[rows], bodies.present), partner, rows)


class Distances(nn.Module):
    """How far each joint is from H marks, and how that changes, as motion kernels see it.

    The marks are the ends of the body (head, hands, feet: joints that are nobody's parent) and its
    root. With `partner` they are the partner's, too. A distance stays what it is however the
    camera stands; it is 0 where one of both joints was not seen.

    >>> arm = Skeleton("arm", joints=("shoulder", "elbow", "hand"),
    ...                bones=(("elbow", "shoulder"), ("hand", "elbow")), root="shoulder")
    >>> distances = Distances(arm, scales=())
    >>> distances.marks
    ('hand', 'shoulder')
    >>> x = torch.tensor([[[[0.0, 0, 0], [3, 0, 0], [3, 4, 0]]]])             # [R,T,N,D]
    >>> distances(x)[0, 0].tolist()                         # of each joint, from hand and shoulder
    [[5.0, 0.0], [4.0, 3.0], [0.0, 5.0]]
    """

    places: Tensor

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        scales: tuple[int, ...] = (1, 2, 4),
        bank: int = 2,
        learnable: bool = True,
        partner: bool = False,
    ) -> None:
        super().__init__()
        self.marks = marks_of(skeleton)
        self.partner = partner
        places = [skeleton.index(joint) for joint in self.marks]
        self.register_buffer("places", torch.tensor(places), persistent=False)
        # Without scales nothing tells how distances change.
        self.kernels = MotionKernels(1, scales, bank=bank, learnable=learnable) if scales else None
        sources = [name for name, _ in self.kernels.channel_names] if self.kernels else ["position"]
        whose = ("", "partner's ") if partner else ("",)
        self.names = tuple(  # of the output's channels
            f"distance to {owner}{mark}" + ("" if source == "position" else f", {source}")
            for owner in whose
            for mark in self.marks
            for source in sources
        )
        self.signal_count = len(self.marks) * len(whose)
        self.out_channels = len(self.names)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, partner: Partner | None = None
    ) -> Tensor:
        """Return `[R,T,N,S]` of bodies `x [R,T,N,D]`, seen where `mask [R,T,N]`."""
        return self._all_of(self._moving(x, mask, partner)[0], x.shape[2])

    def bridged(self, x: Tensor, mask: Tensor | None, partner: Partner | None) -> Tensor:
        """Return the same, on a line between what is known where it would be 0."""
        distance, known = self._moving(x, mask, partner)
        return self._all_of(without_gaps(distance, known), x.shape[2])

    def _moving(
        self, x: Tensor, mask: Tensor | None, partner: Partner | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return `[R,T,N·H,S/H]`, and where that is known, `[R,T,N·H]`."""
        distance, known = self.signals(x, mask, partner)
        distance = distance.permute(0, 3, 2, 1).flatten(2)[..., None]  # [R,T,N·H,1]
        pairs = None if known is None else known.permute(0, 3, 2, 1).flatten(2)
        if self.kernels is not None:
            distance = self.kernels(distance, pairs)  # [R,T,N·H,S/H]
        return distance, pairs

    def _all_of(self, distance: Tensor, joints: int) -> Tensor:
        found = torch.unflatten(distance, 2, (joints, -1)).flatten(3)  # [R,T,N,S]
        return nn.functional.pad(found, (0, self.out_channels - found.shape[-1]))  # nobody else

    def signals(
        self, x: Tensor, mask: Tensor | None, partner: Partner | None
    ) -> tuple[Tensor, Tensor | None]:
        """Return all distances `[R,H,N,T]`, and where they are known; H is twice with a partner.

        Masks may have one frame, where nothing comes or goes: then that has one frame, too.
        """
        sides = [Partner(x, mask)]
        if self.partner and partner is not None:
            sides.append(partner)
        apart = torch.cat([self._marks(side.x) for side in sides], dim=2)  # [R,D,H,T]
        square = torch.zeros((), dtype=x.dtype, device=x.device)
        for joints, marks in zip(x.permute(3, 0, 2, 1).contiguous(), apart.unbind(1), strict=True):
            between = joints[:, None] - marks[:, :, None]  # [R,H,N,T], of one axis
            square = torch.addcmul(square, between, between)
        if square.requires_grad:
            # A root has no gradient at 0, where a joint is its own mark; a clamped one has 0.
            root = square.clamp_min(torch.finfo(square.dtype).tiny).sqrt()
            near = torch.where(square > 0, root, 0.0)
        else:
            near = square.sqrt()
        if mask is None and all(side.mask is None for side in sides):
            return near, None
        masks = [one for one in (mask, *(side.mask for side in sides)) if one is not None]
        frames = masks[0].shape[1]
        known = torch.cat([self._both(mask, side, x, frames) for side in sides], dim=1)
        return near * known.to(near.dtype), known  # a broadcast condition would be slow

    def responses(self) -> Tensor:
        """Return what the channels of a mark take of the frames around one, `[S,S/H,1]`."""
        if self.kernels is None:
            return torch.ones(1, 1, 1, device=self.places.device)
        return self.kernels.responses()[0]

    def taps_of(self, weight: Tensor, *, alone: bool) -> Tensor:
        """Return the one filter `[S,C,H]` that the kernels and a map `weight [C,S]` are."""
        per_mark = torch.unflatten(weight, 1, (self.signal_count, -1))
        per_mark = per_mark[:, : len(self.marks)] if alone else per_mark  # [C,H,S/H]
        if self.kernels is None:
            return per_mark[..., 0][None]
        taps = self.responses()[..., 0]  # [S,S/H]
        return torch.einsum("che,se->sch", per_mark.to(taps.dtype), taps)

    def _marks(self, x: Tensor) -> Tensor:
        return x.index_select(2, self.places).permute(0, 3, 2, 1)  # [R,D,H,T]

    def _both(self, mask: Tensor | None, side: Partner, x: Tensor, frames: int) -> Tensor:
        """Return where both a joint and a mark of one side were seen, `[R,H,N,T]`, or one frame.

        The masks have as many `frames`: one, where nothing comes or goes.
        """
        shape = x.shape[0], len(self.marks), x.shape[2], frames
        both = torch.ones(shape, dtype=torch.bool, device=x.device)
        if mask is not None:
            both = both & mask.transpose(1, 2)[:, None]
        if side.mask is not None:
            both = both & side.mask.index_select(2, self.places).transpose(1, 2)[:, :, None]
        return both


def marks_of(skeleton: Skeleton) -> tuple[str, ...]:
    """Return the ends of a body, joints that are nobody's parent, and then its root.

    >>> from skelfuse.layouts import NW_UCLA
    >>> marks_of(NW_UCLA)
    ('head', 'left_hand', 'right_hand', 'left_foot', 'right_foot', 'spine')
    """
    parents = {parent for joint, parent in enumerate(skeleton.parents) if parent != joint}
    ends = [joint for i, joint in enumerate(skeleton.joints) if i not in parents]
    return (*(joint for joint in ends if joint != skeleton.root), skeleton.root)
