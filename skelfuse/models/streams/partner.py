"""How a joint lies to the other people of the clip."""

from __future__ import annotations

from skelfuse.models.persons import Bodies
from skelfuse.models.streams.distances import Distances, distances_between
from skelfuse.models.streams.joint import AXES
from skelfuse.models.streams.stream import Signals, Stream
from skelfuse.skeleton import Skeleton


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
        partner = bodies.partner
        offset = bodies.x - partner.x
        if partner.ever is None:
            return Signals(offset, None)
        known = partner.ever if bodies.ever is None else partner.ever & bodies.ever
        return Signals(offset, known[..., None])


class PartnerDistances(Distances):
    """How far each joint is from the ends of the partner's body and its root.

    >>> from skelfuse.layouts import KINECT_V2
    >>> PartnerDistances(KINECT_V2).names[0]
    "distance to partner's head"
    """

    words = "distance to partner's"

    def forward(self, bodies: Bodies) -> Signals:
        """Return `[R,T,N,H]`."""
        partner = bodies.partner
        values = distances_between(bodies.x, partner.x.index_select(2, self.marks))
        if partner.ever is None:
            return Signals(values, None)
        known = partner.ever.index_select(1, self.marks)[:, None]  # [R,1,H]
        known = known.expand(-1, bodies.x.shape[2], -1)
        return Signals(values, known if bodies.ever is None else known & bodies.ever[..., None])
