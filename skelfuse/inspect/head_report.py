"""What each class listens to: joints, scales, statistics and directions, by their weights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from skelfuse.arrays import Array
from skelfuse.telling.words import joint_words, scale_words, statistic_kind

if TYPE_CHECKING:
    from skelfuse.layers.statistics import Feature


FLOOR = 0.01  # a weight below which an output hardly listens; where new heads start
PARTS_SHOWN = 4  # of a direction


@dataclass(frozen=True, eq=False)
class HeadWeights:
    """A head as arrays; joints in the model's own order."""

    features: tuple[Feature, ...]  # F
    joints: tuple[str, ...]  # N
    class_names: tuple[str, ...]
    weight: Array  # [F,C], W of FrierenFuse, never negative
    of_y: Array  # [classes,N,C], what y is worth to each class
    directions: Array  # [K,inputs]
    inputs: tuple[str, ...]  # the names of what directions combine
    frames: int  # of the clip in one step of FrierenFuse
    spread: Array | None = None  # [N,F], each feature's standard deviation over clips

    def of_class(self, number: int) -> Array:
        """Return what each joint's features are worth to one class, `[N,F]`.

        With `spread`: what a feature that is one standard deviation greater adds to the logit.
        """
        worth: Array = self.of_y[number] @ self.weight.T  # [N,F]
        return worth if self.spread is None else worth * self.spread

    def without(self, word: str) -> HeadWeights:
        """Return the head without the inputs whose names have a word in them."""
        kept = [i for i, name in enumerate(self.inputs) if word not in name]
        inputs = tuple(self.inputs[i] for i in kept)
        return replace(self, directions=self.directions[:, kept], inputs=inputs)


@dataclass(frozen=True)
class Entry:
    """One of the strongest ways by which motion speaks for a class, or against it."""

    joint: str
    feature: Feature
    worth: float


@dataclass(frozen=True)
class ClassReport:
    """What a class listens to most."""

    name: str
    entries: tuple[Entry, ...]  # the strongest first
    share: float  # of the class's whole weight that these entries hold


@dataclass(frozen=True)
class Sparsity:
    """How few features each output of the head listens to."""

    below_floor: float  # share of the weights
    inputs_least: float  # effective number of inputs of an output: (Σw)² / Σw²
    inputs_median: float
    inputs_most: float


@dataclass(frozen=True)
class DirectionReport:
    """A direction as a sum of input channels."""

    number: int
    parts: tuple[tuple[str, float], ...]  # the largest weights first
    share: float  # of its squared weights that these parts hold


@dataclass(frozen=True)
class HeadReport:
    """What a trained head is like."""

    classes: tuple[ClassReport, ...]
    by_scale: dict[str, float]  # shares of the absolute weight over all classes; sum to 1
    by_statistic: dict[str, float]
    by_joint: dict[str, float]
    sparsity: Sparsity
    directions: tuple[DirectionReport, ...]
    frames: int
    measured: bool  # weights are per standard deviation, and so comparable


def report_head(
    head: HeadWeights, *, top: int = 5, only: Sequence[int] | None = None
) -> HeadReport:
    """Find the `top` strongest entries of each class (of `only` these), and where the weight is.

    >>> from skelfuse.layers.statistics import feature_names
    >>> head = HeadWeights(feature_names(1, (1,), 0, (1,)), ("hand", "foot"), ("wave",),
    ...                    weight=np.eye(9), of_y=np.arange(18.0).reshape(1, 2, 9),
    ...                    directions=np.eye(1), inputs=("x",), frames=1)
    >>> found = report_head(head, top=1)
    >>> entry = found.classes[0].entries[0]
    >>> entry.joint, str(entry.feature), entry.worth
    ('foot', 'range, direction 0', 17.0)
    >>> round(found.by_joint["foot"], 3)
    0.765
    """
    of_feature = np.zeros(len(head.features))
    of_joint = np.zeros(len(head.joints))
    classes = []
    for number, name in enumerate(head.class_names):
        worth = head.of_class(number)  # [N,F]
        size = np.abs(worth)
        of_feature += size.sum(0)
        of_joint += size.sum(1)
        if only is None or number in only:
            classes.append(_class(head, name, worth, size, top))
    joints = dict(zip(map(joint_words, head.joints), _shares(of_joint), strict=True))
    return HeadReport(
        tuple(classes),
        _grouped(head, of_feature, lambda feature: scale_words(feature, frames=head.frames)),
        _grouped(head, of_feature, statistic_kind),
        dict(sorted(joints.items(), key=lambda one: -one[1])),
        sparsity_of(head.weight),
        tuple(_direction(head, k) for k in range(len(head.directions))),
        head.frames,
        head.spread is not None,
    )


def sparsity_of(weight: Array, *, floor: float = FLOOR) -> Sparsity:
    """Measure `W [F,C]`.

    >>> found = sparsity_of(np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]))
    >>> found.below_floor, found.inputs_least, found.inputs_most
    (0.625, 1.0, 2.0)
    """
    square = np.square(weight).sum(0)
    # An output that listens to nothing has no inputs.
    inputs = np.square(weight.sum(0)) / np.where(square > 0, square, 1.0)  # [C]
    return Sparsity(
        float((weight < floor).mean()),
        float(inputs.min()),
        float(np.median(inputs)),
        float(inputs.max()),
    )


def _class(head: HeadWeights, name: str, worth: Array, size: Array, top: int) -> ClassReport:
    top = min(top, size.size)
    strongest = np.argpartition(-size, top - 1, axis=None)[:top]
    strongest = strongest[np.argsort(-size.ravel()[strongest], kind="stable")]
    entries = []
    for place in strongest:
        n, f = np.unravel_index(place, size.shape)
        entries.append(Entry(head.joints[n], head.features[f], float(worth[n, f])))
    share = float(size.ravel()[strongest].sum() / (size.sum() or 1.0))
    return ClassReport(name, tuple(entries), share)


def _grouped(
    head: HeadWeights, of_feature: Array, named: Callable[[Feature], str]
) -> dict[str, float]:
    total: defaultdict[str, float] = defaultdict(float)
    for feature, share in zip(head.features, _shares(of_feature), strict=True):
        total[named(feature)] += share
    return dict(total)


def _direction(head: HeadWeights, number: int) -> DirectionReport:
    weights = head.directions[number]  # [inputs]
    largest = np.argsort(-np.abs(weights), kind="stable")[:PARTS_SHOWN]
    square = np.square(weights)
    return DirectionReport(
        number,
        tuple((head.inputs[i], float(weights[i])) for i in largest),
        float(square[largest].sum() / (square.sum() or 1.0)),
    )


def _shares(values: Array) -> list[float]:
    shares: list[float] = (values / (values.sum() or 1.0)).tolist()
    return shares
