"""A run learns what can be learned, and tells what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from helpers.moving_hand import configured, json_lines
from skelfuse.batches import Batches
from skelfuse.run import load_run
from skelfuse.store import Store
from skelfuse.training import ModelChoice, Plan, Step, Watcher, measure, train
from skelfuse.training.distributed import Team
from skelfuse.training.learner import Learner
from skelfuse.training.loop import EpochLoop

pytestmark = pytest.mark.training


class Heard(Watcher):
    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.notes: list[str] = []
        self.steps: list[Step] = []
        self.epochs: list[dict[str, Any]] = []
        self.ended = 0

    def on_start(self, plan: Plan) -> None:
        self.plan = plan

    def on_note(self, text: str) -> None:
        self.notes.append(text)

    def on_step(self, step: Step) -> None:
        self.steps.append(step)

    def on_epoch(self, metrics: dict[str, Any]) -> None:
        self.epochs.append(metrics)

    def on_end(self) -> None:
        self.ended += 1


OTHERS = [pytest.param(name, marks=pytest.mark.long) for name in ("stgcn", "ddnet")]


@pytest.mark.parametrize("name", ["skelfuse", "pure", *OTHERS])
def test_every_model_learns_what_is_visible(
    name: str, store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    choices = {
        "skelfuse": ModelChoice("skelfuse", "nano"),
        "pure": ModelChoice("skelfuse", "pure"),
        "stgcn": ModelChoice("stgcn", options={"channels": (8, 16, 16)}),
        "ddnet": ModelChoice("ddnet", options={"filters": 8}),
    }
    train(configured(choices[name], epochs=12, learning_rate=5e-3), store, parts, tmp_path)
    run = load_run(tmp_path)
    unseen = Batches(store, parts["test"], sampling=run.config.sampling)
    assert measure(run.model, unseen, Team(torch.device("cpu"))).accuracy > 0.9


def test_a_run_leaves_records_of_every_epoch_and_kernel(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    heard = Heard()
    result = train(configured(epochs=3), store, parts, tmp_path / "a" / "run", watcher=heard)
    metrics, kernels = (
        json_lines(result.folder / f"{name}.jsonl") for name in ("metrics", "kernels")
    )
    assert [line["epoch"] for line in metrics] == [1, 2, 3]
    assert [line["epoch"] for line in kernels] == [0, 1, 2, 3]
    for key in ("loss", "accuracy", "validation_loss", "validation_accuracy", "lr", "seconds"):
        assert all(isinstance(line[key], float) for line in metrics), key
    for key in ("kernel_weight_sum", "kernel_smoothness", "kernel_diversity"):
        assert all(line[key] >= 0 for line in metrics), key
    first = kernels[0]["kernels"]["joint/scale1"]
    assert first["offsets"] == [-1, 0]
    assert first["taps"] == [[-1.0] * 3, [1.0] * 3]
    assert kernels[3]["kernels"]["joint/scale1"]["taps"] != first["taps"]
    assert heard.epochs == metrics
    assert heard.plan is not None
    assert (heard.plan.clips, heard.plan.validation, heard.plan.classes) == (24, 12, 3)
    assert [step.batch for step in heard.steps] == [1, 2] * 3
    assert heard.steps[-1].accuracy == metrics[-1]["accuracy"]
    assert heard.ended == 1
    assert result.metrics == metrics[result.best_epoch - 1]
    best = max(metrics, key=lambda line: (line["validation_accuracy"], -line["validation_loss"]))
    assert best["epoch"] == result.best_epoch


def test_nothing_depends_on_the_test(store: Store, parts: dict[str, Any], tmp_path: Path) -> None:
    result = train(configured(epochs=2), store, parts, tmp_path / "a")
    other = train(configured(epochs=2), store, {"train": parts["train"]}, tmp_path / "b")
    assert result.notes == other.notes == ("validation on 12 clips: 1 of 3 training subjects",)
    a, b = ((tmp_path / run / "last.safetensors").read_bytes() for run in "ab")
    assert a == b


def test_the_splits_own_validation_is_used(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    own = {**parts, "val": parts["train"][:9]}
    heard = Heard()
    train(configured(epochs=1), store, own, tmp_path, watcher=heard)
    assert heard.plan is not None
    assert (heard.plan.clips, heard.plan.validation) == (27, 9)


def test_without_validation_the_best_is_the_last(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    result = train(configured(epochs=2, validation=0), store, parts, tmp_path)
    assert result.best_epoch == 2
    assert load_run(tmp_path).epoch == 2


def test_a_warm_up_longer_than_the_run_leaves_half_of_it_to_learn(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    asked = configured(epochs=4, validation=0, warmup_epochs=50, learning_rate=0.01)
    train(asked, store, parts, tmp_path)
    rates = [line["lr"] for line in json_lines(tmp_path / "metrics.jsonl")]
    assert rates == sorted(rates[:2]) + sorted(rates[2:], reverse=True)
    assert rates[1] == pytest.approx(0.01)


def test_a_run_that_no_longer_improves_stops(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    # A rate of next to nothing: nothing improves by more than the average's warming up.
    still = configured(epochs=60, patience=2, learning_rate=1e-12, average=0)
    result = train(still, store, parts, tmp_path)
    assert result.stopped_early
    assert result.epochs == result.best_epoch + 2 < 60
    again = train(still, store, parts, tmp_path, resume=True)  # and stays stopped
    assert again.epochs == result.epochs


@pytest.mark.long
@pytest.mark.parametrize(
    "fit",
    [
        {"mixing": "mixup", "class_weights": "balanced"},
        {"mixing": "cutmix", "precision": "bfloat16"},
        {"accumulate": 2, "epochs": 12},  # half the steps
        {"average": 0, "clip_gradient": 0},
    ],
)
def test_every_way_of_training_still_learns(
    fit: dict[str, Any], store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    result = train(configured(**fit), store, parts, tmp_path)
    assert result.metrics["validation_accuracy"] > 0.9


class Flat(nn.Module):
    """A model in which the clips of a batch do not meet."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(9, 3)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.linear(x.std(dim=1).flatten(1))
        return logits


def test_gradients_of_several_batches_make_the_step_of_one(
    store: Store, parts: dict[str, Any]
) -> None:
    weights = []
    for size, accumulate in ((16, 1), (8, 2)):  # 36 clips: steps of 16, 16 and 4
        wanted = configured(batch_size=size, accumulate=accumulate, clip_gradient=0)
        batches = Batches(
            store, parts["train"], sampling=wanted.sampling, batch_size=size, shuffle=True
        )
        learner = Learner(Flat(), wanted.train)
        loop = EpochLoop(wanted, learner, batches, Team(torch.device("cpu")))
        loop.run(after_step=lambda: None, on_step=lambda step: None)
        assert learner.progress.updates == 3
        weights.append(learner.model.state_dict()["linear.weight"])
    torch.testing.assert_close(*weights)


class Normed(nn.Module):
    """Where everybody is on average, normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.linear = nn.BatchNorm1d(3), nn.Linear(3, 3)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.linear(self.norm(x.mean(dim=(1, 2, 3))))
        return logits


def test_running_statistics_take_every_batch_of_a_step_alike(
    store: Store, parts: dict[str, Any]
) -> None:
    wanted = configured(batch_size=6, accumulate=3)
    batches = Batches(store, parts["train"], sampling=wanted.sampling, batch_size=6, shuffle=True)
    learner = Learner(Normed(), wanted.train)
    loop = EpochLoop(wanted, learner, batches, Team(torch.device("cpu")))
    loop.run(after_step=lambda: None, on_step=lambda step: None)
    means = [batch.x.mean(dim=(0, 1, 2, 3)) for batch in batches.epoch(1)]
    assert len(means) == 6  # fewer than a norm's own momentum would begin to forget
    found = learner.model.state_dict()["norm.running_mean"]
    torch.testing.assert_close(found, torch.stack(means).mean(dim=0))


def test_the_callers_random_numbers_stay_the_callers(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(configured(epochs=1), store, parts, tmp_path)
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
