"""Which clips are shown: one of each class, or the one that is named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store

MOST = 60  # clips on a page
LOOKED_AT = 120  # clips of a store in which something may be wrong
NAMED = 4


@dataclass(frozen=True)
class Shown:
    """The clips to show, those to look through for what may be wrong, and what is left out."""

    source: str
    clips: tuple[Clip, ...]
    looked: tuple[Clip, ...]
    notes: tuple[str, ...] = ()


def of_store(store: Store, name: str | None = None) -> Shown:
    """Return one clip of each class of a store, the one of middle length; or the named one."""
    if name is not None:
        if name not in store.names:
            raise _no_clip(name, str(store.path), store.names)
        clip = store[store.find(name)]
        return Shown(str(store.path), (clip,), (clip,))
    chosen: list[int] = []
    for label in [*range(len(store.class_names)), -1]:
        of_class = np.flatnonzero(store.labels == label)
        if len(of_class):
            by_length = of_class[np.argsort(store.frames[of_class], kind="stable")]
            several = label < 0 and len(chosen) == 0  # no labels at all: some of everything
            chosen += (
                by_length[:MOST].tolist() if several else [int(by_length[len(by_length) // 2])]
            )
    step = -(-len(store) // LOOKED_AT)
    looked = tuple(store[i] for i in range(0, len(store), step))
    return _at_most(str(store.path), [store[i] for i in chosen], looked)


def of_clips(clips: Iterable[Clip], source: str, name: str | None = None) -> Shown:
    """Return the first clip of each label of recordings, or the first ones, where none has any."""
    found: list[Clip] = []
    looked: list[Clip] = []
    names: list[str] = []
    labels: set[str] = set()
    for clip in clips:
        names.append(clip.name)
        if name is not None:
            if clip.name == name:
                return Shown(source, (clip,), (clip,))
            continue
        if len(looked) < LOOKED_AT:
            looked.append(clip)
        if clip.label is None or clip.label not in labels:
            found.append(clip)
            labels.update([] if clip.label is None else [clip.label])
        if len(found) > MOST:
            break
    if name is not None:
        raise _no_clip(name, source, names)
    if not found:
        raise SkelfuseError("no clip in it", file=source, remedy="give files with clips")
    return _at_most(source, found, tuple(looked))


def _at_most(source: str, clips: list[Clip], looked: tuple[Clip, ...]) -> Shown:
    if len(clips) <= MOST:
        return Shown(source, tuple(clips), looked)
    note = f"the first {MOST} clips are shown; --clip NAME shows another"
    return Shown(source, tuple(clips[:MOST]), looked, (note,))


def _no_clip(name: str, source: str, names: list[str]) -> SkelfuseError:
    more = ", ..." if len(names) > NAMED else ""
    return SkelfuseError(
        f"no clip '{name}'",
        file=source,
        expected=", ".join(names[:NAMED]) + more,
        remedy="correct --clip",
    )
