"""What the training clips of a store are like: the facts that settings can be chosen by."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from skelfuse.batches import Sampling
from skelfuse.batches.place import measured
from skelfuse.batches.tracks import pack
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training.held_out import Indices

LOOKED_AT = 1000  # clips whose coordinates are read; beyond this many every k-th tells enough
AT_ONCE = 100  # of them in memory
NOT_TO_BE_TOLD = (None, 1)  # how far fronts spread; y is taken for the vertical axis
LEAST_RESULTANT = 1e-3  # directions that cancel out altogether still have a finite spread


@dataclass(frozen=True)
class StoreFacts:
    """What is known of the labelled training clips; no other clip is looked at."""

    skeleton: Skeleton
    clips: int
    class_names: tuple[str, ...]  # of the classes that have a training clip
    frames: float  # of a clip, the median
    seconds: float | None  # of a clip, the median; None where a clip does not say its rate
    rates: tuple[float, float] | None  # the slowest and the fastest clip's; None likewise
    persons: int  # that half of the clips of some class show, at the most
    subjects: int  # 0 where a clip does not say whom it shows
    missing: float = 0.0  # share of the joints of those persons that were not seen
    size: float = 1.0  # of a body (torso, or bones), the median, in the store's unit
    size_spread: float = 1.0  # the size that a tenth of the clips exceed over the one most exceed
    facing_spread: float | None = None  # circular deviation in radians; None if not to be told
    vertical: int = 1  # the axis nearest to what is up


def store_facts(store: Store, train: Indices) -> StoreFacts:
    """Look at the clips `train` of a store; those without a label do not count.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from skelfuse.clip import Clip
    >>> from skelfuse.layouts import HAND_21
    >>> coords = np.random.default_rng(0).normal(size=(60, 1, 21, 3))
    >>> clip = Clip(coords, HAND_21, name="a", label="fist", fps=120)
    >>> store = Store.write(Path(tempfile.mkdtemp()) / "store.h5", [clip])
    >>> facts = store_facts(store, np.array([0]))
    >>> facts.class_names, facts.frames, facts.seconds, facts.persons, facts.facing_spread
    (('fist',), 60.0, 0.5, 1, None)
    """
    train = np.asarray(train, np.intp)
    train = train[store.labels[train] >= 0]
    labels, frames = store.labels[train], store.frames[train]
    if not len(train):  # the run itself says what is wrong with such a split
        return StoreFacts(store.skeleton, 0, (), 0.0, None, None, 1, 0)
    fps = np.array([store.fps[i] or np.nan for i in train.tolist()])
    known = not np.isnan(fps).any()
    subjects = {store.subjects[i] for i in train.tolist()}
    persons = _persons(labels, store.persons[train])
    missing, sizes, (facing_spread, vertical) = _bodies(store, train, persons)
    low, high = np.quantile(sizes, [0.1, 0.9])
    return StoreFacts(
        store.skeleton,
        clips=len(train),
        class_names=tuple(store.class_names[i] for i in np.unique(labels)),
        frames=float(np.median(frames)),
        seconds=float(np.median(frames / fps)) if known else None,
        rates=(float(fps.min()), float(fps.max())) if known else None,
        persons=persons,
        subjects=0 if None in subjects else len(subjects),
        missing=missing,
        size=float(np.median(sizes)),
        size_spread=float(high / low),
        facing_spread=facing_spread,
        vertical=vertical,
    )


def _persons(labels: npt.NDArray[np.int32], persons: npt.NDArray[np.int32]) -> int:
    # By class: one class of two people among thirty of one is lost if the second person is.
    usual = (np.quantile(persons[labels == one], 0.5, method="higher") for one in np.unique(labels))
    return max(1, int(max(usual)))


def _bodies(
    store: Store, train: Indices, persons: int
) -> tuple[float, npt.NDArray[np.float64], tuple[float | None, int]]:
    """Return the share of joints not seen, the sizes `[C]` and what `_facing` tells."""
    step = max(1, -(-len(train) // LOOKED_AT))
    looked_at = train[::step].tolist()
    body = store.skeleton
    # A store of aligned clips no longer tells which way they faced.
    aligned = bool(store.provenance.align)
    upright = body.dimensions == 3 and any(body.torso) and not aligned
    sampling = Sampling(align=upright, centre=False, scale=True)
    seen, turns, sizes = [], [], []
    for at in range(0, len(looked_at), AT_ONCE):
        tracks = pack([store.coords(i) for i in looked_at[at : at + AT_ONCE]], persons)
        placement = measured(tracks, tracks.owners(), body, sampling)
        assert placement.size is not None
        sizes.append(placement.size)
        seen.append(tracks.seen.float().mean(dim=1))  # [R]
        if placement.turn is not None:
            turns.append(placement.turn)
    missing = 1 - float(torch.cat(seen).mean())
    facing = _facing(torch.cat(turns)) if turns else NOT_TO_BE_TOLD
    return missing, torch.cat(sizes).double().numpy(), facing


def _facing(turns: Tensor) -> tuple[float | None, int]:
    """Return how far the bodies' fronts spread, and the axis nearest to what is up for them all."""
    turned = (turns != torch.eye(3)).flatten(1).any(dim=1)  # else no view could be made out
    if not bool(turned.any()):
        return NOT_TO_BE_TOLD
    _, up, front = turns[turned].unbind(dim=1)  # [C,3]
    vertical = torch.nn.functional.normalize(up.mean(dim=0), dim=0)
    level = front - (front @ vertical)[:, None] * vertical
    level = torch.nn.functional.normalize(level, dim=1)
    resultant = float(level.mean(dim=0).norm().clamp(LEAST_RESULTANT, 1))
    return math.sqrt(-2 * math.log(resultant)), int(vertical.abs().argmax())
