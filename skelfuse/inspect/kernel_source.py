"""Motion kernels with their past: of a run, of a checkpoint, or of a configuration alone."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from skelfuse.batches.rate import SeenRate
from skelfuse.errors import SkelfuseError
from skelfuse.inspect.kernel_report import Moment
from skelfuse.layers.kernels import Kernel
from skelfuse.models import MODELS
from skelfuse.run import Run, load_run
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import TrainConfig, build_model, read_config
from skelfuse.training.checkpoint import BEST, LAST
from skelfuse.training.log import KERNELS, read_lines
from skelfuse.training.losses import kernels_of
from skelfuse.training.seeds import seed_of
from skelfuse.training.store_facts import store_facts
from skelfuse.training.suggested import suggested


@dataclass(frozen=True, eq=False)
class KernelSource:
    """What `report_kernels` needs, and what a title says."""

    title: str
    kernels: Mapping[str, Kernel]
    start: Mapping[str, Kernel]  # before training
    history: tuple[Moment, ...]  # empty where no record is at hand
    config: TrainConfig
    trained: bool
    seen_rate: SeenRate | None = None  # of the clips it was trained with
    run: Run | None = None  # where there is a checkpoint

    @property
    def learnable(self) -> bool:
        """Whether training changes the kernels."""
        return bool(self.config.model.options.get("learnable", True))


def kernels_of_run(path: str | Path) -> KernelSource:
    """Return the kernels of a run's best epoch, or of the checkpoint that `path` names.

    A run that has not finished its first epoch has a record of its kernels already, and that
    is shown.
    """
    path = Path(path)
    if path.is_dir() and not any((path / name).exists() for name in (BEST, LAST)):
        found = _begun(path)
        if found is not None:
            return found
    run = load_run(path)
    now = _checked(run.model, run.config, run.path)
    history = _history(run.path.parent / KERNELS, now)
    if history and history[0].epoch == 0:
        start = _with_taps(now, history[0])
    else:
        start = _untrained(run.config, run.skeleton, len(run.class_names))
    title = f"{run.path}: {_model(run.config)}, epoch {run.epoch} of {run.config.train.epochs}"
    return KernelSource(title, now, start, history, run.config, True, run.seen_rate, run)


def kernels_of_config(
    path: str | Path, skeleton: Skeleton, store: Store | None = None
) -> KernelSource:
    """Return the kernels that training with a configuration begins with, for one skeleton.

    What the configuration leaves to a store is chosen by the clips of `store`.

    >>> import tempfile
    >>> from skelfuse.layouts import COCO_17
    >>> path = Path(tempfile.mkdtemp()) / "mine.yaml"
    >>> _ = path.write_text("model: {size: nano, scales: [1, 2]}")
    >>> found = kernels_of_config(path, COCO_17)
    >>> found.kernels["joint/scale1"].taps.tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    config = read_config(path, suggest=None if store is None else partial(_chosen_by, store))
    # Kernels belong to no class: any number of classes gives the same ones.
    now = _untrained(config, skeleton, 2, path)
    D = skeleton.dimensions
    title = f"{path}: {_model(config)}, before any training, for '{skeleton.name}' in {D} axes"
    return KernelSource(title, now, now, (), config, trained=False)


def _chosen_by(store: Store, written: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    return suggested(store_facts(store, np.arange(len(store))), written).settings


def _begun(folder: Path) -> KernelSource | None:
    record, config_file = folder / KERNELS, folder / "config.yaml"
    if not (record.exists() and config_file.exists()):
        return None
    with _undamaged(record):
        lines = read_lines(record)
        last = lines[-1]["kernels"] if lines else {}
        kernels = {name: _kernel(name, fields) for name, fields in last.items()}
    config = read_config(config_file)
    if not lines:
        return None
    history = _history(record, kernels)
    title = f"{folder}: {_model(config)}, epoch {history[-1].epoch}, no checkpoint yet"
    return KernelSource(
        title, kernels, _with_taps(kernels, history[0]), history, config, trained=True
    )


def _untrained(
    config: TrainConfig, skeleton: Skeleton, classes: int, file: Path | str | None = None
) -> Mapping[str, Kernel]:
    # As in a training run: the seed alone decides, and the caller's random numbers stay theirs.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(config.seed, "weights"))
        return _checked(build_model(config.model, skeleton, classes), config, file)


def _checked(
    model: nn.Module, config: TrainConfig, file: Path | str | None
) -> Mapping[str, Kernel]:
    kernels = kernels_of(model)
    if kernels:
        return kernels
    able = [name for name, kind in MODELS.items() if "scales" in inspect.signature(kind).parameters]
    remedy = f"models with kernels are: {', '.join(able)}"
    if config.model.name in able:
        remedy = "train with some, e.g. --set model.scales=[1,2,4]"
    raise SkelfuseError(
        f"model '{config.model.name}' has no motion kernels",
        file=file,
        found=f"model.scales: {list(config.model.options['scales'])}"
        if config.model.name in able
        else None,
        remedy=remedy,
    )


def _history(file: Path, now: Mapping[str, Kernel]) -> tuple[Moment, ...]:
    moments = []
    with _undamaged(file):
        for line in read_lines(file):
            taps = {
                name: np.asarray(one["taps"], np.float64) for name, one in line["kernels"].items()
            }
            moments.append(Moment(int(line["epoch"]), taps))
    shapes = {name: kernel.taps.shape for name, kernel in now.items()}
    for moment in moments:
        found = {name: taps.shape for name, taps in moment.taps.items()}
        if found != shapes:
            raise SkelfuseError(
                "the record of kernels belongs to another model",
                file=file,
                expected=", ".join(f"{name} {list(shape)}" for name, shape in shapes.items()),
                found=", ".join(f"{name} {list(shape)}" for name, shape in found.items()),
                remedy="move the checkpoint to a folder of its own",
            )
    return tuple(moments)


@contextmanager
def _undamaged(file: Path) -> Iterator[None]:
    """Take whatever goes wrong in reading a record for damage to it."""
    try:
        yield
    except Exception:
        raise SkelfuseError(
            "the record of kernels is damaged",
            file=file,
            expected="a line of JSON for each epoch",
            remedy="remove it: the checkpoint is enough, without --history",
        ) from None


def _kernel(name: str, fields: Mapping[str, Any]) -> Kernel:
    taps = np.asarray(fields["taps"], np.float64)
    return Kernel(name, int(fields["scale"]), taps, tuple(fields["offsets"]), fields["group"])


def _with_taps(kernels: Mapping[str, Kernel], moment: Moment) -> Mapping[str, Kernel]:
    return {
        name: kernel._replace(taps=moment.taps[name].astype(kernel.taps.dtype))
        for name, kernel in kernels.items()
    }


def _model(config: TrainConfig) -> str:
    size = f" ({config.model.size})" if config.model.size else ""
    return f"{config.model.name}{size}"
