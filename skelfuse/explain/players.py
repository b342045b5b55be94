"""What can be hidden of a clip, piece by piece: its joints, its limbs, its moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from skelfuse.arrays import Bools
from skelfuse.explain.limbs import limbs_of
from skelfuse.skeleton import Skeleton

Kind = Literal["joints", "limbs", "moments"]

MOMENTS = 6  # parts of a clip: all 64 ways to see some of them can be asked


@dataclass(frozen=True, eq=False)
class Players:
    """The pieces of one clip `[C,T,M,N]` (crops, frames, persons, joints) that are hidden or seen.

    Each is there: what was never seen is no player. `cells` says which cells a player is.
    """

    names: tuple[str, ...]  # P
    cells: Tensor  # [P,...] bool; what follows broadcasts to [C,T,M,N]

    def __len__(self) -> int:
        return len(self.names)

    def seen(self, coalitions: Bools) -> Tensor:
        """Return which cells are left of each coalition `[E,P]`: `[E,...]`, False where hidden.

        >>> arms = Players(("left", "right"), torch.eye(2, dtype=torch.bool)[:, None, None, None])
        >>> arms.seen(np.array([[True, False]])).flatten().tolist()
        [True, False]
        """
        cells = self.cells.flatten(1).float()
        absent = torch.from_numpy(~coalitions).to(cells)
        return ~torch.unflatten(absent @ cells > 0, 1, self.cells.shape[1:])


class Segment(NamedTuple):
    """A part of a clip's time, from frame position to frame position."""

    first: float
    last: float


def joint_players(mask: Tensor, skeleton: Skeleton) -> Players:
    """Return every joint that `mask [C,T,M,N]` shows at any time; of several people, of each.

    >>> from skelfuse.skeleton import Skeleton
    >>> arm = Skeleton("arm", ("elbow", "hand"), bones=(("hand", "elbow"),), root="elbow")
    >>> joint_players(torch.ones(1, 4, 2, 2, dtype=torch.bool), arm).names
    ('elbow, person 1', 'hand, person 1', 'elbow, person 2', 'hand, person 2')
    """
    return _groups(mask, {joint: (joint,) for joint in skeleton.joints}, skeleton)


def limb_players(mask: Tensor, skeleton: Skeleton) -> Players:
    """Return every limb of which `mask [C,T,M,N]` shows anything; of several people, of each."""
    return _groups(mask, limbs_of(skeleton), skeleton)


def _groups(mask: Tensor, groups: dict[str, tuple[str, ...]], skeleton: Skeleton) -> Players:
    seen = mask.flatten(0, 1).any(dim=0)  # [M,N]
    present = seen.any(dim=1).nonzero()[:, 0].tolist()
    names, cells = [], []
    for m in present:
        for name, joints in groups.items():
            own = torch.zeros_like(seen)
            own[m, [skeleton.index(joint) for joint in joints]] = True
            if bool((own & seen).any()):
                names.append(f"{name}, person {m + 1}" if len(present) > 1 else name)
                cells.append(own[None, None])
    none = seen.new_zeros((0, 1, 1, *seen.shape))
    return Players(tuple(names), torch.stack(cells) if cells else none)


def moment_players(
    mask: Tensor, position: Tensor, *, count: int = MOMENTS
) -> tuple[Players, tuple[Segment, ...]]:
    """Return equal parts of a clip's time, at most `count`, and where they begin and end.

    `position [C,T]` says where in the clip each frame of `mask [C,T,M,N]` is. A part in which
    nothing was seen is no player.
    """
    seen = mask.flatten(2).any(dim=2)  # [C,T]
    position = position.to(mask.device)
    if not bool(seen.any()):
        return Players((), seen.new_zeros((0, *seen.shape, 1, 1))), ()
    first, last = (float(end) for end in position[seen].aminmax())
    count = min(count, len(torch.unique(position[seen])))
    edges = np.linspace(first, last, count + 1)
    number = ((position - first) / ((last - first) or 1.0) * count).long().clamp(0, count - 1)
    cells = torch.stack([(number == i) & seen for i in range(count)])  # [P,C,T]
    kept = [i for i in range(count) if bool(cells[i].any())]
    names = tuple(f"moment {i + 1}" for i in kept)
    segments = tuple(Segment(float(edges[i]), float(edges[i + 1])) for i in kept)
    return Players(names, cells[kept][..., None, None]), segments
