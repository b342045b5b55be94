"""`skelfuse train`: a store and a configuration into a run with a trained model."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli import options
from skelfuse.cli.command import Command
from skelfuse.cli.completion import configs, sizes
from skelfuse.cli.messages import output, quiet, say, verbose
from skelfuse.cli.paths import PATH
from skelfuse.telling.counted import counted

if TYPE_CHECKING:
    from skelfuse.training import Result


@click.command(
    cls=Command,
    examples=[
        "skelfuse train --data store.h5 --protocol kfold:5/1 -o runs/a --epochs 2",
        "skelfuse train --data store.h5 -o runs/a --resume",
    ],
)
@click.option(
    "--config",
    shell_complete=configs,
    help="Configuration: a YAML file, or the name of a shipped one, e.g. nw_ucla.  [default: "
    "generic]",
)
@options.data(required=True)
@options.out(PATH, "The run's folder, e.g. runs/a.", required=True)
@options.protocol("the configuration's")
@click.option("--epochs", type=click.IntRange(1), help="Short for --set train.epochs=N.")
@click.option(
    "--size",
    shell_complete=sizes,
    help="Short for --set model.size=SIZE: nano, tiny, small, base or pure.",
)
@click.option("--batch-size", type=click.IntRange(1), help="Short for --set train.batch_size=N.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one key of the configuration; repeatable.",
)
@click.option(
    "--exemplars",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Keep N typical training clips of each class in the run, for explain --html. They are "
    "recordings of people: mind whom you give the run.",
)
@options.seed(None, "the configuration's")
@options.device
@options.resume
@options.strict
def train(data: Path, out: Path, **given: Any) -> None:
    """Train a model and save it with its metrics as a run.

    Without --config, settings are chosen from the training clips ('generic'). Equal seeds give
    equal weights on a CPU. An interrupted run continues with --resume and ends with the same
    weights. --strict stops if the test part has classes without training clips. For several GPUs
    use torchrun: torchrun --nproc-per-node 2 -m skelfuse train ...
    """
    from skelfuse.cli.training_progress import TrainingProgress
    from skelfuse.datasets.steps import train as run

    result = run(
        data,
        out,
        **given,
        watcher=TrainingProgress(bar=sys.stderr.isatty() and not (quiet() or verbose())),
        tell=lambda reason: say(f"chosen: {reason}"),
        warn=lambda text: say(f"warning: {text}"),
    )
    if os.environ.get("RANK", "0") == "0":
        output(_summary(result))
        _next(result, data, given["device"])


def _summary(result: Result) -> str:
    if "validation_accuracy" in result.metrics:
        found = f"validation accuracy {result.metrics['validation_accuracy']:.1%}"
    elif result.metrics:
        found = f"training accuracy {result.metrics['accuracy']:.1%}"
    else:
        found = "no metrics"
    epochs = counted(result.epochs, "epoch") + (", stopped early" if result.stopped_early else "")
    return f"{result.folder}: {epochs}; best {result.best_epoch}, {found}"


def _next(result: Result, data: Path, device: str) -> None:
    """Print the accuracy on the test clips, and the command to type next."""
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.steps import evaluate
    from skelfuse.errors import SkelfuseError

    run, store = shlex.quote(str(result.folder)), shlex.quote(str(data))
    command = f"skelfuse evaluate {run} --data {store}"
    try:
        with bar("clip") as show:
            found = evaluate(
                result.folder,
                data,
                device=device,
                ignore_unknown=True,
                progress=lambda done, total: show(done, total=total),
            )
    except SkelfuseError as error:  # for example a part without labels; the run itself is fine
        if error.key != "part":  # if all clips are for training, there is nothing to evaluate
            say(f"note: not evaluated on the test clips: {error}")
    else:
        clips = counted(found.metrics.clips, "test clip")
        output(f"{found.metrics.top1:.1%} on {clips}: {command}")
    say(f"next: skelfuse predict {run} FILE, skelfuse explain {run} FILE")
