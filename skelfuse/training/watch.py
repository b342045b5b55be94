"""How a run tells what it does: a watcher is called, and nothing is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Plan:
    """What is about to be done."""

    clips: int
    validation: int  # clips
    classes: int
    parameters: int
    epochs: int
    first_epoch: int  # 1, or later where a run is taken up
    steps_per_epoch: int  # batches of this process
    device: str
    processes: int
    finished: bool = False  # a run is taken up that has nothing left to do


@dataclass(frozen=True)
class Step:
    """One batch, with what the epoch has come to so far."""

    epoch: int
    batch: int  # 1 for the first
    batches: int
    loss: float
    accuracy: float
    clips_per_second: float  # all processes together


class Watcher:
    """Override what you want to hear of; only the leading process calls.

    >>> class Printer(Watcher):
    ...     def on_epoch(self, metrics):
    ...         print(f"epoch {metrics['epoch']}: {metrics['accuracy']:.0%}")
    >>> Printer().on_epoch({"epoch": 1, "accuracy": 0.5})
    epoch 1: 50%
    """

    def on_start(self, plan: Plan) -> None:
        """Hear what is about to be done."""

    def on_note(self, text: str) -> None:
        """Hear what a person should know, such as a class without training clips."""

    def on_step(self, step: Step) -> None:
        """Hear of a batch."""

    def on_epoch(self, metrics: dict[str, Any]) -> None:
        """Hear of an epoch: the same values as a line of metrics.jsonl."""

    def on_end(self) -> None:
        """Hear that it is over, well or not."""
