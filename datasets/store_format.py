"""A store as files to be read: its clips as they are, for joints, labels or a store of several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.files import files_ending
from skelfuse.datasets.reading.scores import hide_unsure
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.store.digests import clip_digest
from skelfuse.store.opening import is_store
from skelfuse.store.seal import ANEW

ENDINGS = (".h5", ".hdf5")


def find(path: Path) -> list[Path]:
    """List a store that is named itself: one among raw files is what was made of them."""
    return [path] if path.is_file() and is_store(path) else []


def find_named(path: Path) -> list[Path]:
    """List all stores in a folder."""
    return find(path) or [file for file in files_ending(path, *ENDINGS) if is_store(file)]


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clips of a store; one whose bytes have changed is an error in its place."""
    store = Store(path)
    store.check_metadata()
    body, order = read_as(store.skeleton, options)

    def clip(index: int) -> Clip:
        stored = store[index]
        if clip_digest(stored, stored.coords, stored.confidence) != store.digests[index]:
            raise SkelfuseError(f"clip '{stored.name}' is not what was written", remedy=ANEW)
        sure = stored.confidence
        own = replace(
            stored,
            coords=stored.coords.astype(np.float32)[:, :, order],
            confidence=None if sure is None else sure.astype(np.float32)[:, :, order],
            skeleton=body,
            fps=stored.fps or options.fps,
        )
        return _of_few(_of_sure_joints(own, options), options.max_persons)

    return map(clip, range(len(store)))


def read_as(own: Skeleton, options: ReadOptions) -> tuple[Skeleton, list[int]]:
    """Return the body that a store's clips are read as, and where the store lists its joints.

    A given one with the same joints brings its order of them; one with other names renames them,
    as where a layout was taken for the number of its joints alone.

    >>> from skelfuse.layouts import COCO_17, KINECT_V1, UTD_MHAD
    >>> body, order = read_as(UTD_MHAD, ReadOptions(skeleton=KINECT_V1))
    >>> body.name, order[:3]
    ('kinect-v1', [3, 2, 1])
    """
    given = options.skeleton
    if given is not None and {*given.joints} == {*own.joints}:
        order = layout_of.order_in_file(own.joints, given)
        return replace(given, dimensions=own.dimensions), order
    return layout_of.imposed(given, own), [*range(len(own))]


def _of_sure_joints(clip: Clip, options: ReadOptions) -> Clip:
    if clip.confidence is None or options.min_score is None:
        return clip
    coords, notes = hide_unsure(clip.coords, clip.confidence, options.min_score, default=0)
    return replace(clip, coords=coords).noted(*notes)


def _of_few(clip: Clip, most: int) -> Clip:
    """Return the clip with its first people: a store has those first who move most."""
    if clip.persons <= most:
        return clip
    told = f"{clip.persons - most} of {clip.persons} persons left out, the least active"
    return replace(
        clip,
        coords=clip.coords[:, :most],
        confidence=None if clip.confidence is None else clip.confidence[:, :most],
        intervals=tuple(one for one in clip.intervals if (one.person or 0) < most),
    ).noted(told)


FORMAT = Format(
    "store",
    "a store that preprocess has made",
    find,
    read,
    find_named,
    needs="an .h5 that skelfuse preprocess has written",
)
