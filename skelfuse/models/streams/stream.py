"""What every stream is: something of each joint that the motion kernels then follow in time."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.models.persons import Bodies
from skelfuse.skeleton import Skeleton


class Signals(NamedTuple):
    """What a stream tells of each joint."""

    values: Tensor  # [R,T,N,S]
    known: Tensor | None  # [R,N,S] or [R,N,1], whether this clip tells it; None: always

    def told(self) -> Tensor:
        """Return whether this clip tells each signal, `[R,N,S]`."""
        first = self.values[:, 0]
        everything = torch.ones((), dtype=torch.bool, device=first.device)
        return (everything if self.known is None else self.known).expand_as(first)


class Stream(nn.Module):
    """Tell S numbers of each joint at each frame; `names` are theirs.

    A stream of your own is a class with these four, and a word in `STREAMS`:

    - `__init__(skeleton)`: joints in the model's own order;
    - `names`: S of them, in words that an explanation can print;
    - `forward(bodies)`: the `Signals`;
    - `follows_motion`: whether motion kernels see it too; `alike`: whether all S signals are
      of one kind and share one set of kernels.

    Only what has to do with joint j may be told of joint j, or its evidence is not its own.
    """

    names: tuple[str, ...]
    follows_motion: bool = True
    alike: bool = False

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        self.skeleton = skeleton

    def forward(self, bodies: Bodies) -> Signals:
        """Return S signals of each joint of `bodies`."""
        raise NotImplementedError
