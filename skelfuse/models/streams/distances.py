"""How far a joint is from the ends of its body."""

from __future__ import annotations

import torch
from torch import Tensor

from skelfuse.models.persons import Bodies
from skelfuse.models.streams.stream import Signals, Stream
from skelfuse.skeleton import Skeleton


class Distances(Stream):
    """How far each joint is from H marks: the ends of the body and its root.

    The ends are the joints that are nobody's parent: head, hands, feet. A distance stays what it
    is however the camera stands.

    >>> from skelfuse.models.persons import Bodies
    >>> arm = Skeleton("arm", joints=("shoulder", "elbow", "hand"),
    ...                bones=(("elbow", "shoulder"), ("hand", "elbow")), root="shoulder")
    >>> distances = Distances(arm)
    >>> distances.names
    ('distance to hand', 'distance to shoulder')
    >>> x = torch.tensor([[[[0.0, 0, 0], [3, 0, 0], [3, 4, 0]]]])             # [R,T,N,D]
    >>> distances(Bodies(x, None, None, persons=1)).values[0, 0].tolist()
    [[5.0, 0.0], [4.0, 3.0], [0.0, 5.0]]
    """

    marks: Tensor
    alike = True
    words = "distance to"

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__(skeleton)
        names = marks_of(skeleton)
        self.names = tuple(f"{self.words} {name}" for name in names)
        places = torch.tensor([skeleton.index(name) for name in names])
        self.register_buffer("marks", places, persistent=False)

    def forward(self, bodies: Bodies) -> Signals:
        """Return `[R,T,N,H]`."""
        values = distances_between(bodies.x, bodies.x.index_select(2, self.marks))
        if bodies.ever is None:
            return Signals(values, None)
        both = bodies.ever[:, :, None] & bodies.ever.index_select(1, self.marks)[:, None]
        return Signals(values, both)


def marks_of(skeleton: Skeleton) -> tuple[str, ...]:
    """Return the ends of a body, joints that are nobody's parent, and then its root.

    >>> from skelfuse.layouts import NW_UCLA
    >>> marks_of(NW_UCLA)
    ('head', 'left_hand', 'right_hand', 'left_foot', 'right_foot', 'spine')
    """
    parents = {parent for joint, parent in enumerate(skeleton.parents) if parent != joint}
    ends = [joint for i, joint in enumerate(skeleton.joints) if i not in parents]
    return (*(joint for joint in ends if joint != skeleton.root), skeleton.root)


def distances_between(x: Tensor, marks: Tensor) -> Tensor:
    """Return how far joints `x [R,T,N,D]` are from `marks [R,T,H,D]`: `[R,T,N,H]`."""
    if x.dtype in (torch.bfloat16, torch.float16):  # of which cdist knows nothing on a CPU
        return distances_between(x.float(), marks.float()).to(x.dtype)
    # Exact near 0, where a joint is its own mark: there the gradient is 0.
    return torch.cdist(x, marks, compute_mode="donot_use_mm_for_euclid_dist")
