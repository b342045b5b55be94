"""`skelfuse prune`: a trained model without the channels that its gate has closed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from skelfuse.prune import Pruned


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The folder of the smaller run."
)
def prune(run: Path, out: Path) -> None:
    """Write RUN anew without the frequencies of joints that its gate has closed.

    RUN is a run's folder or a checkpoint, trained with model.dct_window and model.gate=static. The
    smaller run decides as RUN does, which is checked first, and is used like any other.
    """
    from skelfuse.prune import prune as pruned

    click.echo(_summary(pruned(run, out)))


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
