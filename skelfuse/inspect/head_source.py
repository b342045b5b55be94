"""The head of a trained model as arrays with names, and its features measured on clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from skelfuse.arrays import Array, array_of
from skelfuse.inspect.head_report import HeadWeights
from skelfuse.inspect.shown_clips import show_clips
from skelfuse.layers.frieren import Fused
from skelfuse.models.explainable import explainable
from skelfuse.run import Run
from skelfuse.store import Store


def head_weights(
    model: nn.Module, class_names: Sequence[str], spread: Array | None = None
) -> HeadWeights:
    """Return the head of a model's own path; `spread [N,F]` as `feature_spread` measures it.

    Directions combine what is told of a joint: the linear part, past the network along time, for
    features of standard deviation 1.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> model = SkelFuse(KINECT_V2, num_classes=2, size="pure", streams=("joint",), scales=(1,))
    >>> head = head_weights(model, ["sit", "stand"])
    >>> head.inputs[:4], head.of_class(0).shape, head.directions.shape
    (('joint x', 'joint y', 'joint z', 'joint x, scale1'), (25, 800), (32, 6))
    """
    found = explainable(model).head()
    return HeadWeights(
        tuple(found.features),
        found.joints,
        tuple(class_names),
        array_of(found.weight),
        array_of(found.worth),
        array_of(found.directions),
        found.inputs,
        explainable(model).step,
        spread,
    )


def feature_spread(
    run: Run, store: Store, indices: Sequence[int] | npt.NDArray[np.integer]
) -> Array:
    """Return the standard deviation `[N,F]` of each joint's features over clips of a store.

    People who are not there do not count. Of many clips, `CLIPS_SHOWN` evenly spread ones are
    looked at.
    """
    model = explainable(run.model)
    model.head()  # where there is none, it says what is missing
    assert model.frieren is not None
    count, total, square = 0, 0.0, 0.0

    def measure(_: nn.Module, given: tuple[Tensor, Tensor | None], fused: Fused) -> None:
        nonlocal count, total, square
        mask = given[1]  # None: everybody was seen
        there = slice(None) if mask is None else mask.flatten(1).any(1)  # [R]
        features = array_of(fused.features[there])  # [R,N,F]
        count += len(features)
        total = total + features.sum(0)
        square = square + np.square(features).sum(0)

    with model.frieren.register_forward_hook(measure):
        show_clips(run, store, indices)
    mean = total / max(count, 1)
    spread: Array = np.sqrt(np.maximum(square / max(count, 1) - mean**2, 0.0))
    return spread
