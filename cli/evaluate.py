"""`skelfuse evaluate`: how well a run, or several together, do on clips of a store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli.evaluated_part import part_of_store
from skelfuse.cli.paths import FILE, FOLDER, PATH

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from skelfuse.evaluation import Robustness
    from skelfuse.run import Run
    from skelfuse.store import Store


@click.command(short_help="Measure runs on the test clips of a store.")
@click.option(
    "--run",
    "paths",
    multiple=True,
    required=True,
    type=PATH,
    help="A run's folder, or a checkpoint; several decide together.",
)
@click.option("--data", required=True, type=FILE, help="The store.")
@click.option("--protocol", help="How to split the clips.  [default: the run's]")
@click.option("--part", default="test", show_default=True, help="Of the split; 'all': every clip.")
@click.option(
    "--crops", type=click.IntRange(1), default=1, show_default=True, help="Averaged for each clip."
)
@click.option(
    "--checkpoint", type=click.Choice(["best", "last"]), help="Of a folder.  [default: best]"
)
@click.option("--robustness", "worse", is_flag=True, help="Evaluate on worse recordings as well.")
@click.option("--ignore-unknown", is_flag=True, help="Leave out classes that the run has not.")
@click.option("--out", type=FOLDER, help="A folder for files.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:1.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    paths: tuple[Path, ...], data: Path, out: Path | None, as_json: bool, **given: Any
) -> None:
    """Evaluate runs on the test clips of a store.

    Prints accuracy with its 95 % interval, the worst confusions, the clips whose label is believed
    least, and each class. --out adds the confusion matrix (CSV and PNG), the classes, and every
    clip's prediction. An evaluation of one run is left in its folder as well, for skelfuse compare.
    --robustness adds a table: joints missing, jitter, clips cut short, other frame rates, the
    camera turned, left and right swapped.
    """
    from skelfuse.cli.progress import bar
    from skelfuse.evaluation import evaluate as run_evaluation
    from skelfuse.evaluation import (
        leave_in_run,
        report_text,
        robustness_text,
        write_report,
        write_robustness,
    )
    from skelfuse.evaluation.matching import joint_order
    from skelfuse.run import load_run
    from skelfuse.store import Store

    runs = [
        load_run(_checkpoint(path, given["checkpoint"]), device=given["device"]) for path in paths
    ]
    store = Store(data)
    for run in runs:
        joint_order(run, store)  # a store of another skeleton is told before its protocols
    protocol, indices = part_of_store(store, runs, given["protocol"], given["part"])
    if out is not None:
        _usable(out)  # better told now than after the work
    with bar(len(runs) * len(indices), "clip") as show:
        evaluation = run_evaluation(
            runs,
            store,
            indices,
            protocol=protocol,
            part=given["part"],
            crops=given["crops"],
            ignore_unknown=given["ignore_unknown"],
            progress=lambda done: show(done, ""),
        )
    for note in evaluation.notes:
        click.echo(f"note: {note}", err=True)
    table = _robustness(runs, store, indices, given) if given["worse"] else None
    if as_json:
        told = evaluation.as_dict()
        told |= {} if table is None else {"robustness": table.as_dict()}
        click.echo(json.dumps(told, indent=1))
    else:
        click.echo(report_text(evaluation))
        if table is not None:
            click.echo(f"\n{robustness_text(table)}")
    if out is not None:
        files = write_report(evaluation, out)
        files += [] if table is None else [write_robustness(table, out)]
        for file in files:
            click.echo(f"wrote {file}", err=True)
    if len(paths) == 1 and paths[0].is_dir():
        try:
            leave_in_run(evaluation, paths[0])
        except OSError as error:  # the run may be somebody else's; the result is told all the same
            click.echo(f"note: nothing is left in {paths[0]}: {error.strerror}", err=True)


def _checkpoint(path: Path, which: str | None) -> Path:
    if which is None:
        return path
    if path.is_file():
        raise click.UsageError(f"--checkpoint needs a run's folder; {path} is a file")
    # A folder that is not there is to be told, not the checkpoint in it.
    return path / f"{which}.safetensors" if path.is_dir() else path


def _robustness(
    runs: list[Run], store: Store, indices: npt.NDArray[np.intp], given: dict[str, Any]
) -> Robustness:
    from skelfuse.cli.progress import bar
    from skelfuse.evaluation import evaluate_robustness
    from skelfuse.evaluation.robustness import all_conditions

    count = len(all_conditions(flat=store.skeleton.dimensions == 2))
    with bar(len(runs) * len(indices) * count, "clip") as show:
        return evaluate_robustness(
            runs,
            store,
            indices,
            crops=given["crops"],
            ignore_unknown=given["ignore_unknown"],
            progress=lambda done: show(done, ""),
        )


def _usable(folder: Path) -> None:
    from skelfuse.errors import SkelfuseError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SkelfuseError(
            f"cannot write here: {error.strerror}", file=folder, remedy="choose another --out"
        ) from None
