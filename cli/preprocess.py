"""`skelfuse preprocess`: raw skeleton files into one store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from skelfuse.cli.paths import FILE, PATH

SOME_FILES_BAD = 3
PROBLEMS_SHOWN = 10


@click.command(short_help="Read raw skeleton files of any format into one store.")
@click.argument("inputs", nargs=-1, required=True, type=PATH)
@click.option("--out", required=True, type=FILE, help="The store to write, e.g. store.h5.")
@click.option("--format", "format_", default="auto", show_default=True, help="The files' format.")
@click.option("--jobs", type=click.IntRange(1), help="Processes.  [default: one a core]")
@click.option("--resume", is_flag=True, help="Go on where an interrupted run stopped.")
@click.option("--strict", is_flag=True, help="Stop at the first bad file.")
@click.option("--report", type=FILE, help="Write what became of every file as JSON.")
@click.option("--skip-list", type=FILE, help="Names of clips to leave out, one a line.")
@click.option("--class-names", type=FILE, help='Lines "A001 drink water".')
@click.option("--skeleton", help="A layout's name, e.g. coco-17, or your own as YAML.")
@click.option("--fps", type=click.FloatRange(0, min_open=True), help="Frames per second.")
@click.option(
    "--max-persons",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Bodies kept of a clip, those that move most.",
)
@click.option("--no-filters", is_flag=True, help="Keep ghost bodies.")
@click.option("--align", is_flag=True, help="Turn every clip to face the camera.")
@click.option("--scale", is_flag=True, help="Divide by the torso's length.")
@click.option("--half", is_flag=True, help="Store float16: half the size, 3 digits.")
@click.pass_context
def preprocess(ctx: click.Context, /, inputs: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Read skeleton files or folders (INPUTS) into one store that anyone can train on.

    The format is recognised; a bad file is told in one line and left out, and the rest goes on.
    """
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.format import ReadOptions
    from skelfuse.datasets.ntu_skip import read_skip_list
    from skelfuse.datasets.preprocess import PreprocessOptions, find_sources
    from skelfuse.datasets.preprocess import preprocess as run
    from skelfuse.datasets.summary import headline
    from skelfuse.datasets.workers import usable_cores
    from skelfuse.layouts import find_layout
    from skelfuse.store import Store

    options = PreprocessOptions(
        format=given["format_"],
        reading=ReadOptions(
            skeleton=find_layout(given["skeleton"]) if given["skeleton"] else None,
            fps=given["fps"],
            max_persons=given["max_persons"],
            filters=not given["no_filters"],
            class_names=given["class_names"],
        ),
        skip=read_skip_list(given["skip_list"]) if given["skip_list"] else frozenset(),
        align=given["align"],
        scale=given["scale"],
        half=given["half"],
    )
    sources = find_sources(inputs, options)
    with bar(len(sources), "file") as show:
        outcome = run(
            sources,
            out,
            options,
            jobs=given["jobs"] or usable_cores(),
            resume=given["resume"],
            strict=given["strict"],
            progress=lambda count, bad: show(count, f"{bad} bad" if bad else ""),
        )
    if given["report"]:
        report = {"store": str(out), "problems": outcome.problems, "sources": outcome.sources}
        given["report"].write_text(json.dumps(report, indent=1) + "\n")
    if outcome.error:
        raise outcome.error
    click.echo(headline(Store(out)))
    if outcome.problems:
        _tell(outcome.problems, of=len(sources), report=given["report"])
        ctx.exit(SOME_FILES_BAD)


def _tell(problems: list[dict[str, Any]], *, of: int, report: Path | None) -> None:
    click.echo(
        f"{len({problem['file'] for problem in problems})} of {of} files had a problem:", err=True
    )
    for problem in problems[:PROBLEMS_SHOWN]:
        click.echo(f"  {problem['message']}", err=True)
    if len(problems) > PROBLEMS_SHOWN:
        where = f"all are in {report}" if report else "--report FILE lists them all"
        click.echo(f"  ... and {len(problems) - PROBLEMS_SHOWN} more; {where}", err=True)
