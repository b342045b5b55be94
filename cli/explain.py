"""`skelfuse explain`: why a clip was decided as it was, or what a run relies on altogether."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli import options
from skelfuse.cli.checkpoints import checkpoint_of
from skelfuse.cli.command import Command
from skelfuse.cli.messages import deliver, wrote
from skelfuse.cli.paths import FILE, PATH
from skelfuse.cli.renamed import run_first_and_out
from skelfuse.cli.terminal import json_text

if TYPE_CHECKING:
    from skelfuse.clip import Clip
    from skelfuse.explain.answer import Explanation
    from skelfuse.explain.exact_sum import ExactSum
    from skelfuse.predict import Recogniser

SUMS = "What about this movement"
OF_A_CLIP = ("class_name", "against", "clip_name", "html", "plot_sums")


@click.command(
    cls=Command,
    short_help="Show why a run decides as it does on a clip.",
    examples=[
        "skelfuse explain runs/first raw/S001C001P001R001A001.skeleton",
        "skelfuse explain runs/first --data store.h5 --summary --rounds 2",
    ],
    renamed=run_first_and_out,
)
@click.argument("run", type=PATH)
@click.argument("file", type=PATH, required=False)
@options.one_class("  [default: the likeliest]")
@click.option("--against", metavar="CLASS", help="Compare with this class.")
@click.option(
    "--players",
    type=click.Choice(["joints", "limbs", "moments"]),
    default="joints",
    show_default=True,
    help="What to hide, one by one.",
)
@click.option(
    "--rounds",
    type=click.IntRange(2),
    default=16,
    show_default=True,
    help="Random orders of hiding; up to four times as many if shares are uncertain.",
)
@options.seed(0)
@options.one_clip(" Needed where FILE has several.")
@click.option(
    "--summary", is_flag=True, help="What the run relies on, class by class; with --data."
)
@options.data()
@options.protocol("the run's")
@options.part()
@options.output_format(["table", "json"])
@options.out(FILE, "A file, instead of standard output.")
@options.plot
@click.option("--plot-sums", type=FILE, help="Draw the model's own sums into this file.")
@click.option("--html", type=FILE, help="Write a page with everything, for any browser.")
@options.top(8)
@options.checkpoint()
@options.device
@options.input_format
@options.skeleton
@options.class_names
@options.fps
def explain(run: Path, file: Path | None, **given: Any) -> None:
    """Show why the run RUN decides as it does on the clip in FILE.

    Joints, limbs and moments are hidden in many orders, and the model is asked again each time:
    their share is what the decision loses. It works for every model. If the model's decision is a
    sum of named statistics, that sum is shown too. FILE may also be a store, with --clip.

    The typical clips on the page are those kept with the run (train --exemplars), or come from the
    training clips of --data STORE.

    --data STORE --summary shows which limbs and moments the run relies on for each class, in a part
    of the split.
    """
    run = checkpoint_of(run, given["checkpoint"])
    if given["summary"]:
        _check_summary(file, given)
        from skelfuse.cli.explain_summary import explain_summary

        explain_summary(run, given)
        return
    if given["data"] and not given["html"]:
        raise click.UsageError("--data is for --summary, or for typical clips beside --html")
    if given["part"] or (given["protocol"] and not given["data"]):
        raise click.UsageError(f"--{'part' if given['part'] else 'protocol'} is for --data")
    if file is None:
        raise click.UsageError("name the clip's file: skelfuse explain RUN FILE")
    _explain_clip(run, file, given)


def _check_summary(file: Path | None, given: dict[str, Any]) -> None:
    if file is not None or given["data"] is None:
        raise click.UsageError(
            "--summary needs a store, and no file: skelfuse explain RUN --data STORE --summary"
        )
    unfit = [name.removesuffix("_name").replace("_", "-") for name in OF_A_CLIP if given[name]]
    if unfit:
        raise click.UsageError(f"--{unfit[0]} is for a single clip: leave out --summary")


def _explain_clip(path: Path, file: Path, given: dict[str, Any]) -> None:
    from skelfuse.cli.explained_clip import find_clip, typical_beside
    from skelfuse.errors import SkelfuseError
    from skelfuse.explain.answer import plain_values
    from skelfuse.explain.evidence import check_explainable
    from skelfuse.explain.evidence_text import sum_dict, sum_text
    from skelfuse.explain.exact_sum import exact_sum_of
    from skelfuse.explain.hiding_text import hiding_text
    from skelfuse.predict import load

    recogniser = load(path, device=given["device"])
    summed = True
    try:
        check_explainable(recogniser.run.model, recogniser.run.path)
    except SkelfuseError:
        if given["plot_sums"]:  # reported before a long file is read
            raise
        summed = False
    clip = find_clip(file, recogniser.run, given)
    views, first = _views(recogniser, clip, given)
    found = views[first]
    typical = typical_beside(recogniser, views, given) if given["html"] else {}
    sums: list[ExactSum] = []
    if summed:
        sums = [
            exact_sum_of(recogniser, clip, class_name=one.target, against=one.against)
            for one in views
        ]
    if given["form"] == options.JSON:
        own = sum_dict(sums[first]) if sums else None
        text = json_text(plain_values(found) | {"sums": own}, shown=given["out"] is None)
    else:
        text = hiding_text(found, top=given["top"])
        if sums:
            exact = sum_text(sums[first], top=given["top"])
            text += f"\n\n{SUMS}\n{'─' * len(SUMS)}\n{exact}"
    deliver(text, given["out"])
    if given["plot"]:
        from skelfuse.explain.hiding_plot import plot_hiding

        plot_hiding(found, given["plot"])
    if given["plot_sums"] and sums:
        from skelfuse.explain.evidence_plot import plot_sum

        plot_sum(sums[first], given["plot_sums"])
    if given["html"]:
        from skelfuse.explain.page import write_page

        write_page(
            views, given["html"], sums=sums, typical=typical, run=recogniser.run, opened=first
        )
    wrote(given["plot"], given["plot_sums"], given["html"])


def _views(
    recogniser: Recogniser, clip: Clip, given: dict[str, Any]
) -> tuple[Sequence[Explanation], int]:
    """Return the explanations that are needed, and the index of the one asked for."""
    asked = {name: given[name] for name in ("against", "players", "rounds", "seed")}
    asked["target"] = given["class_name"]
    if not given["html"]:
        return [recogniser.explain(clip, **asked)], 0
    return recogniser.explain_with_rivals(clip, **asked), 1 if given["against"] else 0
