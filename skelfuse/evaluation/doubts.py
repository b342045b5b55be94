"""The clips whose label is believed least: a run's worst mistakes, or those of whoever labelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from skelfuse.arrays import Array
from skelfuse.evaluation.metrics import IntArray


class Doubt(NamedTuple):
    """A clip taken for another class than its label says, and how probable both are."""

    clip: str
    label: str
    probability_of_label: float
    prediction: str
    probability: float


def least_believed(
    probability: Array,
    label: IntArray,
    names: Sequence[str],
    class_names: Sequence[str],
    most: int = 10,
) -> list[Doubt]:
    """Return the mistaken clips, least probable label first; `probability` is `[C,K]`.

    >>> probability = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    >>> least_believed(probability, np.array([1, 0, 1]), ["a", "b", "c"], ["sit", "stand"])[0]
    Doubt(clip='a', label='stand', probability_of_label=0.1, prediction='sit', probability=0.9)
    """
    of_label = probability[np.arange(len(label)), label]
    prediction = probability.argmax(axis=1)
    order = np.argsort(of_label, kind="stable")
    return [
        Doubt(
            names[i],
            class_names[label[i]],
            float(of_label[i]),
            class_names[prediction[i]],
            float(probability[i, prediction[i]]),
        )
        for i in order[prediction[order] != label[order]][:most]
    ]
