"""How a joint lies to its parent."""

from __future__ import annotations

import torch
from torch import Tensor

from skelfuse.models.persons import Bodies
from skelfuse.models.streams.joint import AXES
from skelfuse.models.streams.stream import Signals, Stream
from skelfuse.skeleton import Skeleton


class Bone(Stream):
    """A joint minus its parent, known where both were seen. The root's bone is zero.

    >>> from skelfuse.models.persons import Bodies
    >>> arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a")
    >>> x = torch.tensor([[[[1.0, 0, 0], [1, 2, 3]]]])                        # [R,T,N,D]
    >>> Bone(arm)(Bodies(x, None, None, persons=1)).values[0, 0, 1].tolist()
    [0.0, 2.0, 3.0]
    """

    parents: Tensor

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__(skeleton)
        self.names = tuple(f"bone {axis}" for axis in AXES[: skeleton.dimensions])
        self.register_buffer("parents", torch.tensor(skeleton.parents), persistent=False)

    def forward(self, bodies: Bodies) -> Signals:
        """Return `[R,T,N,D]`."""
        bones = bodies.x - bodies.x.index_select(2, self.parents)
        if bodies.ever is None:
            return Signals(bones, None)
        both = bodies.ever & bodies.ever.index_select(1, self.parents)
        return Signals(bones, both[..., None])
