"""The one who writes: records, checkpoints and calls to watchers, by the leading process alone."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from skelfuse import __version__
from skelfuse.batches.rate import seen_rate
from skelfuse.clips.usual_bodies import UsualBodies
from skelfuse.clips.usual_lengths import UsualLengths
from skelfuse.training.checkpoint import BEST, LAST, write_checkpoint
from skelfuse.training.config import TrainConfig
from skelfuse.training.config_file import config_text
from skelfuse.training.data import RunData
from skelfuse.training.gates import open_share
from skelfuse.training.launch import begin_launch, end_launch
from skelfuse.training.learner import Learner
from skelfuse.training.log import Log, cannot_write_run, tensorboard, write_whole
from skelfuse.training.losses import kernel_values
from skelfuse.training.watch import Plan, Step, Watcher

CLIPS_LOOKED_AT = 1000  # to learn what bodies are usually like
CLOCKS = ("seconds", "clips_per_second")  # kept out of checkpoints: equal runs have equal files


class Keeper:
    """Keep a run's folder; where it is not `active` (another process leads) it does nothing."""

    def __init__(
        self,
        folder: Path,
        config: TrainConfig,
        data: RunData,
        learner: Learner,
        watcher: Watcher | None,
        *,
        active: bool,
    ) -> None:
        self.folder, self.config, self.data, self.learner = folder, config, data, learner
        self.active = active
        rate = seen_rate(config.sampling, data.store)
        self.seen_rate = None if rate is None else rate._asdict()
        step = -(-len(data.train) // CLIPS_LOOKED_AT)
        usual = UsualBodies.of(data.store[i] for i in data.train[::step].tolist())
        self.usual_bodies = None if usual is None else asdict(usual)
        rates = [data.store.fps[i] for i in data.train.tolist()]
        self.usual_lengths = asdict(UsualLengths.of(data.store.frames[data.train], rates))
        self.watchers = [watcher] if watcher and active else []

    def begin(self, plan: Plan) -> None:
        """Make the folder, or cut its records back to the checkpoint, and tell what is to come."""
        if not self.active:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write_run(self.folder, error) from None
        begin_launch(self.folder)
        write_whole(self.folder / "config.yaml", config_text(self.config))
        begun = self.learner.progress.updates > 0
        self.log = Log(self.folder, done=self.learner.progress.epoch if begun else -1)
        if not begun:
            self.log.kernels(0, self.learner.evaluated)
        board = tensorboard(self.folder / "tensorboard")
        self.watchers += [board] if board else []
        for watcher in self.watchers:
            watcher.on_start(plan)
        for note in self.data.notes:
            self.note(note)

    def note(self, text: str) -> None:
        """Tell what a person should know."""
        for watcher in self.watchers:
            watcher.on_note(text)

    def step(self, step: Step) -> None:
        """Tell of a batch."""
        for watcher in self.watchers:
            watcher.on_step(step)

    def epoch(self, metrics: dict[str, Any], *, better: bool) -> None:
        """Record an epoch and write its checkpoints.

        Records before checkpoints, `best` before `last`: what a kill leaves too much of is done
        again in the same way, and nothing is left out.
        """
        if not self.active:
            return
        with torch.no_grad():
            values = kernel_values(self.learner.evaluated, self.config.kernels)
        metrics |= {f"kernel_{name}": float(value) for name, value in values.items()}
        if (share := open_share(self.learner.evaluated)) is not None:
            metrics["gates_open"] = share
        self.log.metrics(metrics)
        self.log.kernels(metrics["epoch"], self.learner.evaluated)
        if better:
            write_checkpoint(self.folder / BEST, self.learner.weights(), self._facts(metrics))
        self.save(metrics)
        for watcher in self.watchers:
            watcher.on_epoch(metrics)

    def save(self, metrics: Mapping[str, Any] | None = None) -> None:
        """Write the checkpoint that a run goes on from."""
        if self.active:
            path = self.folder / LAST
            write_checkpoint(path, self.learner.tensors(), self._facts(metrics or {}))

    def finish(self) -> None:
        """Let go of the folder: all is done."""
        if self.active:
            end_launch(self.folder)

    def end(self) -> None:
        """Tell that it is over."""
        for watcher in self.watchers:
            watcher.on_end()

    def rescue(self) -> str:
        """Return what a person may go back to."""
        last = self.folder / LAST
        state = f"the last good checkpoint is {last}" if last.exists() else "no checkpoint yet"
        return f"{state}; begin again with a smaller train.learning_rate"

    def _facts(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        store = self.data.store
        return {
            "config": self.config.as_dict(),
            "class_names": store.class_names,
            "class_counts": self.data.class_counts,
            "skeleton": store.skeleton.to_dict(),
            "provenance": store.provenance.as_dict(),
            "data": self.data.fingerprint,
            "seen_rate": self.seen_rate,
            "usual_bodies": self.usual_bodies,
            "usual_lengths": self.usual_lengths,
            "shown": self.data.shown._asdict(),
            "seed": self.config.seed,
            "versions": {
                "skelfuse": __version__,
                "torch": torch.__version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
            **self.learner.facts(),
            "metrics": {name: value for name, value in metrics.items() if name not in CLOCKS},
        }
