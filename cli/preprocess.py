"""`skelfuse preprocess`: raw skeleton files, or stores, into one store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skelfuse.cli import options
from skelfuse.cli.command import Command
from skelfuse.cli.label_options import label_options, labelling
from skelfuse.cli.options import AUTO
from skelfuse.cli.paths import FILE, PATH
from skelfuse.cli.renamed import input_format
from skelfuse.cli.termination import ended_cleanly

SOME_FILES_BAD = 3
NO_REPORT = 1


@click.command(
    cls=Command,
    examples=[
        "skelfuse preprocess raw -o store.h5",
        "skelfuse preprocess mine.npz -o mine.h5 --skeleton coco-17 --fps 30",
    ],
    renamed=input_format,
)
@click.argument("inputs", nargs=-1, required=True, type=PATH)
@options.out(FILE, "The store, e.g. store.h5.", required=True)
@options.input_format
@options.jobs
@options.resume
@options.strict
@click.option("--report", type=FILE, help="Write the result for every file to this file, as JSON.")
@click.option("--skip-list", type=FILE, help="File with names of clips to leave out, one per line.")
@options.class_names
@options.skeleton
@options.fps
@click.option(
    "--max-persons",
    type=click.IntRange(1),
    help="Maximum number of people per clip, those who move most.  [default: 2; of a store: all]",
)
@options.min_score
@click.option(
    "--joints",
    metavar="TEXT",
    help="Joints to keep, drop or rename, e.g. 'left_*,nose' or '!tail*'.",
)
@click.option(
    "--join", is_flag=True, help="Connect joints without bones by a minimal spanning tree."
)
@options.columns
@options.axes
@options.score
@options.missing
@click.option("--no-filters", is_flag=True, help="Keep bodies that look like false detections.")
@click.option("--align", is_flag=True, help="Turn every clip to face the camera.")
@click.option("--scale", is_flag=True, help="Divide coordinates by the length of the torso.")
@click.option("--half", is_flag=True, help="Store float16: half the size, 3 digits.")
@label_options
@click.pass_context
def preprocess(ctx: click.Context, /, inputs: tuple[Path, ...], out: Path, **given: Any) -> None:
    """Read skeleton files of any format into one store.

    INPUTS are files or folders, or stores (to choose joints, add labels, or merge several). A bad
    file is reported in one line and left out; the exit code is then 3. The format is recognised;
    --input-format names one of these: store, ntu, nw-ucla, utd-mhad, sbu,
    penn-action, jhmdb, annotations, openpose, msr-action3d, utkinect, ui-prmd, shrec, deeplabcut,
    sleap, sleap-analysis, sleap-csv, movement, simba, bvh, trc, c3d, table, keypoints,
    mediapipe-npy, mediapipe-csv, yolo, pose, npz, npy-folder, npy, video.
    """
    from skelfuse.cli.preprocess_report import check_report, tell, tell_labels, write_report
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.format import MOST_PERSONS, ReadOptions
    from skelfuse.datasets.from_stores import as_stored
    from skelfuse.datasets.ntu_skip import read_skip_list
    from skelfuse.datasets.preprocess import PreprocessOptions, find_sources
    from skelfuse.datasets.preprocess import preprocess as run
    from skelfuse.datasets.sources import with_tree
    from skelfuse.datasets.workers import usable_cores
    from skelfuse.layouts import find_layout
    from skelfuse.store.place import check_replaceable

    if given["columns"] and given["input_format"] not in (AUTO, "table"):
        raise click.UsageError(
            f"--columns is for tables: leave out --input-format {given['input_format']}"
        )
    options = PreprocessOptions(
        format="table" if given["columns"] else given["input_format"],
        reading=ReadOptions(
            skeleton=find_layout(str(given["skeleton"])) if given["skeleton"] else None,
            fps=given["fps"],
            max_persons=given["max_persons"] or MOST_PERSONS,
            filters=not given["no_filters"],
            missing=given["missing"],
            class_names=given["class_names"],
            min_score=given["min_score"],
            joints=tuple(filter(None, map(str.strip, (given["joints"] or "").split(",")))),
            columns=given["columns"],
            axes=given["axes"],
            score=given["score"],
        ),
        skip=read_skip_list(given["skip_list"]) if given["skip_list"] else frozenset(),
        align=given["align"],
        scale=given["scale"],
        half=given["half"],
        labels=labelling(given),
    )
    check_replaceable(out)
    if given["report"]:
        check_report(given["report"], store=out)
    sources = find_sources(inputs, options)
    options = as_stored(sources, options, given["max_persons"])
    if given["join"]:
        options = with_tree(sources, options)
    with ended_cleanly(), bar("file", total=len(sources)) as show:
        outcome = run(
            sources,
            out,
            options,
            jobs=given["jobs"] or usable_cores(),
            resume=given["resume"],
            strict=given["strict"],
            asked=_asked(inputs, given),
            progress=lambda count, bad: show(count, f"{bad} bad" if bad else ""),
        )
    reported = not given["report"] or write_report(given["report"], out, outcome)
    tell(outcome, out, skip=len(options.skip), report=given["report"] if reported else None)
    bad_lines = tell_labels(options.labels, outcome)
    if outcome.error:
        raise outcome.error
    if outcome.problems or bad_lines or not reported:
        ctx.exit(SOME_FILES_BAD if reported else NO_REPORT)


def _asked(inputs: tuple[Path, ...], given: dict[str, Any]) -> dict[str, Any]:
    """Return the options that are stored: those about what was read, not how or where to."""
    words = ("skip_list", "class_names", "skeleton")
    table = {"labels": str(given["label_table"])} if given["label_table"] else {}
    return {
        "inputs": [str(path) for path in inputs],
        **{name: given[name] and str(given[name]) for name in words},
        **table,
    }
