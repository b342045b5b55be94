"""How fast a joint and its bone move, as the derivative of their spectrum."""

from __future__ import annotations

import torch

from skelfuse.layers.spectral_motion import SpectralMotion
from skelfuse.models.persons import Bodies
from skelfuse.models.streams.bone import Bone
from skelfuse.models.streams.joint import AXES, Joint
from skelfuse.models.streams.stream import Signals, Stream
from skelfuse.skeleton import Skeleton


class Velocity(Stream):
    """The velocity of each joint and of its bone by `SpectralMotion`, exact for what is smooth.

    >>> from skelfuse.layouts import KINECT_V2
    >>> Velocity(KINECT_V2).names[:3]
    ('joint, spectral motion x', 'joint, spectral motion y', 'joint, spectral motion z')
    """

    follows_motion = False

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__(skeleton)
        axes = AXES[: skeleton.dimensions]
        self.names = tuple(
            f"{what}, spectral motion {axis}" for what in ("joint", "bone") for axis in axes
        )
        self.joint, self.bone, self.derivative = Joint(skeleton), Bone(skeleton), SpectralMotion()

    def forward(self, bodies: Bodies) -> Signals:
        """Return `[R,T,N,2·D]`."""
        joints, bones = self.joint(bodies), self.bone(bodies)
        values = torch.cat([joints.values, bones.values], dim=-1)
        inside = None
        if bodies.inside is not None:
            inside = bodies.inside[:, :, None].expand(values.shape[:3])
        motion = self.derivative(values, inside)
        if bodies.ever is None:
            return Signals(motion, None)
        return Signals(motion, torch.cat([joints.told(), bones.told()], dim=-1))
