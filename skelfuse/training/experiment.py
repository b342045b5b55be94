"""A whole training run: from a configuration and a store to a folder with a model in it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from skelfuse.models.persons import keep_to
from skelfuse.store import Store
from skelfuse.training.build import build_model
from skelfuse.training.checkpoint import LAST, undamaged
from skelfuse.training.config import TrainConfig
from skelfuse.training.curves import draw_curves
from skelfuse.training.data import run_data
from skelfuse.training.distill import NAMES, lesson_of
from skelfuse.training.distributed import Team, team
from skelfuse.training.gates import channel_gates
from skelfuse.training.graph import NO_GRAPH, why_not
from skelfuse.training.held_out import Indices
from skelfuse.training.keeper import Keeper
from skelfuse.training.launch import leader_first
from skelfuse.training.learner import Best, Learner
from skelfuse.training.log import METRICS, read_lines
from skelfuse.training.loop import EpochLoop
from skelfuse.training.losses import balanced_weights
from skelfuse.training.measure import measure
from skelfuse.training.memory import memory_note
from skelfuse.training.resume import check_same_clips, check_same_run, found_checkpoint
from skelfuse.training.seeds import seed_of
from skelfuse.training.watch import Plan, Watcher


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    folder: Path
    epochs: int
    best_epoch: int
    metrics: dict[str, Any]  # of the best epoch, as in metrics.jsonl
    notes: tuple[str, ...]
    stopped_early: bool


def train(
    config: TrainConfig | None,
    store: Store,
    parts: Mapping[str, Indices],
    out: str | Path,
    *,
    device: str = "auto",
    resume: bool = False,
    strict: bool = False,
    watcher: Watcher | None = None,
) -> Result:
    """Train a model on `parts["train"]` of a store and leave it in the folder `out`.

    With `resume` a run that was interrupted goes on from its last checkpoint, to the same weights
    as if nothing had happened; where there is no checkpoint yet it begins. `config` None takes
    the configuration of the run that is resumed. `strict` makes classes of `parts["test"]` that
    never occur in training an error. Several processes started by torchrun share the work.

    >>> import tempfile, numpy as np
    >>> from skelfuse.clip import Clip
    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.training import Fit
    >>> folder, draw = Path(tempfile.mkdtemp()), np.random.default_rng(0)
    >>> clips = [
    ...     Clip(draw.normal(size=(20, 1, 25, 3)), KINECT_V2, name=f"{i}", label="ab"[i % 2])
    ...     for i in range(8)
    ... ]
    >>> store = Store.write(folder / "store.h5", clips)
    >>> config = TrainConfig(train=Fit(epochs=1, validation=0))
    >>> result = train(config, store, {"train": np.arange(8)}, folder / "run")
    >>> result.epochs, sorted(path.name for path in result.folder.glob("*.safetensors"))
    (1, ['best.safetensors', 'last.safetensors'])
    """
    with team(device) as mates:
        devices = [mates.device] if mates.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):  # the caller's random numbers stay theirs
            with leader_first():
                run = _Run(
                    config,
                    store,
                    parts,
                    Path(out),
                    mates,
                    resume=resume,
                    strict=strict,
                    watcher=watcher,
                )
            try:
                return run.go()
            finally:
                run.keeper.end()


class _Run:
    """One call of `train`."""

    def __init__(
        self,
        config: TrainConfig | None,
        store: Store,
        parts: Mapping[str, Indices],
        folder: Path,
        mates: Team,
        *,
        resume: bool,
        strict: bool,
        watcher: Watcher | None,
    ) -> None:
        saved = found_checkpoint(folder, resume=resume, team=mates)
        self.store, self.folder, self.team = store, folder, mates
        self.config = check_same_run(config, saved, store, folder)
        self.data = run_data(store, parts, self.config, strict=strict, world=mates.world)
        check_same_clips(saved, self.data.fingerprint, store)
        torch.manual_seed(seed_of(self.config.seed, "weights"))
        model = build_model(self.config.model, store.skeleton, len(store.class_names))
        keep_to(model, *self.data.shown)
        mates.joined_norms(model.to(mates.device))
        note = memory_note(model, self.data.batch_shape(self.config, mates), mates.device)
        if note is not None:
            self.data = replace(self.data, notes=(*self.data.notes, note))
        lesson = lesson_of(self.config, model, store, mates)
        fit = self.config.train
        self.no_graph = why_not(fit, mates, gates=bool(channel_gates(model)))
        recorded = fit.graph != "off" and self.no_graph is None
        self.learner = Learner(model, fit, lesson, recorded=recorded)
        if saved:
            with undamaged(folder / LAST):
                self.learner.take_up(*saved)
        self.batches = self.data.training_batches(self.config, mates)
        self.validation = self.data.validation_batches(self.config, mates)
        self.keeper = Keeper(
            folder, self.config, self.data, self.learner, watcher, active=mates.leads
        )
        self.loop = EpochLoop(
            self.config,
            self.learner,
            self.batches,
            mates,
            class_weights=self._class_weights(),
            rescue=self.keeper.rescue,
            tell=self.keeper.note,
        )
        self.saved_at = time.monotonic()

    def go(self) -> Result:
        """Train until the last epoch, or until it no longer helps."""
        self.keeper.begin(self._plan())
        if self.no_graph and self.config.train.graph == "on":
            self.keeper.note(f"{NO_GRAPH}: {self.no_graph}")
        progress = self.learner.progress
        while not self._finished():
            began, before = time.perf_counter(), progress.batch
            self.loop.run(after_step=self._between_steps, on_step=self.keeper.step)
            self.loop.check_weights()
            loss, right, clips, *taught = self.loop.summed()
            seconds = time.perf_counter() - began
            share = 1 - before / len(self.batches)  # of the epoch, done in these seconds
            progress.epoch, progress.batch, progress.totals = progress.epoch + 1, 0, (0.0, 0.0, 0.0)
            metrics = {"epoch": progress.epoch, "loss": loss / clips, "accuracy": right / clips}
            metrics |= {name: part / clips for name, part in zip(NAMES, taught, strict=False)}
            better = self._validate(metrics)
            metrics |= {
                "lr": float(self.learner.optimiser.param_groups[0]["lr"]),
                "seconds": seconds,
                "clips_per_second": share * clips / seconds,
            }
            self.keeper.epoch(metrics, better=better)
            self.saved_at = time.monotonic()
        result = self._result()
        self.keeper.finish()
        return result

    def _validate(self, metrics: dict[str, Any]) -> bool:
        progress = self.learner.progress
        if self.validation is None:
            progress.best = Best(progress.epoch, metrics["accuracy"], metrics["loss"])
            return True
        precision = self.config.train.precision
        found = measure(self.learner.evaluated, self.validation, self.team, precision=precision)
        metrics |= {"validation_loss": found.loss, "validation_accuracy": found.accuracy}
        better = progress.best is None or progress.best.beaten_by(found.accuracy, found.loss)
        if better:
            progress.best = Best(progress.epoch, found.accuracy, found.loss)
        return better

    def _between_steps(self) -> None:
        minutes, progress = self.config.train.checkpoint_minutes, self.learner.progress
        if not minutes or progress.batch >= len(self.batches):
            return
        if self.team.told(time.monotonic() - self.saved_at >= 60 * minutes):
            self.loop.check_weights()
            progress.totals = self.loop.summed()
            self.keeper.save()
            self.saved_at = time.monotonic()

    def _finished(self) -> bool:
        progress, fit = self.learner.progress, self.config.train
        if progress.epoch >= fit.epochs:
            return True
        if not fit.patience or self.validation is None or progress.best is None or progress.batch:
            return False
        return progress.epoch - progress.best.epoch >= fit.patience

    def _plan(self) -> Plan:
        return Plan(
            clips=len(self.data.train),
            validation=len(self.data.validation),
            classes=len(self.store.class_names),
            parameters=sum(p.numel() for p in self.learner.model.parameters()),
            epochs=self.config.train.epochs,
            first_epoch=self.learner.progress.epoch + 1,
            steps_per_epoch=len(self.batches),
            device=str(self.team.device),
            processes=self.team.world,
            finished=self._finished(),
        )

    def _class_weights(self) -> Tensor | None:
        if self.config.train.class_weights == "none":
            return None
        labels = self.store.labels[self.data.train]
        weights = balanced_weights(labels, len(self.store.class_names))
        return torch.from_numpy(weights).to(self.team.device)

    def _result(self) -> Result:
        progress = self.learner.progress
        if self.team.leads:
            draw_curves(self.folder)
        best_epoch = progress.best.epoch if progress.best else 0
        lines = read_lines(self.folder / METRICS)
        return Result(
            self.folder,
            progress.epoch,
            best_epoch,
            next((line for line in lines if line["epoch"] == best_epoch), {}),
            self.data.notes,
            stopped_early=progress.epoch < self.config.train.epochs,
        )
