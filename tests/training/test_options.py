"""Every key of a configuration does something, and the loop does what each is named for."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.moving_hand import configured, json_lines, moving_store
from skelfuse.batches import Augment, Batches, Sampling
from skelfuse.store import Store
from skelfuse.training import Distill, Fit, Gates, KernelWeights, TrainConfig, train
from skelfuse.training.checkpoint import WEIGHT, read_checkpoint
from skelfuse.training.config_file import config_from_dict
from skelfuse.training.distributed import Team
from skelfuse.training.learner import Learner
from skelfuse.training.loop import EpochLoop
from skelfuse.training.optimiser import rate_at

pytestmark = pytest.mark.training


BASE: dict[str, Any] = {
    "sampling": {"frames": 8, "persons": 1, "crop": [0.7, 1.0], "jitter": 0.2},
    "model": {
        "size": "nano",
        "streams": ["joint", "bone", "distances"],
        "frequencies": {"dct_window": 8, "gate": "static"},
    },
    "train": {"epochs": 1, "batch_size": 12, "warmup_epochs": 1, "mixing": "mixup"},
}
# What is written beside BASE, and must lead to other weights.
MATTERS: dict[str, list[str]] = {
    "seed": ["seed=5"],
    "sampling": [
        *("frames=9", "mode=uniform", "crop=[0.2, 0.3]", "jitter=0.5", "uneven=0.5"),
        *("centre=false", "scale=true"),
    ],
    "augment": [
        *("rotate=[1, 1, 1]", "scale=0.3", "shear=0.3", "shift=0.3", "noise=0.1", "mirror=1"),
        *("joint_dropout=0.3", "frame_dropout=0.3", "tempo=0.5", "reverse=1"),
    ],
    "train": [
        *("epochs=3", "batch_size=18", "accumulate=3", "learning_rate=1e-4", "weight_decay=0.5"),
        *(
            "warmup_epochs=0",
            "final_rate=0.5",
            "label_smoothing=0.5",
            "teach_own=1",
            "clip_gradient=1e-3",
        ),
        *(
            "average=0.1",
            "mixing=none",
            "mixing=cutmix",
            "mixing_alpha=5",
            "class_weights=balanced",
        ),
        *("validation=0.4", "precision=bfloat16", "class_weights=balanced"),
    ],
    "kernels": [
        *("weight_sum=5", "smoothness=5", "diversity=5", "target=1", "threshold=-1"),
    ],
    "gates": ["penalty=5", "budget=1"],
}
# What cannot matter here, and the test that shows where it does.
ELSEWHERE = {
    "protocol": "test_command",
    "model": "test_contracts",
    "sampling.fps": "test_batches_sampling",  # these clips do not say their rate
    "sampling.align": "test_batches_place",  # this body has no hips
    "sampling.persons": "test_batches_sampling",  # there is one person
    "augment.swap_persons": "test_batches_augment",
    "train.patience": "test_run",
    "train.checkpoint_minutes": "test_command",
    "train.clip_memory": "test_command",
    "train.graph": "test_graph",
    "train.compile": "test_compile",
    "distill": "distill",
}


def settings() -> list[str]:
    return [
        one if section == "seed" else f"{section}.{one}"
        for section, written in MATTERS.items()
        for one in written
    ]


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store whose first class has more clips than the others."""
    return moving_store(tmp_path_factory.mktemp("uneven") / "s.h5", clips=37)


def ended(store: Store, out: Path, *settings: str) -> dict[str, torch.Tensor]:
    config = config_from_dict(BASE, settings)
    train(config, store, {"train": range(len(store))}, out, device="cpu")  # type: ignore[dict-item]
    return read_checkpoint(out / "last.safetensors", only=WEIGHT)[1]


@pytest.fixture(scope="module")
def plain(uneven: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    return ended(uneven, tmp_path_factory.mktemp("plain") / "run")


def test_no_key_is_forgotten_here() -> None:
    known = {"protocol", "seed", "model", "distill"}
    sections = {"sampling": Sampling, "augment": Augment, "train": Fit, "kernels": KernelWeights}
    for section, kind in {**sections, "gates": Gates}.items():
        known |= {f"{section}.{one.name}" for one in fields(kind)}
    assert {one.name for one in fields(TrainConfig)} == {
        name.partition(".")[0] for name in known
    }, Distill
    tried = {setting.partition("=")[0] for setting in settings()}
    assert tried | set(ELSEWHERE) == known
    assert not tried & set(ELSEWHERE)


@pytest.mark.parametrize("setting", settings())
def test_a_key_changes_what_is_learned(
    setting: str, uneven: Store, plain: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    found = ended(uneven, tmp_path / "run", setting)
    moved = [(found[name].double() - value.double()).abs().max() for name, value in plain.items()]
    assert max(moved) > 1e-5, f"{setting} changes nothing"


def test_the_rate_goes_up_and_down_as_it_should(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    wanted = configured(epochs=5, warmup_epochs=2, learning_rate=0.01, final_rate=0.1)
    train(wanted, store, parts, tmp_path)
    # 24 clips in batches of 12: two steps an epoch, and the rate of its last one is told.
    steps = [2 * epoch - 1 for epoch in range(1, 6)]
    expected = [0.01 * rate_at(step, steps=10, warmup=4, final=0.1) for step in steps]
    assert [line["lr"] for line in json_lines(tmp_path / "metrics.jsonl")] == pytest.approx(
        expected
    )
    assert 0.001 < expected[-1] < 0.0015  # it would be final_rate a step later


class Told(torch.nn.Module):
    """A model whose only weights are its logits, the same for every clip."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = torch.nn.Parameter(torch.zeros(3))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(x), 3)


def gradient(store: Store, weights: torch.Tensor | None, **fit: Any) -> torch.Tensor:
    """Return the gradient of one step over all clips."""
    config = TrainConfig(
        sampling=Sampling(frames=8),
        train=Fit(batch_size=len(store), label_smoothing=0.0, weight_decay=0.0, **fit),
    )
    batches = Batches(
        store, range(len(store)), sampling=config.sampling, batch_size=len(store), shuffle=True
    )
    learner = Learner(Told(), config.train)
    team = Team(torch.device("cpu"))
    loop = EpochLoop(config, learner, batches, team, class_weights=weights)
    loop.run(after_step=lambda: None, on_step=lambda step: None)
    (parameter,) = learner.model.parameters()
    assert parameter.grad is not None
    return parameter.grad


def test_weights_of_classes_weigh_the_gradient(uneven: Store) -> None:
    counts = torch.bincount(torch.from_numpy(uneven.labels).long(), minlength=3).double()
    weights = torch.tensor([1.0, 2.0, 4.0])
    # Of equal logits a clip of class k pulls by 1/3 at each of them, and by -1 more at its own.
    pull = weights.double() * counts / counts.sum()
    expected = pull.sum() / 3 - pull
    found = gradient(uneven, weights, clip_gradient=0.0)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)


def test_a_gradient_is_cut_to_the_norm_and_keeps_its_direction(uneven: Store) -> None:
    weights = torch.tensor([1.0, 2.0, 4.0])
    whole = gradient(uneven, weights, clip_gradient=0.0)
    cut = gradient(uneven, weights, clip_gradient=0.05)
    assert whole.norm() > 0.1
    assert math.isclose(cut.norm().item(), 0.05, rel_tol=1e-3)
    torch.testing.assert_close(cut / cut.norm(), whole / whole.norm())
