"""`skelfuse predict FILES`: the clips of many files, one batch after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from skelfuse.cli.messages import complain, say
from skelfuse.cli.prediction_text import Item, text_of
from skelfuse.cli.progress import Frames, Show, bar, frames_bar
from skelfuse.clip import Clip
from skelfuse.clips.outliers import farthest
from skelfuse.clips.preparation import Preparation
from skelfuse.datasets import video
from skelfuse.datasets.clips import (
    ClipFile,
    Found,
    find_clip_files,
    read_clips,
    reading_of_store,
)
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.workers import usable_cores
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import find_layout
from skelfuse.plain_text import shown
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.store import Store
from skelfuse.store.opening import is_store
from skelfuse.telling.note_lines import note_lines, tally


def predict_files(
    recogniser: Recogniser,
    paths: tuple[Path, ...],
    given: dict[str, Any],
    problems: list[SkelfuseError],
    write: Callable[[str], None],
) -> None:
    """Write the predictions for all clips of the files; errors are added to `problems`."""
    text = text_of(recogniser, given)
    reading = _reading(recogniser.run, given)
    sources: list[ClipFile | Store] = []
    for path in paths:
        try:
            if is_store(path):
                sources.append(_opened(path, recogniser))
            else:
                sources += find_clip_files(path, given["input_format"], reading)
        except SkelfuseError as error:
            problems.append(error)
    written = 0
    doubts: list[tuple[str, ...]] = []
    videos = any(isinstance(one, ClipFile) and one.format == video.FORMAT.name for one in sources)
    with bar("file", total=len(sources)) as show, frames_bar(wanted=videos) as watch:
        for item in _items(recogniser, sources, reading, given, problems, show, watch):
            if not written and (heading := text.heading()):
                write(heading)
            written += 1
            doubts.append(item.doubts)
            for line in text.lines(item):
                write(line)
        if written and (ending := text.ending()):
            write(ending)
    _note(doubts, more="--json tells them by clip")
    bad = {error.file for error in problems}
    total = len(sources) + len(bad - {str(source.path) for source in sources})
    if not written:
        if len(problems) == 1:
            raise problems[0]
        first = f"the first problem: {problems[0]}" if problems else "they hold no clip"
        raise SkelfuseError(f"nothing to recognise in {total} files", remedy=first)
    if problems:
        complain(f"{len(bad)} of {total} files had a problem:")
        for problem in problems:
            complain(f"  {problem}")


def _reading(run: Run, given: dict[str, Any]) -> ReadOptions:
    reading = reading_of_store(run.provenance, run.skeleton)
    if given["skeleton"]:
        reading = replace(reading, skeleton=find_layout(str(given["skeleton"])))
    return replace(reading, fps=given["fps"] or reading.fps, class_names=given["class_names"])


def _opened(path: Path, recogniser: Recogniser) -> Store:
    store = Store(path)
    if {*store.skeleton.joints} != {*recogniser.skeleton.joints}:
        try:
            recogniser.preparation.matched(store[0])
        except SkelfuseError as error:  # reported once, not for every clip
            raise error.at(path) from None
    return store


def _items(
    recogniser: Recogniser,
    sources: Sequence[ClipFile | Store],
    reading: ReadOptions,
    given: dict[str, Any],
    problems: list[SkelfuseError],
    show: Show,
    watch: Frames,
) -> Iterator[Item]:
    """Yield the predictions for stores and files in order; neighbouring files share batches."""
    done, jobs = 0, given["jobs"] or usable_cores()
    for of_files, some in groupby(sources, key=lambda source: isinstance(source, ClipFile)):
        group = list(some)
        if of_files:
            files = [source for source in group if isinstance(source, ClipFile)]
            read = _noted(read_clips(files, reading, jobs=jobs, watch=watch), files)
            found = _shown(read, show, done)
            yield from _recognised(recogniser, found, given, problems)
        for store in group:
            if isinstance(store, Store):
                clips: Iterator[Found] = ((store.path, clip) for clip in store)
                fit = _for_clips_of(store, recogniser)
                yield from _recognised(fit, _shown(clips, show, done), given, problems)
                done += 1
        done += len(group) if of_files else 0
    show(done)


def _for_clips_of(store: Store, recogniser: Recogniser) -> Recogniser:
    """Return the recogniser without the preparation that was done when the store was made."""
    wanted = recogniser.preparation
    made = Preparation.of_store(store.skeleton, store.provenance)
    fit = Recogniser(recogniser.run, crops=recogniser.crops)
    fit.preparation = replace(
        wanted,
        align=wanted.align and not made.align,
        scale=wanted.scale and not made.scale,
        half=wanted.half and not made.half,
    )
    return fit


def _shown(found: Iterator[Found], show: Show, begun: int) -> Iterator[Found]:
    current = None
    for path, clip in found:
        if path != current:
            show(begun)
            begun, current = begun + 1, path
        yield path, clip


def _noted(found: Iterator[Found], files: Sequence[ClipFile]) -> Iterator[Found]:
    """Print at the end which decisions were made in reading videos."""
    videos = {file.path for file in files if file.format == video.FORMAT.name}
    notes: list[tuple[str, ...]] = []
    for path, clip in found:
        if path in videos and isinstance(clip, Clip):
            notes.append(clip.notes)
        yield path, clip
    _note(notes, more="skelfuse pose -v tells them by video")


def _note(of_clips: list[tuple[str, ...]], more: str) -> None:
    for line in note_lines(tally(of_clips), more=more):
        say(shown(f"note: {line}"))


def _recognised(
    recogniser: Recogniser,
    found: Iterator[Found],
    given: dict[str, Any],
    problems: list[SkelfuseError],
) -> Iterator[Item]:
    handed: deque[Item] = deque()  # clips that the model has not finished yet

    def clips() -> Iterator[Clip]:
        for path, clip in found:
            if isinstance(clip, SkelfuseError):
                problems.append(clip)
                continue
            if (far := farthest(clip.coords)) is not None:
                joint = clip.skeleton.joints[far.joint]
                frame = f"in frame {far.frame} (counted from 0)"
                note = f"{far.told(joint)} {frame}: the decision may hang on that"
                say(shown(f"note: {path}: clip '{clip.name}': {note}"))
            handed.append(Item(path, clip.name, clip.label))
            yield clip

    def bad(_: Clip, error: SkelfuseError) -> None:  # always about the clip handed over last
        problems.append(error.at(handed.pop().file))

    if given["window"] is None:
        options = {"persons": given["persons"], "joints": given["shares"]}
        options["limbs"] = given["explain"]
        for prediction in recogniser.predict_many(clips(), **options, on_error=bad):
            yield replace(handed.popleft(), prediction=prediction)
        return
    lengths = {"window": given["window"], "stride": given["stride"]}
    for clip in clips():
        try:
            windows = recogniser.timeline(
                clip, **lengths, joints=given["shares"], limbs=given["explain"]
            )
        except SkelfuseError as error:
            bad(clip, error)
            continue
        yield replace(handed.popleft(), windows=tuple(windows))
