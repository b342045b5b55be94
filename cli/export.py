"""`skelfuse export`: a trained model as a graph that needs no skelfuse."""

from __future__ import annotations

from pathlib import Path

import click

from skelfuse.cli import options
from skelfuse.cli.checkpoints import checkpoint_of
from skelfuse.cli.command import Command
from skelfuse.cli.messages import output
from skelfuse.cli.paths import FILE, PATH


@click.command(
    cls=Command,
    examples=[
        "skelfuse export runs/first -o model.pt2",
        "skelfuse export runs/first -o last.pt2 --checkpoint last",
    ],
)
@click.argument("run", type=PATH)
@options.out(FILE, "The graph, e.g. model.pt2 or model.onnx.", required=True)
@options.checkpoint()
def export(run: Path, out: Path, checkpoint: str | None) -> None:
    """Save a model as a graph that runs without skelfuse.

    RUN is a run's folder or a checkpoint. Use the ending .pt2 for torch, .onnx for ONNX Runtime and
    others. The graph takes prepared clips and their mask, and returns probabilities; its file names
    the classes and says how clips are prepared. It is written only if its results equal the run's.
    """
    from skelfuse.export import export_run
    from skelfuse.run import load_run

    found = export_run(load_run(checkpoint_of(run, checkpoint)), out)
    x, mask, probabilities = (
        str(found.facts[name]).replace("'batch'", "B") for name in ("x", "mask", "probabilities")
    )
    output(f"{found.path}: {found.bytes / 1e6:.1f} MB, at most 1,024 clips B at a time")
    output(f"  x              {x}  float32, as the run prepares clips")
    output(f"  mask           {mask}  bool, False where a joint was not seen")
    output(f"  probabilities  {probabilities}")
    output(f"  their logarithms differ from the run's by {found.difference:.1e} at most")
