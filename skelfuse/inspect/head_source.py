"""The head of a trained model as arrays with names, and its features measured on clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.inspect.head_report import HeadWeights
from skelfuse.inspect.kernel_report import AXES
from skelfuse.inspect.shown_clips import show_clips
from skelfuse.layers.frieren import FrierenFuse, Fused
from skelfuse.models import Pure, SkelFuse
from skelfuse.models.linear_path import linear_path
from skelfuse.run import Run
from skelfuse.store import Store

FRAMES_IN_A_PAIR = 2  # SkelFuse fuses pairs of frames, Pure single ones


def head_weights(
    model: nn.Module, class_names: Sequence[str], spread: npt.NDArray[np.float64] | None = None
) -> HeadWeights:
    """Return the head of a SkelFuse or a Pure; `spread [N,F]` as `feature_spread` measures it.

    The directions of Pure combine the channels of its streams. In SkelFuse the embedding lies
    between: what is given is the linear part, by which a joint's own channels reach a direction
    past the mixer, for channels of standard deviation 1.

    >>> from skelfuse.layouts import KINECT_V2
    >>> head = head_weights(Pure(KINECT_V2, num_classes=2, scales=(1,), bank=1), ["sit", "stand"])
    >>> head.inputs[:4], head.of_class(0).shape, head.directions.shape
    (('joint, position x', 'joint, position y', 'joint, position z', 'joint, scale1 x'), \
(25, 840), (24, 50))
    """
    path = linear_path(model)
    assert isinstance(model, (SkelFuse, Pure))
    if model.frieren is None:
        raise SkelfuseError(
            "this model was trained without FrierenFuse: its head has no named features",
            remedy="inspect one trained with model.fuse: true",
        )
    directions = _array(model.frieren.directions()).T  # [K,C]
    if isinstance(model, SkelFuse):
        embed = model.embed
        directions = directions @ (_array(embed.linear.weight) * _array(embed.norm.weight))
    return HeadWeights(
        model.frieren.feature_names,
        path.joints,
        tuple(class_names),
        _array(model.frieren.weight()),
        path.of_y(),
        directions,
        _inputs(model),
        FRAMES_IN_A_PAIR if isinstance(model, SkelFuse) else 1,
        spread,
    )


def _inputs(model: SkelFuse | Pure) -> tuple[str, ...]:
    streams, distances = model.streams, model.distances
    plain = tuple(
        f"{stream}, {source} {AXES[axis]}"
        for stream in streams.names
        for source, axis in streams.channel_names
    )
    return plain + streams.extra_names + (() if distances is None else distances.names)


def feature_spread(
    run: Run, store: Store, indices: Sequence[int] | npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """Return the standard deviation `[N,F]` of each joint's features over clips of a store.

    People who are not there do not count. Of many clips, `CLIPS_SHOWN` evenly spread ones are
    looked at.
    """
    frieren = getattr(run.model, "frieren", None)
    if not isinstance(frieren, FrierenFuse):
        linear_path(run.model).of_y()  # says what is missing
        raise AssertionError("a model with y has a FrierenFuse")
    count, total, square = 0, 0.0, 0.0

    def measure(_: nn.Module, given: tuple[Tensor, Tensor | None], fused: Fused) -> None:
        nonlocal count, total, square
        mask = given[1]  # None: everybody was seen
        there = slice(None) if mask is None else mask.flatten(1).any(1)  # [R]
        features = fused.features[there].double().cpu().numpy()  # [R,N,F]
        count += len(features)
        total = total + features.sum(0)
        square = square + np.square(features).sum(0)

    with frieren.register_forward_hook(measure):
        show_clips(run, store, indices)
    mean = total / max(count, 1)
    spread: npt.NDArray[np.float64] = np.sqrt(np.maximum(square / max(count, 1) - mean**2, 0.0))
    return spread


def _array(tensor: Tensor) -> npt.NDArray[np.float64]:
    return np.asarray(tensor.detach().cpu().double().numpy())
