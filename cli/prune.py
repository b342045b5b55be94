"""`skelfuse prune`: a trained model without the channels that its gate has closed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skelfuse.cli.paths import PATH

if TYPE_CHECKING:
    from skelfuse.prune import Pruned


@click.command(short_help="Take out of a run what its gates have closed.")
@click.argument("run", type=PATH)
@click.option("--out", required=True, type=PATH, help="The folder of the smaller run.")
@click.option(
    "--checkpoint",
    type=click.Choice(["best", "last"]),
    help="Of RUN.  [default: last, if gates.penalty closed its gates; else best]",
)
def prune(run: Path, out: Path, checkpoint: str | None) -> None:
    """Write RUN anew without the frequencies of joints that its gate has closed.

    RUN is a run's folder or a checkpoint, trained with model.frequencies.dct_window and
    model.frequencies.gate=static. The
    smaller run decides as that checkpoint does, which is checked first, and is used like any other.
    """
    from skelfuse.prune import prune as pruned
    from skelfuse.training.checkpoint import BEST, LAST

    if checkpoint is not None and run.is_file():
        raise click.UsageError(f"--checkpoint needs a run's folder; {run} is a file")
    chosen = run
    if checkpoint is not None and run.is_dir():
        chosen = run / (LAST if checkpoint == "last" else BEST)
    found = pruned(chosen, out)
    if chosen == run != found.source and found.source.name == LAST:
        click.echo(
            f"note: this is {found.source} (epoch {found.epoch}): gates close to the end of a "
            "training, and best is chosen by validation alone; --checkpoint best prunes that",
            err=True,
        )
    click.echo(_summary(found))


def _summary(pruned: Pruned) -> str:
    before, after = pruned.channels
    low, high = pruned.frequencies
    milliseconds = [1000 * value for value in pruned.seconds]
    lines = [
        f"{pruned.folder}: {after} of {before} channels are left, of {high} of {low} frequencies",
        f"  parameters    {_change(*pruned.parameters)}",
        f"  MACs a clip   {_change(*pruned.macs)}",
        f"  ms a clip     {milliseconds[0]:.3f} -> {milliseconds[1]:.3f} "
        f"({milliseconds[1] / milliseconds[0] - 1:+.0%})",
        f"  logits        differ by {pruned.difference:.1e} at most",
    ]
    return "\n".join(lines)


def _change(before: int, after: int) -> str:
    return f"{before:,} -> {after:,} ({after / before - 1:+.0%})"
