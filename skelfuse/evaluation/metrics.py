"""How good predictions are, in numbers. Classes are columns; C clips, K classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skelfuse.arrays import Array, Bools
from skelfuse.errors import SkelfuseError

IntArray = npt.NDArray[np.int64]
BINS = 15  # of the calibration error
TOP = 5


@dataclass(frozen=True)
class Metrics:
    """One number each; all but `clips` lie between 0 and 1. docs/evaluation.md defines them."""

    clips: int
    top1: float
    top5: float | None  # None with five classes or fewer, where it would always be 1
    mean_class_accuracy: float
    macro_f1: float
    calibration_error: float


class PerClass(NamedTuple):
    """Numbers of each class `[K]`; NaN where there is nothing to divide by."""

    precision: Array
    recall: Array
    f1: Array
    support: IntArray  # clips that truly are of the class


class Confusion(NamedTuple):
    """Clips of one class that were taken for another."""

    label: str
    prediction: str
    clips: int
    of: int  # clips of the class `label`


def metrics(probability: Array, label: IntArray) -> Metrics:
    """Return every metric of `probability [C,K]` for clips that truly are `label [C]`.

    >>> found = metrics(np.array([[0.75, 0.25], [0.25, 0.75], [0.0, 1.0]]), np.array([0, 1, 0]))
    >>> found.clips, found.top1, found.mean_class_accuracy
    (3, 0.6666666666666666, 0.75)
    """
    _check(probability, label)
    rank = ranks(probability, label)
    K = probability.shape[1]
    of_class = per_class(confusion_matrix(label, probability.argmax(axis=1), K))
    return Metrics(
        clips=len(label),
        top1=float((rank == 0).mean()),
        top5=float((rank < TOP).mean()) if K > TOP else None,
        mean_class_accuracy=float(np.nanmean(of_class.recall)),
        macro_f1=float(np.nanmean(of_class.f1)),
        calibration_error=calibration_error(probability.max(axis=1), rank == 0),
    )


def ranks(probability: Array, label: IntArray) -> IntArray:
    """Return how many classes come before the true one, `[C]`; of equals the first one does.

    >>> ranks(np.array([[0.5, 0.2, 0.3], [0.4, 0.4, 0.2]]), np.array([2, 1]))
    array([1, 1])
    """
    true = np.take_along_axis(probability, label[:, None], axis=1)  # [C,1]
    before = np.arange(probability.shape[1]) < label[:, None]
    ahead: IntArray = ((probability > true) | ((probability == true) & before)).sum(axis=1)
    return ahead


def confusion_matrix(label: IntArray, prediction: IntArray, classes: int) -> IntArray:
    """Return the number of clips `[K,K]` of each true class (row) by predicted class (column).

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), classes=2)
    array([[1, 1],
           [0, 1]])
    """
    counts = np.bincount(label * classes + prediction, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def per_class(confusion: IntArray) -> PerClass:
    """Return precision, recall, F1 and support of each class from `confusion [K,K]`.

    >>> per_class(np.array([[3, 1], [0, 0]])).recall
    array([0.75,  nan])
    """
    right, true, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return PerClass(
        precision=_share(right, predicted),
        recall=_share(right, true),
        f1=_share(2 * right, true + predicted),
        support=true,
    )


def calibration_error(confidence: Array, right: Bools, bins: int = BINS) -> float:
    """Return by how much confidence `[C]` and accuracy differ on average, clips in equal bins.

    >>> calibration_error(np.array([0.75, 0.75, 1.0, 1.0]), np.array([True, True, True, False]))
    0.375
    """
    place = np.digitize(confidence, np.arange(1, bins) / bins, right=True)
    surplus = np.bincount(place, weights=confidence - right, minlength=bins)
    return float(np.abs(surplus).sum() / len(confidence))


def worst_confusions(
    confusion: IntArray, class_names: Sequence[str], most: int = 10
) -> list[Confusion]:
    """Return the pairs of classes most often confused: by clips, then by share of the class.

    >>> worst_confusions(np.array([[3, 1], [4, 0]]), ["sit", "stand"])[0]
    Confusion(label='stand', prediction='sit', clips=4, of=4)
    """
    of = confusion.sum(axis=1)
    pairs = [(int(a), int(b)) for a, b in np.argwhere(confusion) if a != b]
    pairs.sort(key=lambda pair: (-confusion[pair], of[pair[0]], pair))
    return [
        Confusion(class_names[a], class_names[b], int(confusion[a, b]), int(of[a]))
        for a, b in pairs[:most]
    ]


def _share(part: IntArray, whole: IntArray) -> Array:
    share = np.full(len(part), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _check(probability: Array, label: IntArray) -> None:
    if not len(label) or probability.shape[:1] != label.shape:
        raise SkelfuseError(
            "metrics need clips, and as many labels as rows of probabilities",
            expected="probability [C,K], label [C], C of at least 1",
            found=f"{list(probability.shape)}, {list(label.shape)}",
        )
    if label.min() < 0 or label.max() >= probability.shape[1]:
        raise SkelfuseError(
            "a label is not one of the classes",
            expected=f"0 to {probability.shape[1] - 1}",
            found=f"{label.min()} to {label.max()}",
        )
