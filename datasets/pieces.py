"""One source's clips, packed for the store, some at a time; and whatever is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from skelfuse.clip import Clip
from skelfuse.clips.outliers import marks
from skelfuse.clips.preparation import prepare
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.labels.labelling import Told, labelled
from skelfuse.datasets.preprocess_options import PreprocessOptions
from skelfuse.datasets.source_files import fingerprint, stamp
from skelfuse.datasets.sources import Source, in_its_folder
from skelfuse.errors import SkelfuseError
from skelfuse.files import as_error
from skelfuse.skeleton import Skeleton
from skelfuse.store.writer import packed

CLIPS_IN_A_PIECE = 64


@dataclass
class Piece:
    """Some packed clips of one source; the last piece also says how it went."""

    source: Source
    skeletons: list[Skeleton] = field(default_factory=list)
    clips: list[tuple[dict[str, Any], bytes, bytes]] = field(default_factory=list)
    errors: list[SkelfuseError] = field(default_factory=list)
    left_out: int = 0  # clips on the skip list
    marks: Counter[float] = field(default_factory=Counter)  # joints that may mean "not seen"
    skipped: bool = False  # the source itself is on it
    fingerprint: tuple[int, str] | None = None  # bytes and SHA-256, with the last piece
    stamp: str | None = None  # of the source before it was read, with the last piece
    labels: dict[str, Any] | None = None  # what became of its labels, with the last piece


def read_source(source: Source, options: PreprocessOptions) -> Iterator[Piece]:
    """Yield one source's clips; whatever is wrong with it is in the last piece, not raised."""
    piece = Piece(source)
    if options.skip & {source.path.stem, source.path.name}:
        piece.skipped, piece.fingerprint = True, (0, "")
        yield piece
        return
    before, told = stamp(source.path, source.format), Told()
    for clip in _labelled(source, options, told):
        try:
            if isinstance(clip, SkelfuseError):
                raise clip
            if clip.name in options.skip:
                piece.left_out += 1
                continue
            piece.marks.update(marks(clip.coords))
            prepared = prepare(clip, align=options.align, scale=options.scale)
            piece.clips.append(packed(prepared, options.half))
            piece.skeletons.append(prepared.skeleton)
        except Exception as error:
            piece.errors.append(as_error(error, source.path))
        if len(piece.clips) == CLIPS_IN_A_PIECE:
            yield piece
            piece = Piece(source)
    try:
        piece.fingerprint = fingerprint(source.path, source.format)
    except Exception:
        piece.fingerprint = (0, "")
    piece.stamp = before
    piece.labels = told.as_dict() if options.labels else None
    yield piece


def _labelled(
    source: Source, options: PreprocessOptions, told: Told
) -> Iterator[Clip | SkelfuseError]:
    """Yield the source's clips with the labels that lie beside it, errors in between."""
    for clip in clips_in(source.path, source.format, options.reading):
        if isinstance(clip, SkelfuseError):
            yield clip
            continue
        own = in_its_folder(clip, source)
        if options.labels is None or own.name in options.skip:
            yield own
        else:
            yield from labelled(own, source.place, options.labels, told)
