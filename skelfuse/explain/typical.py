"""Typical clips of a class: recognised, and like most of its training clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from skelfuse.arrays import Array, Bools, array_of
from skelfuse.batches import batch_of
from skelfuse.clip import Clip
from skelfuse.clips.preparation import Preparation
from skelfuse.explain.seen import seen_by
from skelfuse.models.model import Model
from skelfuse.run import Run
from skelfuse.store import Store
from skelfuse.store.writer import write_clips

Indices = npt.NDArray[np.intp]

EXEMPLARS = "exemplars.h5"  # in a run's folder
LOOKED_AT = 100  # clips of a class: the mean of more is hardly another
AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Typical:
    """A typical clip as the model sees it."""

    name: str
    x: Array  # [T,M,N,D]
    mask: Bools  # [T,M,N]
    time: Array  # [T], in seconds, or in frames of a clip without a rate


def typical_clips(
    run: Run, store: Store, clips: Indices, classes: Iterable[str], count: int
) -> dict[str, list[int]]:
    """Return the `count` most typical of some training clips of a store, for each class.

    Typical are those that the run recognises, the features nearest to the class's mean first. A
    class of which it recognises none has none.
    """
    found = {}
    for name in classes:
        if name not in store.class_names:
            continue
        own = np.asarray(clips)[store.labels[clips] == store.class_names.index(name)]
        own = own[:: -(-len(own) // LOOKED_AT) or 1]
        if not len(own):
            continue
        features, right = _looked_at(run, [_matched(run, store[int(i)]) for i in own], name)
        far = np.linalg.norm(features - features.mean(axis=0), axis=1)
        order = [int(own[i]) for i in np.argsort(far, kind="stable") if right[i]]
        if order:
            found[name] = order[:count]
    return found


@torch.inference_mode()
def _looked_at(run: Run, clips: Sequence[Clip], name: str) -> tuple[Array, Bools]:
    """Return the features `[C,F]` of clips, and whether each is recognised as of class `name`."""
    model = run.model
    assert isinstance(model, Model)  # as all are that a run can hold
    features, right = [], []
    device = next(model.parameters()).device
    for first in range(0, len(clips), AT_ONCE):
        some = clips[first : first + AT_ONCE]
        batch = batch_of(some, sampling=run.config.sampling, device=device)
        each = model.features(batch.x, batch.seen)
        best = run.checked(model.decide(each)).argmax(dim=1)
        features.append(array_of(each.flatten(1)))
        right.append((best == run.class_names.index(name)).cpu().numpy())
    return np.concatenate(features), np.concatenate(right)


def keep_exemplars(run: Run, store: Store, clips: Indices, count: int, folder: Path) -> int:
    """Put the `count` most typical clips of every class into the run's folder; say how many."""
    found = typical_clips(run, store, clips, run.class_names, count)
    chosen = sorted(i for own in found.values() for i in own)
    write_clips(folder / EXEMPLARS, (store[i] for i in chosen), store.provenance)
    return len(chosen)


def kept_exemplars(run: Run) -> Store | None:
    """Return the store of typical clips that the run has kept, if it has."""
    path = run.path.parent / EXEMPLARS
    return Store(path) if path.exists() else None


def shown_typically(
    run: Run, store: Store, found: Mapping[str, Sequence[int]], *, but: str
) -> dict[str, list[Typical]]:
    """Return chosen clips of a store as the model sees them, leaving out the clip named `but`."""
    return {
        name: [_as_seen(run, store[i]) for i in own if store.names[i] != but]
        for name, own in found.items()
    }


def by_class(store: Store) -> dict[str, list[int]]:
    """Return the clips of a store of exemplars by their class."""
    found: dict[str, list[int]] = {}
    for i, label in enumerate(store.labels.tolist()):
        if label >= 0:
            found.setdefault(store.class_names[label], []).append(i)
    return found


def _as_seen(run: Run, clip: Clip) -> Typical:
    seen = seen_by(run, _matched(run, clip))
    return Typical(
        clip.name,
        array_of(seen.x[0]),
        seen.mask[0].cpu().numpy(),
        seen.position[0].numpy() / (clip.fps or 1.0),
    )


def _matched(run: Run, clip: Clip) -> Clip:
    return Preparation.of_store(run.skeleton, run.provenance).matched(clip)
