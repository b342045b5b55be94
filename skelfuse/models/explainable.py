"""What a model can say of its decisions, whatever it is made of inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.frieren import FrierenFuse
from skelfuse.layers.statistics import Feature


@dataclass(frozen=True, eq=False)
class Named:
    """The statistics of a clip's joints: numbers with names that the own path adds up."""

    features: Tensor  # [M,N,F], none negative
    signals: Tensor  # [M,S,N,K] along each direction, 0 where not seen: what they are taken of
    seen: Tensor  # [M,S,N]


@dataclass(frozen=True, eq=False)
class OwnSum:
    """A clip's logits taken apart: `own.sum over joints + together + bias = logits`.

    Joints are in the order of the skeleton that the model was built with.
    """

    logits: Tensor  # [classes]
    worth: Tensor  # [classes,M,N,C] of each number of each joint's summary y
    y: Tensor  # [M,N,C]
    usual: Tensor  # [classes,N] what each joint gives in the average training clip; 0 if unseen
    together: Tensor  # [classes] what the together path adds, 0 on average
    bias: Tensor  # [classes] the logits of the average training clip
    seen: Tensor  # [M,N] whose joints were seen
    named: Named | None  # what y is made of; None without FrierenFuse

    def by_joint(self) -> Tensor:
        """Return by how much each joint exceeds the average training clip, `[classes,N]`."""
        each = torch.einsum("kmnc,mnc->kn", self.worth, self.y)
        return each - self.usual


class Split(NamedTuple):
    """Logits of a batch: `shares.sum(-1) + together + rest = logits`."""

    logits: Tensor  # [B,classes]
    shares: Tensor  # [B,classes,N]
    together: Tensor  # [B,classes]
    rest: Tensor  # [classes]


@dataclass(frozen=True, eq=False)
class Head:
    """How the own path's statistics speak for classes, whatever the clip."""

    features: Sequence[Feature]  # F
    weight: Tensor  # [F,C], none negative
    worth: Tensor  # [classes,N,C] of y in a clip of one person
    directions: Tensor  # [K,inputs], of what is told of a joint
    inputs: tuple[str, ...]  # its names
    joints: tuple[str, ...]  # N, in the model's own order


class Explainable(Protocol):
    """A model whose decision is a sum over joints, and what they do together."""

    step: int  # frames in one of the steps at which it computes
    frieren: FrierenFuse | None

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints, as the skeleton that the model was built with lists them."""
        ...

    def by_joint(self, x: Tensor, mask: Tensor | None = None) -> Split:
        """Return the logits of `x [B,T,M,N,D]` and what each joint adds to them."""
        ...

    def taken_apart(self, x: Tensor, mask: Tensor | None = None) -> OwnSum:
        """Return the logits of one clip `x [1,T,M,N,D]` as a sum."""
        ...

    def head(self) -> Head:
        """Return what each statistic of each joint is worth to each class."""
        ...


MEMBERS = ("step", "frieren", "joints", "by_joint", "taken_apart", "head")


def explainable(model: nn.Module) -> Explainable:
    """Return a model that can be taken apart, or say which ones can.

    >>> explainable(nn.Linear(3, 4))
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: the decisions of Linear are no sum over joints; \
the model skelfuse in any size is one
    """
    # By its members: isinstance does not see modules within a module, from Python 3.12 on.
    if not all(hasattr(model, member) for member in MEMBERS):
        raise SkelfuseError(
            f"the decisions of {type(model).__name__} are no sum over joints",
            remedy="the model skelfuse in any size is one",
        )
    return cast("Explainable", model)
