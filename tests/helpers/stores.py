"""A store of clips in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from skelfuse.clip import Clip
from skelfuse.store import Store
from skelfuse.store.writer import StoreWriter, packed


def stored(path: Path, clips: Iterable[Clip], *, half: bool = False, **provenance: object) -> Store:
    """Write clips of one skeleton just as they are, all as if of one source."""
    written(path, clips, half=half, **provenance)
    return Store(path)


def written(path: Path, clips: Iterable[Clip], *, half: bool = False, **provenance: object) -> None:
    """Do the same, and do not open it: a name of a clip may be what no store should have."""
    count = 0
    with StoreWriter(path, provenance=dict(provenance), half=half, resume=False) as writer:
        for clip in clips:
            writer.accept(clip.skeleton)
            writer.add(*packed(clip, half), source="drawn")
            count += 1
        facts = {"source": "drawn", "bytes": 0, "sha256": "", "clips": count, "problems": []}
        writer.finish_source(facts)
        writer.finish()
