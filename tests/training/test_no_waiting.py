"""A step of training and an evaluation never make a GPU wait: shown without a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from helpers import device_watch
from helpers.moving_hand import configured
from skelfuse.batches import Augment, Batches, Sampling
from skelfuse.evaluation.scores import said_of
from skelfuse.run import load_run
from skelfuse.store import Store
from skelfuse.training import ModelChoice, TrainConfig, train
from skelfuse.training.build import build_model
from skelfuse.training.distributed import Team
from skelfuse.training.learner import Learner
from skelfuse.training.loop import EpochLoop

EVERYTHING = Augment((0.3, 0.3, 0.3), 0.1, 0.1, 0.1, 0.01, 0.5, 0.1, 0.1, 0.5, 0.3, 0.2)


def on_device(batches: Batches) -> Batches:
    """Return batches whose clips live on the device that has no values."""
    device = device_watch.DEVICE
    assert batches.source is not None
    batches.device = batches.source.device = device
    batches.tables = [one.to(device) for one in batches.tables]
    if batches.source.held is not None:
        batches.source.held = batches.source.held.to(device)
    return batches


def begun(store: Store, config: TrainConfig, *, memory_limit: int = 1 << 30) -> EpochLoop:
    """Return a training on that device, ready for its first step."""
    device = device_watch.DEVICE
    model = build_model(config.model, store.skeleton, len(store.class_names)).to(device)
    batches = Batches(
        store,
        range(len(store)),
        sampling=config.sampling,
        augment=config.augment,
        batch_size=8,
        shuffle=True,
        memory_limit=memory_limit,
    )
    loop = EpochLoop(config, Learner(model, config.train), on_device(batches), Team(device))
    loop.totals = torch.zeros(3, dtype=torch.float64, device=device)
    loop.wrapped.train()
    return loop


def steps(loop: EpochLoop, count: int) -> Iterator[int]:
    """Take so many steps; yield before each."""
    for number, batch in zip(range(count), loop.batches.epoch(1), strict=False):
        yield number
        assert batch.x.device == device_watch.DEVICE
        loop.step([batch], 1, number)


@pytest.mark.long
@pytest.mark.training
@pytest.mark.parametrize(
    ("model", "mixing"),
    [
        (ModelChoice("skelfuse", "nano"), "none"),
        (ModelChoice("stgcn", options={"channels": (8, 16, 16)}), "mixup"),
        (ModelChoice("ddnet", options={"filters": 8}), "cutmix"),
    ],
)
def test_no_step_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch, model: ModelChoice, mixing: str
) -> None:
    config = replace(
        configured(model, mixing=mixing, precision="float32"),
        augment=EVERYTHING,
        sampling=Sampling(frames=16, crop=(0.5, 1.0), jitter=0.2, uneven=0.3),
    )
    loop = begun(store, config)
    with device_watch.watched(monkeypatch) as watch:
        sent = [watch.sent for _ in steps(loop, 2)]
    assert watch.waits == []
    # Of a batch nothing is sent, for the clips live there; mixing sends what it has drawn.
    assert sent[1] - sent[0] == (0 if mixing == "none" else 2)


@pytest.mark.long
@pytest.mark.training
def test_clips_from_the_file_come_without_waiting(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(precision="float32")
    loop = begun(store, config, memory_limit=0)
    with device_watch.watched(monkeypatch) as watch:
        list(steps(loop, 2))
    assert watch.waits == []
    assert watch.sent > 0


PLANTED: dict[str, Callable[[Tensor], object]] = {
    "item": lambda x: x.sum().item(),
    "bool": lambda x: bool((x > 0).any()),
    "tolist": lambda x: x.tolist(),
    "nonzero": lambda x: x[x > 0],
    "to the CPU": lambda x: x.cpu(),
    "from the CPU": lambda x: torch.ones(2).to(x.device),
    "made there": lambda x: torch.tensor(1.0, device=x.device),
    "list as index": lambda x: x[:, [0, 1]],
    "mixed": lambda x: x.flatten()[:2] + torch.ones(2),
}


@pytest.mark.parametrize("look", PLANTED)
def test_a_look_would_be_found(monkeypatch: pytest.MonkeyPatch, look: str) -> None:
    x = torch.ones(2, 2, device=device_watch.DEVICE)
    waits: list[str] = []
    try:
        with device_watch.watched(monkeypatch) as watch:
            PLANTED[look](x)
            waits = watch.waits
    except (RuntimeError, NotImplementedError) as error:
        waits = [str(error)]
    assert waits, look


@pytest.mark.training
def test_a_look_planted_in_the_loss_is_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def kernel_loss(*_: Any) -> Tensor:
        return torch.tensor(0.0, device=device_watch.DEVICE)

    monkeypatch.setattr("skelfuse.training.update.kernel_loss", kernel_loss)
    loop = begun(store, configured(precision="float32"))
    with device_watch.watched(monkeypatch) as watch:
        list(steps(loop, 1))
    assert watch.waits


@pytest.mark.training
@pytest.mark.parametrize("crops", [1, 3])
def test_no_batch_of_an_evaluation_waits(
    store: Store, parts: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crops: int
) -> None:
    config = replace(configured(epochs=1), sampling=Sampling(frames=16, crop=(0.5, 1.0)))
    train(config, store, parts, tmp_path, device="cpu")
    run = load_run(tmp_path)
    run.deployed.to(device_watch.DEVICE)
    batches = Batches(
        store, range(len(store)), sampling=config.sampling, batch_size=16, crops=crops
    )
    batches = on_device(batches)
    order = [1, 0, 2]  # joints in another order than the model's
    with torch.inference_mode(), device_watch.watched(monkeypatch) as watch:
        found, sent = [], []
        for batch in batches.epoch():
            sent.append(watch.sent)
            found.append(said_of(run, batch, order, crops))
    assert watch.waits == []
    assert sent[1] == sent[2]  # the order of joints is sent with the first batch, and kept
    assert [one.probability.shape for one in found] == [(16, 3)] * 3
