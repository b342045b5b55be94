"""What `skelfuse explain` reads: the one clip that it is about, and typical clips beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from skelfuse.cli.progress import frames_bar
from skelfuse.clip import Clip
from skelfuse.datasets import video
from skelfuse.datasets.clips import find_clip_files, read_clips, reading_of_store
from skelfuse.datasets.evaluated_part import evaluated_clips
from skelfuse.errors import SkelfuseError
from skelfuse.explain.answer import Explanation
from skelfuse.explain.page_data import TYPICAL
from skelfuse.explain.typical import (
    Typical,
    by_class,
    kept_exemplars,
    shown_typically,
    typical_clips,
)
from skelfuse.layouts import find_layout
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.store import Store
from skelfuse.store.opening import is_store

NAMED = 4  # clips in a message


def find_clip(file: Path, run: Run, given: dict[str, Any]) -> Clip:
    """Return the file's clip, or the one named by --clip if there are several."""
    wanted: str | None = given["clip_name"]
    if is_store(file):
        store = Store(file)
        if wanted is None and len(store) == 1:
            return store[0]
        if wanted in store.names:
            return store[store.find(wanted)]
        raise _not_one(file, wanted, store.names)
    names: list[str] = []
    first: Clip | None = None
    problem: SkelfuseError | None = None
    for clip in _recorded(file, run, given):
        if isinstance(clip, SkelfuseError):
            problem = problem or clip
            continue
        if clip.name == wanted:
            return clip
        first = first or clip
        names.append(clip.name)
        if wanted is None and len(names) > NAMED:
            break
    if first is None:
        raise problem or SkelfuseError(
            "no clip in it", file=file, remedy="name another file, or a store"
        )
    if wanted is not None or len(names) > 1:
        raise _not_one(file, wanted, names)
    return first


def _recorded(file: Path, run: Run, given: dict[str, Any]) -> Iterator[Clip | SkelfuseError]:
    reading = reading_of_store(run.provenance, run.skeleton)
    if given["skeleton"]:
        reading = replace(reading, skeleton=find_layout(str(given["skeleton"])))
    reading = replace(reading, fps=given["fps"] or reading.fps, class_names=given["class_names"])
    files = find_clip_files(file, given["input_format"], reading)
    videos = any(one.format == video.FORMAT.name for one in files)
    with frames_bar(wanted=videos) as watch:
        for _, clip in read_clips(files, reading, watch=watch):
            yield clip


def _not_one(file: Path, wanted: str | None, names: list[str]) -> SkelfuseError:
    told = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
    if wanted is not None:
        return SkelfuseError(f"no clip '{wanted}'", file=file, expected=told)
    return SkelfuseError(
        "one clip at a time is explained", file=file, found=told, remedy="name one with --clip"
    )


def typical_beside(
    recogniser: Recogniser, views: Sequence[Explanation], given: dict[str, Any]
) -> dict[str, list[Typical]]:
    """Return typical clips of the explained class and its rivals, if there are any."""
    run, one = recogniser.run, views[0]
    classes = [one.target, *(view.against for view in views if view.against)]
    if given["data"]:
        store = Store(given["data"])
        recogniser.preparation.matched(store[0])  # a wrong skeleton is reported at once
        _, training = evaluated_clips(store, {given["protocol"] or run.config.protocol}, "train")
        found = typical_clips(run, store, training, classes, TYPICAL + 1)
    else:
        kept = kept_exemplars(run)
        if kept is None:
            return {}
        store, found = kept, by_class(kept)
    wanted = {name: own for name, own in found.items() if name in classes}
    return shown_typically(run, store, wanted, but=one.clip)
