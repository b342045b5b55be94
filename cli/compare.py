"""`skelfuse compare`: runs side by side."""

from __future__ import annotations

from pathlib import Path

import click

from skelfuse.cli import options
from skelfuse.cli.command import Command
from skelfuse.cli.messages import complain, output
from skelfuse.cli.paths import PATH
from skelfuse.cli.renamed import markdown
from skelfuse.cli.terminal import json_text

SOME_BAD = 3


@click.command(
    cls=Command,
    examples=[
        "skelfuse compare runs/first runs/second",
        "skelfuse compare runs/first runs/second --format markdown",
    ],
    renamed=markdown,
)
@click.argument("runs", nargs=-1, required=True, type=PATH)
@options.output_format(["table", "json", "markdown"])
@click.pass_context
def compare(ctx: click.Context, runs: tuple[Path, ...], form: str) -> None:
    """Compare runs: settings, parameters, accuracy.

    RUNS are run folders. Test results are those that skelfuse evaluate saved in them; runs that
    differ only in their seed are summarised. A folder without a run is reported and left out (exit
    code 3).
    """
    from skelfuse.evaluation import compare as side_by_side
    from skelfuse.evaluation import comparison_markdown, comparison_text

    comparison = side_by_side(runs)
    if form == options.JSON:
        output(json_text(comparison.as_dict(), indent=1))
    else:
        text = comparison_markdown if form == "markdown" else comparison_text
        output(text(comparison))
    for problem in comparison.problems:
        complain(f"left out: {problem}")
    if comparison.problems:
        ctx.exit(SOME_BAD)
