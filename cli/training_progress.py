"""What a person sees of a training run: a bar on a terminal, else one line an epoch."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm

from skelfuse.cli.messages import say
from skelfuse.telling.counted import counted
from skelfuse.training import Plan, Step, Watcher


class TrainingProgress(Watcher):
    """Show the progress of a training on standard error."""

    def __init__(self, *, bar: bool) -> None:
        self.wanted = bar
        self.bar: tqdm[Any] | None = None
        self.epochs = 0

    def on_start(self, plan: Plan) -> None:
        """Print what will be trained."""
        self.epochs = plan.epochs
        processes = f" x {plan.processes}" if plan.processes > 1 else ""
        begun = f", from epoch {plan.first_epoch} on" if plan.first_epoch > 1 else ""
        if plan.finished:
            begun = f": finished already, after {plan.first_epoch - 1}"
        say(
            f"{counted(plan.clips, 'clip')} of {counted(plan.classes, 'class', 'classes')}, "
            f"{plan.parameters:,} parameters, {counted(plan.epochs, 'epoch')} of "
            f"{counted(plan.steps_per_epoch, 'step')} on {plan.device}{processes}"
            f"{begun}"
        )
        if self.wanted:
            self.bar = tqdm(
                total=plan.epochs * plan.steps_per_epoch,
                initial=(plan.first_epoch - 1) * plan.steps_per_epoch,
                dynamic_ncols=True,
                leave=False,
                bar_format="{desc} {percentage:3.0f}%|{bar}| {remaining} left{postfix}",
            )

    def on_note(self, text: str) -> None:
        """Print a note."""
        say(f"note: {text}")

    def on_step(self, step: Step) -> None:
        """Move the bar."""
        if self.bar is None:
            return
        self.bar.set_description_str(f"epoch {step.epoch}/{self.epochs}", refresh=False)
        self.bar.set_postfix_str(
            f"loss {step.loss:.3f}, training accuracy {step.accuracy:.1%}, "
            f"{step.clips_per_second:,.0f} clips/s",
            refresh=False,
        )
        done = (step.epoch - 1) * step.batches + step.batch
        self.bar.update(done - self.bar.n)

    def on_epoch(self, metrics: dict[str, Any]) -> None:
        """Print a line per epoch if there is no bar."""
        if self.bar is not None:
            return
        text = (
            f"epoch {metrics['epoch']}/{self.epochs}: loss {metrics['loss']:.3f}, "
            f"training accuracy {metrics['accuracy']:.1%}"
        )
        if "validation_accuracy" in metrics:
            text += f", validation {metrics['validation_accuracy']:.1%}"
        say(f"{text}, {metrics['clips_per_second']:,.0f} clips/s")

    def on_end(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.close()
