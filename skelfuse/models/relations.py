"""What a joint has to do with the rest: how far from the body's ends it is, and from a partner."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.layers.kernels import MotionKernels
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
        self.out_channels = len(self.names)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, partner: Partner | None = None
    ) -> Tensor:
        """Return `[R,T,N,S]` of bodies `x [R,T,N,D]`, seen where `mask [R,T,N]`."""
        found = [self._to(x, mask, x, mask)]
        if self.partner:
            found.append(
                torch.zeros_like(found[0])
                if partner is None
                else self._to(x, mask, partner.x, partner.mask)
            )
        return torch.cat(found, dim=-1)

    def mapped(
        self, x: Tensor, mask: Tensor | None, partner: Partner | None, weight: Tensor
    ) -> Tensor:
        """Return `forward(x, mask, partner) @ weight.T`, with `weight [C,S]`.

        Where everything was seen, filters and weights are made one before they meet a distance.
        """
        hidden = mask is not None or (partner is not None and partner.mask is not None)
        if hidden or self.kernels is None:
            found: Tensor = self(x, mask, partner) @ weight.T
            return found
        near = [self._distance(x, x)]  # each [R,T,N,H]
        if self.partner and partner is not None:
            near.append(self._distance(x, partner.x))
        distances = torch.cat(near, dim=-1)  # [R,T,N,H or 2H]
        C, marks = len(weight), distances.shape[-1]
        of_marks = weight.view(C, -1, self.kernels.out_channels)[:, :marks]
        return self.kernels.shared_out(distances, of_marks)

    def _distance(self, x: Tensor, others: Tensor) -> Tensor:
        marks = others.index_select(2, self.places)  # [R,T,H,D]
        square = torch.zeros((), dtype=x.dtype, device=x.device)
        for axis in range(x.shape[-1]):  # one axis at a time: nothing has both H and D
            apart = x[..., axis, None] - marks[:, :, None, :, axis]
            square = torch.addcmul(square, apart, apart)
        return square.sqrt()

    def _to(
        self, x: Tensor, mask: Tensor | None, others: Tensor, others_mask: Tensor | None
    ) -> Tensor:
        R, T, N, _ = x.shape
        marks = others.index_select(2, self.places)  # [R,T,H,D]
        distance: Tensor = torch.linalg.vector_norm(x[:, :, :, None] - marks[:, :, None], dim=-1)
        both = _both(mask, others_mask, self.places)
        if both is not None:
            both = both.expand(distance.shape)  # [R,T,N,H]
            distance = torch.where(both, distance, 0.0)
        if self.kernels is None:
            return distance
        pairs = None if both is None else both.flatten(2)
        moving: Tensor = self.kernels(distance.flatten(2)[..., None], pairs)  # [R,T,N·H,S/H]
        return moving.reshape(R, T, N, -1)


def marks_of(skeleton: Skeleton) -> tuple[str, ...]:
    """Return the ends of a body, joints that are nobody's parent, and then its root.

    >>> from skelfuse.layouts import NW_UCLA
    >>> marks_of(NW_UCLA)
    ('head', 'left_hand', 'right_hand', 'left_foot', 'right_foot', 'spine')
    """
    parents = {parent for joint, parent in enumerate(skeleton.parents) if parent != joint}
    ends = [joint for i, joint in enumerate(skeleton.joints) if i not in parents]
    return (*(joint for joint in ends if joint != skeleton.root), skeleton.root)


def _both(mask: Tensor | None, others: Tensor | None, places: Tensor) -> Tensor | None:
    if others is not None:
        others = others.index_select(2, places)[:, :, None]  # [R,T,1,H]
    if mask is not None:
        mask = mask[..., None]  # [R,T,N,1]
    return others if mask is None else mask if others is None else mask & others
