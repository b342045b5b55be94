"""The own path's exact sum for a clip: each logit as joints × statistics, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from skelfuse.arrays import Array, Bools, array_of
from skelfuse.errors import SkelfuseError
from skelfuse.explain.evidence_time import Signals, over_time
from skelfuse.layers.statistics import Feature
from skelfuse.models.explainable import explainable


@dataclass(frozen=True, eq=False)
class Reasons:
    """One logit as a sum, or the difference between two: `own + together + bias = logit`.

    `usual` is what each joint gives in the average training clip.
    """

    logit: float  # as the model itself computes it
    own: Array  # [M,N,F], of each person's features
    together: float  # what the joints tell only together, 0 on average
    bias: float  # the logit of the average training clip
    usual: Array  # [N]
    timed: Array  # [M,S,N], own as it came about along the steps

    @property
    def total(self) -> float:
        """The sum of all parts, equal to `logit` up to the model's rounding."""
        return float(self.by_joint().sum() + self.together + self.bias)

    def by_joint(self) -> Array:
        """Return by how much each joint exceeds the average training clip: `[N]`.

        `by_joint().sum() + together + bias = total`.
        """
        own: Array = self.own.sum((0, 2))
        return own - self.usual

    def by_moment(self) -> Array:
        """Return each joint's evidence at every step, `[S,N]`, as if all steps were like it.

        The mean over steps is `by_joint()`.
        """
        timed: Array = self.timed.sum(0)  # [S,N]
        return timed * len(timed) - self.usual


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that a clip's logits are made of; joints in the order of the skeleton given."""

    joints: tuple[str, ...]  # N
    features: tuple[Feature, ...]  # F
    frames: int  # of the clip in one step of FrierenFuse
    logits: Array  # [classes], as the model computes them
    present: Bools  # [M]
    values: Array  # [M,N,F], the features, none negative
    weight: Array  # [F,C]
    worth: Array  # [classes,M,N,C], of each person's y
    together: Array  # [classes]
    bias: Array  # [classes]
    usual: Array  # [classes,N]
    signals: Signals

    def reasons(self, number: int, against: int | None = None) -> Reasons:
        """Return the reasons for a class, or what speaks for it rather than for another one."""

        def of(table: Array) -> Array:
            return np.asarray(table[number] if against is None else table[number] - table[against])

        each = of(self.worth) @ self.weight.T  # [M,N,F]
        return Reasons(
            float(of(self.logits)),
            each * self.values,
            float(of(self.together)),
            float(of(self.bias)),
            of(self.usual),
            over_time(self.signals, each),
        )


@torch.no_grad()
def evidence_of(model: nn.Module, x: Tensor, mask: Tensor | None = None) -> Evidence:
    """Take the logits of one clip `x [1,T,M,N,D]`, seen where `mask [1,T,M,N]` is True, apart.

    The maximum over persons is the evidence of the person who has it, the mean is shared.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> model = SkelFuse(KINECT_V2, num_classes=4, size="pure").eval()
    >>> found = evidence_of(model, torch.randn(1, 32, 2, 25, 3)).reasons(1)
    >>> found.own.shape, abs(found.total - found.logit) < 1e-5
    ((2, 25, 800), True)
    """
    check_explainable(model)
    found = explainable(model).taken_apart(x, mask)
    frieren, named = explainable(model).frieren, found.named
    assert frieren is not None
    assert named is not None
    return Evidence(
        explainable(model).joints,
        frieren.feature_names,
        explainable(model).step,
        array_of(found.logits),
        _bool(found.seen.any(dim=1)),
        array_of(named.features),
        array_of(frieren.weight()),
        array_of(found.worth),
        array_of(found.together),
        array_of(found.bias),
        array_of(found.usual),
        Signals(
            array_of(named.signals),
            _bool(named.seen),
            frieren.scales,
            frieren.poly_order,
            frieren.windows,
        ),
    )


def check_explainable(model: nn.Module, file: str | Path | None = None) -> None:
    """Raise where a model's logits do not split into named statistics; `file` is its checkpoint.

    >>> check_explainable(nn.Linear(3, 4))
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: the decisions of Linear are no sum over joints; \
the model skelfuse in any size is one
    """
    try:
        frieren = explainable(model).frieren
    except SkelfuseError as error:
        raise error if file is None else error.at(file) from None
    if frieren is None:
        raise SkelfuseError(
            "this run was trained without FrierenFuse, so nothing in it has a scale or a statistic",
            file=file,
            remedy="explain a run with model.fuse: true; predict --shares splits this one",
        )


def _bool(tensor: Tensor) -> Bools:
    return np.asarray(tensor.cpu().numpy())
