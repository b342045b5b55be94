"""`skelfuse prune`: a trained model without the channels that its gate has closed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skelfuse.cli import options
from skelfuse.cli.checkpoints import checkpoint_of
from skelfuse.cli.command import Command
from skelfuse.cli.messages import output, say
from skelfuse.cli.paths import PATH

if TYPE_CHECKING:
    from skelfuse.prune import Pruned


@click.command(
    cls=Command,
    examples=[
        "skelfuse prune runs/gated -o runs/small",
        "skelfuse prune runs/gated -o runs/small-best --checkpoint best",
    ],
)
@click.argument("run", type=PATH)
@options.out(PATH, "The folder of the smaller run.", required=True)
@options.checkpoint("last, if gates.penalty closed its gates; else best")
def prune(run: Path, out: Path, checkpoint: str | None) -> None:
    """Remove the channels that a run's gates have closed.

    RUN is a run's folder or a checkpoint, trained with model.frequencies.dct_window and
    model.frequencies.gate=static. The smaller run makes the same decisions, which is checked first,
    and can be used like any other.
    """
    from skelfuse.prune import prune as pruned
    from skelfuse.training.checkpoint import LAST

    chosen = checkpoint_of(run, checkpoint)
    found = pruned(chosen, out)
    if chosen == run != found.source and found.source.name == LAST:
        say(
            f"note: this is {found.source} (epoch {found.epoch}): gates close towards the end of "
            "training, and best is chosen by validation alone; --checkpoint best prunes that"
        )
    output(_summary(found))


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
