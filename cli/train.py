"""`skelfuse train`: a store and a configuration into a run with a trained model."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli.paths import FILE, PATH
from skelfuse.telling.counted import counted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from skelfuse.store import Store
    from skelfuse.training import Result, TrainConfig


@click.command(short_help="Train a model by a configuration.")
@click.option("--config", help="A YAML file, or the name of a shipped one, e.g. nw_ucla.")
@click.option("--data", required=True, type=FILE, help="The store.")
@click.option("--out", required=True, type=PATH, help="The run's folder, e.g. runs/x.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="e.g. train.epochs=5")
@click.option(
    "--protocol",
    help="How to split the clips: ntu60-xsub, ntu60-xview, ntu120-xsub, ntu120-xset, "
    "nw-ucla-xview, odd-even (utd-mhad, msr-action3d), sbu-fold1 to 5, kfold:K/I, loso:SUBJECT, "
    "random:SHARE/SEED, all (every clip trains), "
    "or the name of a split in the files; skelfuse info lists those that fit.  "
    "[default: the configuration's]",
)
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
    from skelfuse.store import Store
    from skelfuse.training import train as run
    from skelfuse.training.launch import leader_first
    from skelfuse.training.resume import check_resumable

    with leader_first():
        store = Store(data)
        if given["resume"]:
            check_resumable(out, store)  # before anything is asked of a store of other bodies
        config = _config(store, out, given)
        parts = _parts(store, config.protocol)
        _warn(store, config.protocol)
    result = run(
        config,
        store,
        parts,
        out,
        device=given["device"],
        resume=given["resume"],
        strict=given["strict"],
        watcher=TrainingProgress(terminal=sys.stderr.isatty()),
    )
    if _leads():
        click.echo(_summary(result))


def _config(store: Store, out: Path, given: dict[str, Any]) -> TrainConfig:
    from skelfuse.configs import find
    from skelfuse.training import config_from_dict, read_config
    from skelfuse.training.build import check_fits
    from skelfuse.training.resume import saved_config

    def suggest(written: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        return _suggested(store, out, {**written, **told}, resume=given["resume"])

    def check(config: TrainConfig) -> None:
        check_fits(config, store.skeleton, max(1, len(store.class_names)))

    told = {name: given[name] for name in ("protocol", "seed") if given[name] is not None}
    settings: dict[str, Any] = {"settings": given["settings"], "suggest": suggest, "check": check}
    if given["config"] is not None:
        config = read_config(find(given["config"]), **settings)
    else:  # a run that is resumed knows its own
        before = saved_config(out).as_dict() if given["resume"] else {}
        config = config_from_dict(before, **settings)
    return replace(config, **told)


def _suggested(
    store: Store, out: Path, written: Mapping[str, Any], *, resume: bool
) -> Mapping[str, Mapping[str, Any]]:
    from skelfuse.training.checkpoint import LAST
    from skelfuse.training.resume import saved_config
    from skelfuse.training.store_facts import store_facts
    from skelfuse.training.suggested import SECTIONS, suggested

    if resume and (out / LAST).exists():  # what was chosen when the run began stays chosen
        before = saved_config(out).as_dict()
        return {name: before[name] for name in SECTIONS}
    train = _parts(store, written.get("protocol"))["train"]
    settings, reasons = suggested(store_facts(store, train), written)
    if _leads():
        for reason in reasons:
            click.echo(f"chosen: {reason}", err=True)
    return settings


def _parts(store: Store, protocol: str | None) -> dict[str, npt.NDArray[np.intp]]:
    from skelfuse.datasets.protocols import likeliest, split
    from skelfuse.datasets.summary import clip_table
    from skelfuse.errors import SkelfuseError

    table = clip_table(store)
    if protocol is None:
        raise SkelfuseError(
            "no protocol is given",
            file=store.path,
            remedy=f"add --protocol, e.g. {likeliest(table)}; skelfuse info lists those that fit",
        )
    return split(table, protocol)


def _warn(store: Store, protocol: str | None) -> None:
    from skelfuse.datasets.protocols import caution
    from skelfuse.datasets.summary import clip_table

    if _leads() and protocol and (told := caution(clip_table(store), protocol)):
        click.echo(f"warning: {told}", err=True)


def _leads() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _summary(result: Result) -> str:
    name = "validation_accuracy" if "validation_accuracy" in result.metrics else "accuracy"
    found = f"{name.replace('_', ' ')} {result.metrics[name]:.1%}" if result.metrics else ""
    epochs = counted(result.epochs, "epoch") + (", stopped early" if result.stopped_early else "")
    return f"{result.folder}: {epochs}; best {result.best_epoch}, {found}"
