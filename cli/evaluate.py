"""`skelfuse evaluate`: how well a run, or several together, do on clips of a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli import options
from skelfuse.cli.checkpoints import checkpoint_of
from skelfuse.cli.command import Command
from skelfuse.cli.messages import output, say, wrote
from skelfuse.cli.paths import FOLDER, PATH
from skelfuse.cli.renamed import run_first
from skelfuse.cli.terminal import json_text

if TYPE_CHECKING:
    from skelfuse.evaluation import Evaluation, Robustness
    from skelfuse.store import Store


@click.command(
    cls=Command,
    examples=[
        "skelfuse evaluate runs/first --data store.h5",
        "skelfuse evaluate runs/first runs/second --data store.h5 --json",
    ],
    renamed=run_first,
)
@click.argument("runs", nargs=-1, required=True, type=PATH)
@options.data(required=True)
@options.protocol("the run's")
@options.part("test")
@options.window
@options.stride
@options.rest_label
@options.crops
@options.checkpoint()
@click.option("--robustness", "worse", is_flag=True, help="Evaluate on worse recordings as well.")
@click.option("--ignore-unknown", is_flag=True, help="Leave out classes that the run lacks.")
@options.out(FOLDER, "A folder for tables, a picture and every prediction.")
@options.device
@options.output_format(["table", "json"])
def evaluate(
    runs: tuple[Path, ...],
    data: Path,
    out: Path | None,
    form: str,
    **given: Any,
) -> None:
    """Measure runs on the test clips of a store.

    RUNS are run folders or checkpoints; several average their probabilities. Prints accuracy with
    its 95 % interval, the worst confusions, the clips whose labels seem least likely, and each
    class. --out writes the confusion matrix (CSV and PNG), the classes, and every clip's
    prediction. An evaluation of one run is also kept in its folder, for skelfuse compare.
    --robustness adds a table: missing joints, jitter, clips cut short, other frame rates, a turned
    camera, left and right swapped. With --window the store has whole recordings with intervals
    (preprocess --whole): one run's decisions on every frame, and the bouts that they make, are
    compared with the intervals.
    """
    if given["window"]:
        _recordings(runs, data, out, form, given)
        return
    for name in ("stride", "rest_label"):
        if given[name]:
            raise click.UsageError(f"--{name.replace('_', '-')} needs --window")
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.steps import evaluate as measured
    from skelfuse.evaluation import report_text, robustness_text, write_report, write_robustness
    from skelfuse.run import load_run
    from skelfuse.store import Store

    loaded = [
        load_run(checkpoint_of(run, given["checkpoint"]), device=given["device"]) for run in runs
    ]
    store = Store(data)
    if out is not None:
        _usable(out)  # reported before the work, not after it
    with bar("clip") as show:
        evaluation = measured(
            loaded,
            store,
            protocol=given["protocol"],
            part=given["part"],
            crops=given["crops"],
            ignore_unknown=given["ignore_unknown"],
            progress=lambda done, total: show(done, total=total),
        )
    for note in evaluation.notes:
        say(f"note: {note}")
    table = _robustness(evaluation, store) if given["worse"] else None
    if form == options.JSON:
        values = evaluation.as_dict()
        values |= {} if table is None else {"robustness": table.as_dict()}
        output(json_text(values, indent=1))
    else:
        output(report_text(evaluation))
        if table is not None:
            output(f"\n{robustness_text(table)}")
    if out is not None:
        files = write_report(evaluation, out)
        files += [] if table is None else [write_robustness(table, out)]
        wrote(*files)
    if len(runs) == 1 and runs[0].is_dir():
        _kept(evaluation, runs[0])


def _recordings(
    runs: tuple[Path, ...], data: Path, out: Path | None, form: str, given: dict[str, Any]
) -> None:
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.steps import evaluate_recordings
    from skelfuse.evaluation import recordings_text

    if len(runs) > 1:
        raise click.UsageError("--window is for one run")
    unfit = {"--out": out, "--robustness": given["worse"]}
    unfit["--ignore-unknown"] = given["ignore_unknown"]
    for option, value in unfit.items():
        if value:
            raise click.UsageError(f"{option} is for clips: leave out --window")
    with bar("recording") as show:
        found = evaluate_recordings(
            checkpoint_of(runs[0], given["checkpoint"]),
            data,
            window=given["window"],
            stride=given["stride"],
            rest_label=given["rest_label"],
            protocol=given["protocol"],
            part=given["part"],
            crops=given["crops"],
            device=given["device"],
            progress=lambda done, total: show(done, total=total),
        )
    output(json_text(found.as_dict(), indent=1) if form == options.JSON else recordings_text(found))


def _kept(evaluation: Evaluation, run: Path) -> None:
    from skelfuse.evaluation import leave_in_run

    try:
        leave_in_run(evaluation, run)
    except OSError as error:  # the run may belong to somebody else; the result is printed anyway
        say(f"note: nothing is left in {run}: {error.strerror}")


def _robustness(evaluation: Evaluation, store: Store) -> Robustness:
    from skelfuse.cli.progress import bar
    from skelfuse.evaluation import evaluate_robustness
    from skelfuse.evaluation.robustness import all_conditions

    runs, clips = evaluation.runs, len(evaluation.names)
    count = len(all_conditions(flat=store.skeleton.dimensions == 2))
    with bar("clip", total=len(runs) * clips * count) as show:
        return evaluate_robustness(
            runs,
            store,
            [store.find(name) for name in evaluation.names],
            crops=evaluation.test.crops,
            progress=show,
        )


def _usable(folder: Path) -> None:
    from skelfuse.errors import SkelfuseError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SkelfuseError(
            f"cannot write here: {error.strerror}", file=folder, remedy="choose another --out"
        ) from None
