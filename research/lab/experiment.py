"""One experiment: a data set, one of its splits, a variant and a seed, from a store to a row."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from research.lab.cells import Cell, decided
from research.lab.data_sets import Indices, fewer, parts_of, without_copies
from research.lab.measured import cost, when_and_where
from research.lab.rows import Row
from skelfuse.errors import SkelfuseError
from skelfuse.evaluation import evaluate
from skelfuse.models import SIZES, SkelFuse
from skelfuse.run import Run, load_run
from skelfuse.store import Store
from skelfuse.training import (
    TrainConfig,
    build_model,
    train,
)
from skelfuse.training.checkpoint import LAST
from skelfuse.training.log import METRICS, read_lines

PATH_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the together path in a decision


def run_cell(
    cell: Cell, store: Store, folder: Path, *, device: str = "cpu", keep: bool = False
) -> Row:
    """Train (or go on where a run was interrupted), evaluate the last epoch, return the row."""
    parts = parts_of(store, cell.protocol)
    config, learned_from = prepared(cell, store, parts["train"])
    shown = {"train": learned_from, "test": parts["test"]}
    begun = (folder / LAST).exists()
    try:
        train(config, store, shown, folder, device=device, resume=True)
    except SkelfuseError:
        if not begun:
            raise
        shutil.rmtree(folder)  # another version's, which this one cannot go on with
        train(config, store, shown, folder, device=device)
    run = load_run(folder / LAST, device=device)
    row = {
        **named(cell),
        **accuracies(run, store, parts, cell),
        **by_share(folder / LAST, store, parts, cell, device=device),
        **cost(run.model, config, store),
        "seconds": sum(line["seconds"] for line in read_lines(folder / METRICS)),
        "epochs": run.epoch,
        "train_clips": len(learned_from),
        **when_and_where(device),
    }
    if not keep:
        shutil.rmtree(folder)
    return row


def prepared(cell: Cell, store: Store, train: Indices) -> tuple[TrainConfig, Indices]:
    """Return what a cell's configuration is on this store, and the clips that it learns from."""
    learned_from = fewer(store, train, cell.variant.share, cell.config.seed)
    config = decided(cell, store, learned_from)
    if cell.target is not None:
        config = _widened(config, cell.target, store)
    return config, learned_from


def named(cell: Cell) -> Row:
    """Return the part of a row by which it is known."""
    names = ("dataset", "protocol", "seed", "hash")
    return dict(zip(names, cell.key, strict=True)) | {"variant": cell.name}


def accuracies(run: Run, store: Store, parts: dict[str, Indices], cell: Cell) -> dict[str, float]:
    """Return the share of test clips that are right, in percent; `clean`: those never trained."""
    found = evaluate([run], store, parts["test"], protocol=cell.protocol, part="test")
    right = found.prediction == found.label
    told = {"accuracy": 100 * float(right.mean()), "test_clips": len(right)}
    likely = found.probability[np.arange(len(right)), found.label]
    told["loss"] = -float(np.log(likely.clip(1e-12)).mean())
    if cell.data.clean:
        names = {store.names[i] for i in without_copies(store, parts)}
        clean = np.array([name in names for name in found.names])
        told |= {"clean": 100 * float(right[clean].mean()), "clean_clips": int(clean.sum())}
    return told


def by_share(
    checkpoint: Path, store: Store, parts: dict[str, Indices], cell: Cell, *, device: str
) -> dict[str, dict[str, float]]:
    """Return the accuracy with every share of the together path, where there is that path.

    Both paths learn by losses of their own: one training tells all of them.
    """
    found = {}
    for share in PATH_SHARES:
        run = load_run(checkpoint, device=device)
        if not isinstance(run.model, SkelFuse) or run.model.together is None:
            return {}
        run.model.share = share
        found[str(share)] = accuracies(run, store, parts, cell)
    return {
        "by_share": {share: one["accuracy"] for share, one in found.items()},
        **(
            {"clean_by_share": {share: one["clean"] for share, one in found.items()}}
            if cell.data.clean
            else {}
        ),
    }


def _widened(config: TrainConfig, target: TrainConfig, store: Store) -> TrainConfig:
    """Return a configuration whose model is of the target's size or just below it, by its width."""
    assert config.model.size is not None
    size, wanted = SIZES[config.model.size], _parameters(target, store)
    name = f"{config.model.size}, matched"
    wider = replace(config, model=replace(config.model, size=name))
    low, high = size.width // 2, 2 * size.width
    while high - low > 1:  # more width, more parameters
        middle = (low + high) // 2
        SIZES[name] = replace(size, width=middle)
        low, high = (middle, high) if _parameters(wider, store) <= wanted else (low, middle)
    SIZES[name] = replace(size, width=low)
    return wider


def _parameters(config: TrainConfig, store: Store) -> int:
    with torch.random.fork_rng(devices=[]):
        model = build_model(config.model, store.skeleton, len(store.class_names))
    return sum(p.numel() for p in model.parameters())
