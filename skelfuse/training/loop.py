"""One epoch of training: batches in, steps of the optimiser out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
from skelfuse.training.watch import Step

LOOK_EVERY = 20  # steps on a GPU between two looks at the losses: each look waits for it


class _Seen(NamedTuple):
    batch: int  # within the epoch, from 1
    clips: Tensor  # their indices in the store
    loss: Tensor
    norm: Tensor  # of the gradient


class EpochLoop:
    """Take a learner through an epoch; the same steps wherever in it the epoch is entered.

    Every step draws from a seed of its own (dropout, mixing), and batches are drawn by epoch and
    number, so nothing depends on what ran before. `name_of` names a clip and `rescue` says what
    to go back to, for the error when the loss is not a number any more.
    """

    def __init__(
        self,
        config: TrainConfig,
        learner: Learner,
        batches: Batches,
        team: Team,
        *,
        class_weights: Tensor | None = None,
        name_of: Callable[[int], str] = str,
        rescue: Callable[[], str] = str,
    ) -> None:
        self.config, self.fit = config, config.train
        self.learner, self.batches, self.team = learner, batches, team
        self.class_weights, self.name_of, self.rescue = class_weights, name_of, rescue
        self.gates = GatePenalty(learner.model, config.gates)
        lesson = self.lesson = learner.lesson
        self.wrapped = team.share(learner.model if lesson is None else lesson.pupil)
        if self.fit.compile:
            self.wrapped = torch.compile(self.wrapped)  # type: ignore[assignment]
        steps = -(-len(batches) // self.fit.accumulate)  # an epoch
        self.steps = steps * self.fit.epochs
        self.warmup = min(round(steps * self.fit.warmup_epochs), self.steps - 1)
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
            seen.append(self._step(group, epoch, progress.batch))
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
        if self.statistics:
            self.statistics.at(learner.progress.updates)
        self.gates.anneal(learner.progress.updates / max(self.steps - 1, 1))
        learner.optimiser.zero_grad(set_to_none=True)
        clips = torch.tensor(float(sum(len(batch.label) for batch in group)), device=team.device)
        clips = team.sum(clips)
        loss_of_group = torch.zeros((), device=team.device)
        for i, batch in enumerate(group):
            last = i == len(group) - 1
            with team.quietly(self.wrapped, last=last), self._sound_weights():
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
        progress = self.learner.progress
        lesson = self.learner.lesson
        trained = self.learner.model if lesson is None else lesson.pupil
        models = (trained, self.learner.evaluated)
        for name, value in (pair for model in models for pair in model.state_dict().items()):
            if value.is_floating_point() and not torch.isfinite(value).all():
                raise SkelfuseError(
                    f"the weights '{name}' are not numbers any more: epoch {progress.epoch + 1}, "
                    f"after batch {progress.batch}",
                    remedy=self.rescue(),
                )

    @contextmanager
    def _sound_weights(self) -> Iterator[None]:
        # Layers refuse what is no number; where the weights made it so, the clips are not to blame.
        try:
            yield
        except SkelfuseError:
            self.check_weights()
            raise

    def _check(self, seen: list[_Seen], epoch: int) -> None:
        for one in seen:
            if torch.isfinite(one.loss) and torch.isfinite(one.norm):
                continue
            what = "loss" if not torch.isfinite(one.loss) else "gradient"
            names = [self.name_of(int(i)) for i in one.clips]
            raise SkelfuseError(
                f"the {what} is not a number any more: epoch {epoch}, batch {one.batch}, "
                f"clips {', '.join(names)}",
                remedy=self.rescue(),
            )


def _groups(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    batches = iter(batches)
    while group := list(islice(batches, size)):
        yield group
