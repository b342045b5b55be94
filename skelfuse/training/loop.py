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
from skelfuse.layers.voting_linear import decision
from skelfuse.training.config import TrainConfig
from skelfuse.training.devices import casting
from skelfuse.training.distill import NAMES
from skelfuse.training.distributed import Team
from skelfuse.training.gates import GatePenalty
from skelfuse.training.learner import Learner
from skelfuse.training.losses import clip_losses, kernel_loss
from skelfuse.training.mixing import mixed
from skelfuse.training.running_statistics import RunningStatistics
from skelfuse.training.schedule import rate_at
from skelfuse.training.seeds import seed_of
from skelfuse.training.suspects import Suspects
from skelfuse.training.watch import Step

LOOK_EVERY = 20  # steps on a GPU between two looks at the losses: each look waits for it
CLIPS_TOO = "; where that changes nothing, look at these clips"


class _Seen(NamedTuple):
    batch: int  # within the epoch, from 1
    clips: Tensor  # their indices in the store
    loss: Tensor
    norm: Tensor  # of the gradient


class EpochLoop:
    """Take a learner through an epoch; the same steps wherever in it the epoch is entered.

    Every step draws from a seed of its own (dropout, mixing), and batches are drawn by epoch and
    number, so nothing depends on what ran before. `suspects` names clips and `rescue` says what
    to go back to, for the error when a step cannot be computed or is not a number any more.
    """

    def __init__(
        self,
        config: TrainConfig,
        learner: Learner,
        batches: Batches,
        team: Team,
        *,
        class_weights: Tensor | None = None,
        suspects: Suspects | None = None,
        rescue: Callable[[], str] = str,
    ) -> None:
        self.config, self.fit = config, config.train
        self.learner, self.batches, self.team = learner, batches, team
        self.class_weights, self.suspects, self.rescue = class_weights, suspects, rescue
        self.gates = GatePenalty(learner.model, config.gates)
        lesson = self.lesson = learner.lesson
        self.wrapped = team.share(learner.model if lesson is None else lesson.pupil)
        if self.fit.compile:
            self.wrapped = torch.compile(self.wrapped)  # type: ignore[assignment]
        steps = -(-len(batches) // self.fit.accumulate)  # an epoch
        self.steps = steps * self.fit.epochs
        self.warmup = min(round(steps * self.fit.warmup_epochs), self.steps // 2)
        # A compiled model would be compiled anew for each momentum.
        self.statistics = None if self.fit.compile else RunningStatistics(learner.model)
        self.parameters = [p for p in self.wrapped.parameters() if p.requires_grad]

    def run(self, *, after_step: Callable[[], None], on_step: Callable[[Step], None]) -> None:
        """Do what is left of the next epoch.

        `after_step` is called where a checkpoint may be written; the progress is whole there.
        """
        progress = self.learner.progress
        epoch = progress.epoch + 1
        kinds = 3 if self.lesson is None else 3 + len(NAMES)
        self.totals = torch.zeros(kinds, dtype=torch.float64, device=self.team.device)
        if self.team.leads:  # the leader has the sum of all processes
            before = torch.tensor(progress.totals, dtype=torch.float64)
            self.totals[: len(before)] = before
        seen: list[_Seen] = []
        look_every = LOOK_EVERY if self.team.device.type == "cuda" else 1
        began = time.perf_counter()
        clips_at_start = float(self.totals[2])
        self.wrapped.train()
        for group in _groups(self.batches.epoch(epoch, progress.batch), self.fit.accumulate):
            try:
                seen.append(self._step(group, epoch, progress.batch))
            except SkelfuseError as error:
                self._check(seen, epoch)  # on a GPU a step before it may be where it began
                self._check_parameters()
                at, index = progress.batch + len(group), torch.cat([b.index for b in group])
                raise self._of_clips(error, epoch, at, index) from None
            progress.batch += len(group)
            progress.updates += 1
            if len(seen) >= look_every or progress.batch == len(self.batches):
                self._check(seen, epoch)
                loss, right, clips = (float(value) for value in self.totals[:3])
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

    def _step(self, group: list[Batch], epoch: int, number: int) -> _Seen:
        learner, fit, team = self.learner, self.fit, self.team
        torch.manual_seed(seed_of(self.config.seed, "step", epoch, number, team.rank))
        share = rate_at(
            learner.progress.updates, steps=self.steps, warmup=self.warmup, final=fit.final_rate
        )
        for parameters in learner.optimiser.param_groups:
            parameters["lr"] = fit.learning_rate * share * parameters["factor"]
        self.gates.anneal(learner.progress.updates / max(self.steps - 1, 1))
        learner.optimiser.zero_grad(set_to_none=True)
        clips = torch.tensor(float(sum(len(batch.label) for batch in group)), device=team.device)
        clips = team.sum(clips)
        loss_of_group = torch.zeros((), device=team.device)
        for i, batch in enumerate(group):
            last = i == len(group) - 1
            if self.statistics:
                self.statistics.at(learner.progress.epoch * len(self.batches) + number + i)
            with team.quietly(self.wrapped, last=last):
                loss = self._loss(batch) / clips * team.world  # processes' gradients are averaged
                if last and (extra := kernel_loss(learner.model, self.config.kernels)) is not None:
                    loss = loss + extra
                if last and (extra := self.gates.loss()) is not None:
                    loss = loss + extra
                loss.backward()  # type: ignore[no-untyped-call]
            loss_of_group += loss.detach()
        limit = fit.clip_gradient or float("inf")
        norm = nn.utils.clip_grad_norm_(self.parameters, limit)
        learner.optimiser.step()
        if learner.average:
            learner.average.update(learner.model, learner.progress.updates + 1)
        index = torch.cat([batch.index for batch in group])
        return _Seen(number + len(group), index, loss_of_group, norm)

    def _loss(self, batch: Batch) -> Tensor:
        fit, device = self.fit, self.team.device
        clips = mixed(batch.x, batch.mask, batch.label, how=fit.mixing, alpha=fit.mixing_alpha)
        with casting(device, fit.precision):
            if self.lesson is None:
                logits, taught = self.wrapped(clips.x, clips.mask), None  # [B,classes]
            else:
                logits, taught = self.lesson.given(self.wrapped, clips.x, clips.mask)
        losses = clip_losses(
            logits, clips, smoothing=fit.label_smoothing, weights=self.class_weights
        )
        with torch.no_grad():
            right = (decision(logits).argmax(dim=1) == clips.label).sum()
            count = torch.tensor(float(len(losses)), dtype=torch.float64, device=device)
            sums = [losses.sum(), right, count, *(part.sum() for part in taught or ())]
            self.totals += torch.stack([value.double() for value in sums])
        if self.lesson is not None and taught is not None:
            losses = losses + self.lesson.loss(taught)
        return losses.sum()

    def check_weights(self) -> None:
        """Raise where a weight is not a number any more: a checkpoint must be good."""
        self._check_parameters()
        for model in (self._trained(), self.learner.evaluated):
            if (name := _no_number(model.state_dict().items())) is not None:
                clips = self.suspects and self.suspects.odd(self.batches.indices.tolist())
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

    def _check(self, seen: list[_Seen], epoch: int) -> None:
        for one in seen:
            if torch.isfinite(one.loss) and torch.isfinite(one.norm):
                continue
            what = "loss" if not torch.isfinite(one.loss) else "gradient"
            error = SkelfuseError(f"the {what} is not a number any more")
            raise self._of_clips(error, epoch, one.batch, one.clips)

    def _of_clips(
        self, error: SkelfuseError, epoch: int, batch: int, clips: Tensor
    ) -> SkelfuseError:
        """Return the error with the step that it came from, and what to do about it."""
        indices = clips.tolist()
        names = ", ".join(map(str, indices)) if not self.suspects else self.suspects.told(indices)
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
