"""`skelfuse view`: clips to look at before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli.numbers import FPS
from skelfuse.cli.paths import FILE, PATH

if TYPE_CHECKING:
    from skelfuse.clip import Clip
    from skelfuse.viewing.shown import Shown


@click.command(short_help="Look at clips before training: a page, a picture, doubts.")
@click.argument("inputs", nargs=-1, required=True, type=PATH)
@click.option("--out", "-o", type=FILE, help="Write a page there that plays the clips.")
@click.option("--png", type=FILE, help="Draw a picture there: a row of poses for each clip.")
@click.option("--clip", "clip_name", metavar="NAME", help="This one.  [default: one of each class]")
@click.option("--input-format", default="auto", show_default=True, help="The files' format.")
@click.option("--skeleton", help="A layout's name, e.g. coco-17, or your own as YAML.")
@click.option("--fps", type=FPS, help="Frames per second.")
def view(inputs: tuple[Path, ...], **given: Any) -> None:
    """Show the clips of a store, or of files and folders of any format (INPUTS).

    Tells what may be wrong: left and right exchanged, bodies upside down, frames out of order, an
    unknown unit. The page plays them with their joints' names, axes, missing joints and intervals.
    """
    from skelfuse.telling.counted import counted
    from skelfuse.viewing.doubts import doubts
    from skelfuse.viewing.page import write_view

    shown = _shown(inputs, given)
    found = write_view(shown, given["out"]) if given["out"] else doubts(shown.looked)
    for clip in shown.clips if len(shown.clips) == 1 else ():
        label = f", {clip.label}" if clip.label else ""
        people = counted(clip.persons, "person", "people")
        click.echo(f"{clip.name}: {counted(clip.frames, 'frame')}, {people}{label}")
    for doubt in found:
        click.echo(f"{'look' if doubt.warning else 'note'}: {doubt.text}")
    if not found:
        click.echo(f"{counted(len(shown.looked), 'clip')} looked at: nothing odd")
    if given["png"]:
        from skelfuse.viewing.picture import plot_view

        plot_view(shown, given["png"])
    for place in filter(None, (given["out"], given["png"])):
        click.echo(f"wrote {place}", err=True)


def _shown(inputs: tuple[Path, ...], given: dict[str, Any]) -> Shown:
    from skelfuse.cli.recordings import is_store
    from skelfuse.store import Store
    from skelfuse.viewing.shown import of_clips, of_store

    if len(inputs) == 1 and inputs[0].is_file() and is_store(inputs[0]):
        return of_store(Store(inputs[0]), given["clip_name"])
    source = ", ".join(map(str, inputs[:2])) + (", ..." if len(inputs) > 2 else "")
    return of_clips(_read(inputs, given), source, given["clip_name"])


def _read(inputs: tuple[Path, ...], given: dict[str, Any]) -> Iterator[Clip]:
    from skelfuse.cli.recordings import find_recordings
    from skelfuse.datasets.clips import read_clips
    from skelfuse.datasets.format import ReadOptions
    from skelfuse.errors import SkelfuseError
    from skelfuse.layouts import find_layout

    skeleton = find_layout(given["skeleton"]) if given["skeleton"] else None
    reading = ReadOptions(skeleton=skeleton, fps=given["fps"])
    for path in inputs:
        for _, clip in read_clips(find_recordings(path, given["input_format"]), reading):
            if isinstance(clip, SkelfuseError):
                click.echo(f"Error: {clip}", err=True)
            else:
                yield clip
