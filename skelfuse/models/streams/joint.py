"""Where a joint is."""

from __future__ import annotations

from skelfuse.models.persons import Bodies
from skelfuse.models.streams.stream import Signals, Stream
from skelfuse.skeleton import Skeleton

AXES = "xyz"


class Joint(Stream):
    """The coordinates of each joint.

    >>> from skelfuse.layouts import KINECT_V2
    >>> Joint(KINECT_V2).names
    ('joint x', 'joint y', 'joint z')
    """

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__(skeleton)
        self.names = tuple(f"joint {axis}" for axis in AXES[: skeleton.dimensions])

    def forward(self, bodies: Bodies) -> Signals:
        """Return `[R,T,N,D]`."""
        return Signals(bodies.x, None if bodies.ever is None else bodies.ever[..., None])
