"""`skelfuse predict FILES`: the clips of many files, one batch after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from skelfuse.cli.prediction_text import Csv, Item, JsonLines, Table
from skelfuse.cli.progress import bar
from skelfuse.cli.recordings import find_recordings
from skelfuse.clip import Clip
from skelfuse.datasets.clips import (
    ClipFile,
    Found,
    read_clips,
    reading_of_store,
)
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.workers import usable_cores
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import find_layout
from skelfuse.outliers import farthest
from skelfuse.plain_text import shown
from skelfuse.predict import Recogniser
from skelfuse.run import Run


def predict_files(
    recogniser: Recogniser,
    paths: tuple[Path, ...],
    given: dict[str, Any],
    problems: list[SkelfuseError],
    write: Callable[[str], None],
) -> None:
    """Write what is recognised in all clips of the files; what is wrong goes to `problems`."""
    top = min(given["top"], len(recogniser.classes))
    text: Table | JsonLines | Csv = Table(top=top)
    if given["form"] == "jsonl":
        text = JsonLines(top=top)
    elif given["form"] == "csv":
        joints = recogniser.skeleton.joints if given["joints"] else ()
        windows = given["window"] is not None
        text = Csv(top=top, persons=given["persons"], windows=windows, joints=joints)
    reading = _reading(recogniser.run, given)
    sources: list[ClipFile] = []
    for path in paths:
        try:
            sources += find_recordings(path, given["input_format"])
        except SkelfuseError as error:
            problems.append(error)
    written = 0
    with bar(len(sources) if given["out"] else 0, "file") as show:
        found = read_clips(sources, reading, jobs=given["jobs"] or usable_cores())
        for item in _recognised(recogniser, _shown(found, show), given, problems):
            if not written and (heading := text.heading()):
                write(heading)
            written += 1
            for line in text.lines(item):
                write(line)
    bad = {error.file for error in problems}
    total = len(sources) + len(bad - {str(source.path) for source in sources})
    if not written:
        if len(problems) == 1:
            raise problems[0]
        first = f"the first problem: {problems[0]}" if problems else "they hold no clip"
        raise SkelfuseError(f"nothing to recognise in {total} files", remedy=first)
    if problems:
        click.echo(f"{len(bad)} of {total} files had a problem:", err=True)
        for problem in problems:
            click.echo(f"  {problem}", err=True)


def _reading(run: Run, given: dict[str, Any]) -> ReadOptions:
    reading = reading_of_store(run.provenance, run.skeleton)
    if given["skeleton"]:
        reading = replace(reading, skeleton=find_layout(str(given["skeleton"])))
    return replace(reading, fps=given["fps"] or reading.fps, class_names=given["class_names"])


def _shown(found: Iterator[Found], show: Callable[[int, str], None]) -> Iterator[Found]:
    begun, current = 0, None
    for path, clip in found:
        if path != current:
            show(begun, "")
            begun, current = begun + 1, path
        yield path, clip
    show(begun, "")


def _recognised(
    recogniser: Recogniser,
    found: Iterator[Found],
    given: dict[str, Any],
    problems: list[SkelfuseError],
) -> Iterator[Item]:
    handed: deque[Item] = deque()  # what is known of the clips that the model has not answered yet

    def clips() -> Iterator[Clip]:
        for path, clip in found:
            if isinstance(clip, SkelfuseError):
                problems.append(clip)
                continue
            if (far := farthest(clip.coords)) is not None:
                joint = clip.skeleton.joints[far.joint]
                told = f"{far.joints} joint{'s are' if far.joints > 1 else ' is'} far from the body"
                where = f"'{joint}' in frame {far.frame} (counted from 0) by {far.sizes:.0f} sizes"
                note = f"{path}: clip '{clip.name}': {told}, {where}: the decision may hang on that"
                click.echo(shown(f"note: {note}"), err=True)
            handed.append(Item(path, clip.name, clip.label))
            yield clip

    def bad(_: Clip, error: SkelfuseError) -> None:  # always of the clip handed over last
        problems.append(error.at(handed.pop().file))

    if given["window"] is None:
        options = {"persons": given["persons"], "joints": given["joints"]}
        for prediction in recogniser.predict_many(clips(), **options, on_error=bad):
            yield replace(handed.popleft(), prediction=prediction)
        return
    lengths = {"window": given["window"], "stride": given["stride"]}
    for clip in clips():
        try:
            windows = recogniser.timeline(clip, **lengths, joints=given["joints"])
        except SkelfuseError as error:
            bad(clip, error)
            continue
        yield replace(handed.popleft(), windows=tuple(windows))
