"""One epoch of training: batches in, steps of the optimiser out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor, nn

from skelfuse.batches import Batch, Batches
from skelfuse.errors import SkelfuseError
from skelfuse.training import suspects
from skelfuse.training.config import TrainConfig
from skelfuse.training.distributed import Team
from skelfuse.training.graph import StepGraph
from skelfuse.training.learner import Learner
from skelfuse.training.mixing import Mixed, mixed
from skelfuse.training.optimiser import rate_at
from skelfuse.training.seeds import seed_of
from skelfuse.training.update import Update, Updated
from skelfuse.training.watch import Step

LOOK_EVERY = 20  # steps on a GPU between two looks at the losses: each look waits for it
CLIPS_TOO = "; where that changes nothing, look at these clips"


class Seen(NamedTuple):
    """What a step of the optimiser leaves to look at."""

    batch: int  # within the epoch, from 1
    clips: Tensor  # their indices in the store
    loss: Tensor
    norm: Tensor  # of the gradient


class EpochLoop:
    """Take a learner through an epoch; the same steps wherever in it the epoch is entered.

    Every step draws from a seed of its own (dropout, mixing), and batches are drawn by epoch and
    number, so nothing depends on what ran before. `rescue` says what to go back to, for the error
    when a step cannot be computed or is not a number any more.
    """

    def __init__(
        self,
        config: TrainConfig,
        learner: Learner,
        batches: Batches,
        team: Team,
        *,
        class_weights: Tensor | None = None,
        rescue: Callable[[], str] = str,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.config, self.fit = config, config.train
        self.learner, self.batches, self.team = learner, batches, team
        self.rescue = rescue
        self.update = Update(config, learner, team, class_weights)
        self.wrapped = self.update.wrapped
        self.graph = (
            StepGraph(self._of_tensors, lambda: [*learner.tensors().values()], tell)
            if learner.recorded
            else None
        )
        steps = -(-len(batches) // self.fit.accumulate)  # an epoch
        self.steps = steps * self.fit.epochs
        self.warmup = min(round(steps * self.fit.warmup_epochs), self.steps // 2)

    def run(self, *, after_step: Callable[[], None], on_step: Callable[[Step], None]) -> None:
        """Do what is left of the next epoch.

        `after_step` is called where a checkpoint may be written; the progress is whole there.
        """
        progress = self.learner.progress
        epoch = progress.epoch + 1
        self.totals = torch.zeros(self.update.kinds, dtype=torch.float64, device=self.team.device)
        if self.team.leads:  # the leader has the sum of all processes
            before = torch.tensor(progress.totals, dtype=torch.float64)
            self.totals[: len(before)] = before
        seen: list[Seen] = []
        look_every = 1 if self.team.device.type == "cpu" else LOOK_EVERY
        began = time.perf_counter()
        clips_at_start = float(self.totals[2])
        self.wrapped.train()
        for group in _groups(self.batches.epoch(epoch, progress.batch), self.fit.accumulate):
            try:
                seen.append(self.step(group, epoch, progress.batch))
            except SkelfuseError as error:
                self._check(seen)  # on a GPU a step before it may be where it began
                self._check_parameters()
                at, index = progress.batch + len(group), torch.cat([b.index for b in group])
                raise self._of_clips(error, at, index) from None
            progress.batch += len(group)
            progress.updates += 1
            if len(seen) >= look_every or progress.batch == len(self.batches):
                self._check(seen)
                loss, right, clips = self.totals[:3].tolist()
                rate = (clips - clips_at_start) / max(time.perf_counter() - began, 1e-9)
                on_step(
                    Step(
                        epoch,
                        progress.batch,
                        len(self.batches),
                        loss / clips,
                        right / clips,
                        rate * self.team.world,
                    )
                )
                seen.clear()
                after_step()

    def summed(self) -> tuple[float, ...]:
        """Return the epoch's loss, right ones and clips so far over all processes.

        Where there is a teacher, the parts of its lesson follow.
        """
        return tuple(self.team.sum(self.totals).tolist())

    def step(self, group: list[Batch], epoch: int, number: int) -> Seen:
        """Take one step of the optimiser, by batches that follow `number` others of the epoch."""
        learner, fit, updates = self.learner, self.fit, self.learner.progress.updates
        torch.manual_seed(seed_of(self.config.seed, "step", epoch, number, self.team.rank))
        rate = fit.learning_rate * rate_at(
            updates, steps=self.steps, warmup=self.warmup, final=fit.final_rate
        )
        share = learner.average.share(updates + 1) if learner.average else 0.0
        self.update.gates.anneal(updates / max(self.steps - 1, 1))
        before = learner.progress.epoch * len(self.batches) + number
        # One after the other: each draws its random numbers when its turn comes.
        clips = (
            mixed(one.x, one.mask, one.label, how=fit.mixing, alpha=fit.mixing_alpha)
            for one in group
        )
        statistics = self.update.statistics
        settled = statistics is None or before >= statistics.settled
        if self.graph is not None and settled:
            numbers = (torch.full((), value, device=self.team.device) for value in (rate, share))
            given = [part for part in next(clips) if part is not None]
            found = Updated(*self.graph([*given, *numbers]))
        else:
            size = sum(len(batch.label) for batch in group)
            found = self.update(clips, len(group), size=size, rate=rate, share=share, number=before)
        self.totals += found.sums
        index = torch.cat([batch.index for batch in group])
        return Seen(number + len(group), index, found.loss, found.norm)

    def _of_tensors(self, given: list[Tensor]) -> list[Tensor]:
        """Update as `StepGraph` wants it: the parts of one batch, the rate and the share."""
        *parts, rate, share = given
        clips = Mixed(*parts)
        statistics = self.update.statistics
        number = 0 if statistics is None else statistics.settled
        size = len(clips.label)
        return list(self.update([clips], 1, size=size, rate=rate, share=share, number=number))

    def check_weights(self) -> None:
        """Raise where a weight is not a number any more: a checkpoint must be good."""
        self._check_parameters()
        for model in (self._trained(), self.learner.evaluated):
            if (name := _no_number(model.state_dict().items())) is not None:
                clips = suspects.odd(self.batches.store, self.batches.indices.tolist())
                raise self._not_numbers(name, f", after clips such as {clips}" if clips else "")

    def _check_parameters(self) -> None:
        # Not what the forward pass itself measures, such as a norm's mean: there the clips count.
        if (name := _no_number(self._trained().named_parameters())) is not None:
            raise self._not_numbers(name)

    def _not_numbers(self, name: str, after: str = "") -> SkelfuseError:
        progress = self.learner.progress
        return SkelfuseError(
            f"the weights '{name}' are not numbers any more: epoch {progress.epoch + 1}, "
            f"after batch {progress.batch}{after}",
            remedy=f"{self.rescue()}{CLIPS_TOO if after else ''}",
        )

    def _trained(self) -> nn.Module:
        lesson = self.learner.lesson
        return self.learner.model if lesson is None else lesson.pupil

    def _check(self, seen: list[Seen]) -> None:
        if not seen:
            return
        both = torch.stack([torch.stack([one.loss, one.norm]) for one in seen])
        for one, (loss, norm) in zip(seen, torch.isfinite(both).tolist(), strict=True):
            if loss and norm:
                continue
            what = "gradient" if loss else "loss"
            problem = f"the {what} is not a number any more"
            raise self._of_clips(SkelfuseError(problem), one.batch, one.clips)

    def _of_clips(self, error: SkelfuseError, batch: int, clips: Tensor) -> SkelfuseError:
        """Return the error with the step that it came from, and what to do about it."""
        names = suspects.told(self.batches.store, clips.tolist())
        epoch = self.learner.progress.epoch + 1
        return SkelfuseError(
            f"{error.problem}: epoch {epoch}, batch {batch}, clips {names}",
            file=error.file,
            expected=error.expected,
            found=error.found,
            remedy=f"{self.rescue()}{CLIPS_TOO}",
        )


def _no_number(named: Iterable[tuple[str, Tensor]]) -> str | None:
    """Return the first name whose values are not all numbers."""
    return next(
        (
            name
            for name, value in named
            if value.is_floating_point() and not torch.isfinite(value).all()
        ),
        None,
    )


def _groups(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    batches = iter(batches)
    while group := list(islice(batches, size)):
        yield group
