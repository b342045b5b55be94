"""`skelfuse compare`: runs side by side."""

from __future__ import annotations

import json
from pathlib import Path

import click

from skelfuse.cli.paths import PATH

SOME_BAD = 3


@click.command(short_help="Put runs side by side.")
@click.argument("runs", nargs=-1, required=True, type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print Markdown tables.")
@click.pass_context
def compare(ctx: click.Context, runs: tuple[Path, ...], as_json: bool, markdown: bool) -> None:
    """Put RUNS side by side: what differs, parameters, validation, evaluations, seeds.

    Test results are those that skelfuse evaluate left in the runs' folders. What is no run is told
    and left out (exit code 3).
    """
    from skelfuse.evaluation import compare as side_by_side
    from skelfuse.evaluation import comparison_markdown, comparison_text

    if as_json and markdown:
        raise click.UsageError("--json or --markdown, not both")
    comparison = side_by_side(runs)
    if as_json:
        click.echo(json.dumps(comparison.as_dict(), indent=1))
    else:
        click.echo((comparison_markdown if markdown else comparison_text)(comparison))
    for problem in comparison.problems:
        click.echo(f"left out: {problem}", err=True)
    if comparison.problems:
        ctx.exit(SOME_BAD)
