"""`skelfuse train`: a store and a configuration into a run with a trained model."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from skelfuse.training import Result, TrainConfig


@click.command()
@click.option("--config", help="A YAML file, or the name of a shipped one, e.g. nw_ucla.")
@click.option(
    "--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The store."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The run's folder, e.g. runs/x."
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="e.g. train.epochs=5")
@click.option("--protocol", help="How to split the clips.  [default: the configuration's]")
@click.option("--seed", type=click.IntRange(0), help="Equal seeds give equal weights on a CPU.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:1.")
@click.option("--resume", is_flag=True, help="Go on where the run stopped, if it has begun.")
@click.option("--strict", is_flag=True, help="Stop if a class of the test has no training clip.")
def train(data: Path, out: Path, **given: Any) -> None:
    """Train a model; the run's folder then holds it, its configuration, metrics and curves.

    An interrupted run goes on with --resume to the weights that it would have had. Start it by
    torchrun for several GPUs: torchrun --nproc-per-node 2 -m skelfuse.cli train ...
    """
    from skelfuse.cli.training_progress import TrainingProgress
    from skelfuse.datasets.protocols import split
    from skelfuse.datasets.summary import clip_table
    from skelfuse.errors import SkelfuseError
    from skelfuse.store import Store
    from skelfuse.training import train as run

    config = _config(out, given)
    store = Store(data)
    if config.protocol is None:
        raise SkelfuseError(
            "how are the clips to be split?",
            file=store.path,
            remedy="give --protocol; skelfuse info lists those that fit",
        )
    watcher = TrainingProgress(terminal=sys.stderr.isatty())
    result = run(
        config,
        store,
        split(clip_table(store), config.protocol),
        out,
        device=given["device"],
        resume=given["resume"],
        strict=given["strict"],
        watcher=watcher,
    )
    if os.environ.get("RANK", "0") == "0":
        click.echo(_summary(result))


def _config(out: Path, given: dict[str, Any]) -> TrainConfig:
    from skelfuse.configs import find
    from skelfuse.training import config_from_dict, read_config
    from skelfuse.training.resume import saved_config

    if given["config"] is not None:
        config = read_config(find(given["config"]), given["settings"])
    else:  # a run that is resumed knows its own
        before = saved_config(out).as_dict() if given["resume"] else {}
        config = config_from_dict(before, given["settings"])
    if given["protocol"] is not None:
        config = replace(config, protocol=given["protocol"])
    return config if given["seed"] is None else replace(config, seed=given["seed"])


def _summary(result: Result) -> str:
    name = "validation_accuracy" if "validation_accuracy" in result.metrics else "accuracy"
    found = f"{name.replace('_', ' ')} {result.metrics[name]:.1%}" if result.metrics else ""
    early = ", stopped early" if result.stopped_early else ""
    return f"{result.folder}: {result.epochs} epochs{early}; best {result.best_epoch}, {found}"
