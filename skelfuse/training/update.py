"""One update of the weights: from clips to a step of the optimiser, without a look at a value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from skelfuse.layers.voting_linear import decision
from skelfuse.models.paths import own_votes
from skelfuse.training.config import TrainConfig
from skelfuse.training.devices import casting
from skelfuse.training.distill import NAMES
from skelfuse.training.distributed import Team
from skelfuse.training.gates import GatePenalty
from skelfuse.training.learner import Learner
from skelfuse.training.losses import clip_losses, kernel_loss, path_losses
from skelfuse.training.mixing import Mixed
from skelfuse.training.optimiser import set_rate


class Updated(NamedTuple):
    """What an update leaves to look at, on the device."""

    loss: Tensor  # []
    norm: Tensor  # [], of the gradient
    sums: Tensor  # float64: loss, right ones and clips; where there is a teacher, NAMES follow


class Update:
    """Forward, backward, clipping, optimiser and average, for the batches of one step.

    All that changes from step to step is given as an argument, so that an update of one batch may
    be recorded and replayed (`training.graph`).
    """

    def __init__(
        self, config: TrainConfig, learner: Learner, team: Team, class_weights: Tensor | None
    ) -> None:
        self.config, self.learner, self.team = config, learner, team
        self.class_weights, self.lesson = class_weights, learner.lesson
        self.own_votes = own_votes(learner.model)
        self.gates = GatePenalty(learner.model, config.gates)
        lesson = self.lesson
        self.wrapped = team.share(learner.model if lesson is None else lesson.pupil)
        if config.train.compile:
            self.wrapped = torch.compile(self.wrapped)  # type: ignore[assignment]
        # A compiled model would be compiled anew for each momentum.
        self.statistics = None if config.train.compile else RunningStatistics(learner.model)
        self.parameters = [p for p in self.wrapped.parameters() if p.requires_grad]
        self.kinds = 3 if lesson is None else 3 + len(NAMES)

    def __call__(
        self,
        batches: Iterable[Mixed],
        count: int,
        *,
        size: int,
        rate: float | Tensor,
        share: float | Tensor,
        number: int,
    ) -> Updated:
        """Update by `count` batches of `size` clips in all.

        `rate` is the learning rate, `share` what the average takes on, and `number` counts the
        batches of the run before these.
        """
        learner, team = self.learner, self.team
        set_rate(learner.optimiser, rate)
        learner.optimiser.zero_grad(set_to_none=True)
        clips = team.sum(torch.full((), float(size), device=team.device))
        loss_of_group = torch.zeros((), device=team.device)
        sums = torch.zeros(self.kinds, dtype=torch.float64, device=team.device)
        for i, batch in enumerate(batches):
            last = i == count - 1
            if self.statistics:
                self.statistics.at(number + i)
            with team.quietly(self.wrapped, last=last):
                losses, of_batch = self._losses(batch)
                loss = losses / clips * team.world  # processes' gradients are averaged
                if last and (extra := kernel_loss(learner.model, self.config.kernels)) is not None:
                    loss = loss + extra
                if last and (extra := self.gates.loss()) is not None:
                    loss = loss + extra
                loss.backward()  # type: ignore[no-untyped-call]
            loss_of_group += loss.detach()
            sums += of_batch
        limit = self.config.train.clip_gradient or float("inf")
        norm = nn.utils.clip_grad_norm_(self.parameters, limit)
        learner.optimiser.step()
        if learner.average:
            learner.average.follow(learner.model, share)
        return Updated(loss_of_group, norm, sums)

    def _losses(self, clips: Mixed) -> tuple[Tensor, Tensor]:
        """Return the sum of the clips' losses, and what to remember of them."""
        fit, device = self.config.train, self.team.device
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
            count = torch.full((), float(len(losses)), dtype=torch.float64, device=device)
            sums = [losses.sum(), right, count, *(part.sum() for part in taught or ())]
            remembered = torch.stack([value.double() for value in sums])
        if fit.teach_own and self.own_votes is not None:
            losses = losses + fit.teach_own * path_losses(logits, self.own_votes)
        if self.lesson is not None and taught is not None:
            losses = losses + self.lesson.loss(taught)
        return losses.sum(), remembered


class RunningStatistics:
    """Let batch normalisations forget at once the numbers that they start with.

    Their running mean and variance begin at 0 and 1, and after 20 batches an eighth of that is
    still there: much, where features vary by a hundredth. So the first batches are averaged
    plainly, until the norms' own momentum is reached.

    >>> import torch
    >>> norm = nn.BatchNorm1d(1)
    >>> statistics = RunningStatistics(norm)
    >>> for batch, value in enumerate((4.0, 6.0)):
    ...     statistics.at(batch)
    ...     _ = norm(torch.tensor([[value - 1], [value + 1]]))
    >>> norm.running_mean.item(), norm.running_var.item()
    (5.0, 2.0)
    """

    def __init__(self, model: nn.Module) -> None:
        norms = [part for part in model.modules() if isinstance(part, _BatchNorm)]
        self.norms = [(norm, norm.momentum) for norm in norms if norm.momentum is not None]
        slowest = min((momentum for _, momentum in self.norms), default=1.0)
        self.settled = math.ceil(1 / slowest)  # from this batch on the momentum is the norms' own

    def at(self, batch: int) -> None:
        """Prepare for a batch counted from 0."""
        for norm, momentum in self.norms:
            norm.momentum = max(momentum, 1 / (batch + 1))
