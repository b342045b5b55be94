"""`skelfuse view`: clips to look at before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli import options
from skelfuse.cli.command import Command
from skelfuse.cli.messages import complain, output, wrote
from skelfuse.cli.paths import FILE, PATH

if TYPE_CHECKING:
    from skelfuse.clip import Clip
    from skelfuse.errors import SkelfuseError
    from skelfuse.viewing.shown import Shown

SOME_FILES_BAD = 3


@click.command(
    cls=Command,
    examples=["skelfuse view store.h5 -o view.html", "skelfuse view raw --png poses.png"],
)
@click.argument("inputs", nargs=-1, required=True, type=PATH)
@options.out(FILE, "A page that plays the clips, for any browser.")
@click.option("--png", type=FILE, help="Draw a row of poses for each clip into this file.")
@options.one_clip("  [default: one of each class]")
@options.input_format
@options.skeleton
@options.fps
@options.min_score
@options.columns
@options.axes
@options.score
@options.missing
@click.pass_context
def view(ctx: click.Context, /, inputs: tuple[Path, ...], **given: Any) -> None:
    """Look at clips before training and report possible problems.

    INPUTS are stores, or files and folders of any format. Reports for example swapped left
    and right, bodies upside down, frames out of order, or an unknown unit. The page plays the clips
    with the names of the joints, axes, missing joints and intervals.
    """
    from skelfuse.telling.counted import counted
    from skelfuse.viewing.doubts import doubts
    from skelfuse.viewing.page import write_view

    bad: list[SkelfuseError] = []
    shown = _shown(inputs, given, bad)
    found = write_view(shown, given["out"]) if given["out"] else doubts(shown.looked)
    for clip in shown.clips if len(shown.clips) == 1 else ():
        label = f", {clip.label}" if clip.label else ""
        people = counted(clip.persons, "person", "people")
        output(f"{clip.name}: {counted(clip.frames, 'frame')}, {people}{label}")
    for doubt in found:
        output(f"{'look' if doubt.warning else 'note'}: {doubt.text}")
    if not found:
        output(f"{counted(len(shown.looked), 'clip')} looked at: nothing odd")
    if given["png"]:
        from skelfuse.viewing.picture import plot_view

        plot_view(shown, given["png"])
    wrote(given["out"], given["png"])
    if bad:
        ctx.exit(SOME_FILES_BAD)


def _shown(inputs: tuple[Path, ...], given: dict[str, Any], bad: list[SkelfuseError]) -> Shown:
    from skelfuse.store import Store
    from skelfuse.store.opening import is_store
    from skelfuse.viewing.shown import of_clips, of_store

    if len(inputs) == 1 and inputs[0].is_file() and is_store(inputs[0]):
        return of_store(Store(inputs[0]), given["clip_name"])
    source = ", ".join(map(str, inputs[:2])) + (", ..." if len(inputs) > 2 else "")
    return of_clips(_read(inputs, given, bad), source, given["clip_name"])


def _read(
    inputs: tuple[Path, ...], given: dict[str, Any], bad: list[SkelfuseError]
) -> Iterator[Clip]:
    """Yield the clips of all inputs; print errors and add them to `bad`."""
    from skelfuse.cli.progress import frames_bar
    from skelfuse.datasets import video
    from skelfuse.datasets.clips import find_clip_files, read_clips
    from skelfuse.datasets.format import ReadOptions
    from skelfuse.errors import SkelfuseError
    from skelfuse.layouts import find_layout

    skeleton = find_layout(str(given["skeleton"])) if given["skeleton"] else None
    said = {name: given[name] for name in ("fps", "min_score", "columns", "axes", "score")}
    reading = ReadOptions(skeleton=skeleton, missing=given["missing"], **said)
    for path in inputs:
        files = find_clip_files(path, given["input_format"], reading)
        videos = any(file.format == video.FORMAT.name for file in files)
        with frames_bar(wanted=videos) as watch:
            for _, clip in read_clips(files, reading, watch=watch):
                if isinstance(clip, SkelfuseError):
                    complain(f"Error: {clip}")
                    bad.append(clip)
                else:
                    yield clip
