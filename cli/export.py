"""`skelfuse export`: a trained model as a graph that needs no skelfuse."""

from __future__ import annotations

from pathlib import Path

import click

from skelfuse.cli.paths import FILE, PATH


@click.command(short_help="Write a run's model as a graph that needs no skelfuse.")
@click.argument("run", type=PATH)
@click.option("--out", required=True, type=FILE, help="The graph: model.pt2 or model.onnx.")
def export(run: Path, out: Path) -> None:
    """Write the model of RUN as a graph for torch (.pt2) or for ONNX Runtime and others (.onnx).

    RUN is a run's folder (its best epoch) or a checkpoint. The graph takes prepared clips and
    their mask, and gives probabilities; its file says of which classes, and how clips are prepared.
    It is written if it gives the run's own numbers.
    """
    from skelfuse.export import export_run
    from skelfuse.run import load_run

    found = export_run(load_run(run), out)
    x, mask, probabilities = (
        str(found.facts[name]).replace("'batch'", "B") for name in ("x", "mask", "probabilities")
    )
    click.echo(f"{found.path}: {found.bytes / 1e6:.1f} MB, at most 1,024 clips B at a time")
    click.echo(f"  x              {x}  float32, as the run prepares clips")
    click.echo(f"  mask           {mask}  bool, False where a joint was not seen")
    click.echo(f"  probabilities  {probabilities}")
    click.echo(f"  their logarithms differ from the run's by {found.difference:.1e} at most")
