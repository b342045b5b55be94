"""How a joint lies to the other people of the clip."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from skelfuse.models.persons import Bodies
from skelfuse.models.streams.distances import distances_between, marks_of
from skelfuse.models.streams.joint import AXES
from skelfuse.models.streams.stream import Signals, Stream
from skelfuse.skeleton import Skeleton


class Partner(NamedTuple):
    """What a body has before it: the others of its clip, as one body in their midst."""

    x: Tensor  # [R,T,N,D]
    ever: Tensor | None  # [R,N], whether anybody else's joint was seen; None: every one


def partner_of(bodies: Bodies) -> Partner:
    """Return each body's partner. Of several people it is their average, whatever their order.

    >>> x = torch.tensor([[[[1.0]]], [[[5.0]]]])            # two people [R,T,N,D] of one clip
    >>> partner_of(Bodies(x, None, None, persons=2)).x.flatten().tolist()
    [5.0, 1.0]
    """
    M, people = bodies.persons, torch.unflatten(bodies.x, 0, (-1, bodies.persons))
    if bodies.ever is None:
        midst = (people.sum(dim=1, keepdim=True) - people) / max(M - 1, 1)  # [B,M,T,N,D]
        nobody = torch.zeros_like(bodies.x[:, 0, :, 0], dtype=torch.bool)  # [R,N]
        return Partner(midst.flatten(0, 1), nobody if M == 1 else None)
    weight = torch.unflatten(bodies.ever, 0, (-1, M)).to(bodies.x.dtype)[:, :, None, :, None]
    people = people * weight
    others = weight.sum(dim=1, keepdim=True) - weight  # [B,M,1,N,1]
    midst = (people.sum(dim=1, keepdim=True) - people) / others.clamp_min(1)
    return Partner(midst.flatten(0, 1), others.flatten(0, 1)[:, 0, :, 0] > 0)


class PartnerOffset(Stream):
    """A joint minus the partner's same joint, known where both were seen.

    >>> from skelfuse.layouts import KINECT_V2
    >>> PartnerOffset(KINECT_V2).names
    ('to partner x', 'to partner y', 'to partner z')
    """

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__(skeleton)
        self.names = tuple(f"to partner {axis}" for axis in AXES[: skeleton.dimensions])

    def forward(self, bodies: Bodies) -> Signals:
        """Return `[R,T,N,D]`."""
        partner = partner_of(bodies)
        offset = bodies.x - partner.x
        if partner.ever is None:
            return Signals(offset, None)
        known = partner.ever if bodies.ever is None else partner.ever & bodies.ever
        return Signals(offset, known[..., None])


class PartnerDistances(Stream):
    """How far each joint is from the ends of the partner's body and its root.

    >>> from skelfuse.layouts import KINECT_V2
    >>> PartnerDistances(KINECT_V2).names[0]
    "distance to partner's head"
    """

    marks: Tensor
    alike = True

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__(skeleton)
        names = marks_of(skeleton)
        self.names = tuple(f"distance to partner's {name}" for name in names)
        places = torch.tensor([skeleton.index(name) for name in names])
        self.register_buffer("marks", places, persistent=False)

    def forward(self, bodies: Bodies) -> Signals:
        """Return `[R,T,N,H]`."""
        partner = partner_of(bodies)
        values = distances_between(bodies.x, partner.x.index_select(2, self.marks))
        if partner.ever is None:
            return Signals(values, None)
        known = partner.ever.index_select(1, self.marks)[:, None]  # [R,1,H]
        known = known.expand(-1, bodies.x.shape[2], -1)
        return Signals(values, known if bodies.ever is None else known & bodies.ever[..., None])
