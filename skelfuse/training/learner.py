"""All that changes while a model is trained, and how it is put away and taken up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.training.average import WeightAverage
from skelfuse.training.checkpoint import BESIDE, LEARNING, OPTIMISER, WEIGHT, fill
from skelfuse.training.config import Fit
from skelfuse.training.distill import Lesson
from skelfuse.training.optimiser import learning, make_optimiser


@dataclass(frozen=True)
class Best:
    """The best epoch so far: by validation accuracy, then by the lower loss."""

    epoch: int
    accuracy: float
    loss: float

    def beaten_by(self, accuracy: float, loss: float) -> bool:
        """Return whether another epoch is better.

        >>> Best(3, accuracy=0.5, loss=1.0).beaten_by(0.5, 0.9)
        True
        """
        return (accuracy, -loss) > (self.accuracy, -self.loss)


@dataclass
class Progress:
    """Where a run stands. Epochs count from 1; `batch` batches of the next one are done."""

    epoch: int = 0
    batch: int = 0
    updates: int = 0
    totals: tuple[float, ...] = (0.0, 0.0, 0.0)  # loss, right ones and clips of it, and more
    best: Best | None = None


class Learner:
    """A model with its optimiser, its average and its progress.

    The bound of a `lesson` learns beside the model: no evaluation needs it. Steps may be
    `recorded` as a graph (`training.graph`).

    >>> learner = Learner(nn.Linear(2, 2), Fit())
    >>> sorted(learner.tensors())[:2]
    ['learning/bias', 'learning/weight']
    """

    def __init__(
        self,
        model: nn.Module,
        fit: Fit,
        lesson: Lesson | None = None,
        *,
        recorded: bool = False,
    ) -> None:
        self.model, self.lesson, self.recorded = model, lesson, recorded
        self.average = WeightAverage(model, fit.average) if fit.average else None
        self.optimiser = make_optimiser(
            *([model] if lesson is None else [model, lesson.pupil.bound]),
            learning_rate=fit.learning_rate,
            weight_decay=fit.weight_decay,
            recorded=recorded,
        )
        self.progress = Progress()

    @property
    def evaluated(self) -> nn.Module:
        """The model to evaluate with."""
        return self.average.model if self.average else self.model

    def weights(self) -> dict[str, Tensor]:
        """Return what evaluation needs."""
        return {WEIGHT + name: value for name, value in self.evaluated.state_dict().items()}

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that the next step depends on."""
        found = self.weights()
        if self.average:
            found |= {LEARNING + name: v for name, v in self.model.state_dict().items()}
        if self.lesson:
            bound = self.lesson.pupil.bound
            found |= {BESIDE + name: v for name, v in bound.state_dict().items()}
        for name, parameter in self._learning():
            for key, value in self.optimiser.state.get(parameter, {}).items():
                found[f"{OPTIMISER}{name}/{key}"] = value
        return found

    def facts(self) -> dict[str, Any]:
        """Return the progress as plain values; nothing in it depends on the clock."""
        return asdict(self.progress) | {"teacher": self.lesson and self.lesson.teacher.sha256}

    def take_up(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` and `facts` returned; everything is copied."""
        if facts.get("teacher") != self.facts()["teacher"]:
            raise SkelfuseError(
                "cannot resume: the teacher is not as it was when the run began",
                remedy="put its run back, or begin another run with another --out",
            )
        fill(self.evaluated, _below(WEIGHT, tensors))
        if self.average:
            fill(self.model, _below(LEARNING, tensors))
        if self.lesson:
            fill(self.lesson.pupil.bound, _below(BESIDE, tensors))
        moments = _below(OPTIMISER, tensors)
        for name, parameter in self._learning():
            state = {}
            for key in ("step", "exp_avg", "exp_avg_sq"):
                if f"{name}/{key}" in moments:
                    value = moments[f"{name}/{key}"]
                    counts_here = key == "step" and not self.optimiser.defaults["capturable"]
                    state[key] = value if counts_here else value.to(parameter.device)
            if state:
                self.optimiser.state[parameter] = state
        names = ("epoch", "batch", "updates")
        self.progress = Progress(
            **{name: int(facts[name]) for name in names},
            totals=tuple(facts["totals"]),
            best=Best(**facts["best"]) if facts["best"] else None,
        )

    def _learning(self) -> Iterator[tuple[str, nn.Parameter]]:
        yield from learning(self.model)
        if self.lesson:
            yield from ((BESIDE + name, p) for name, p in learning(self.lesson.pupil.bound))


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
