"""Training that takes much memory says so before, and what cannot fit is not begun."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.stores import stored
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton
from skelfuse.training import Fit, TrainConfig, build_model, memory, train
from skelfuse.training.config import ModelChoice

pytestmark = pytest.mark.slow

JOINTS = tuple(f"j{i}" for i in range(600))
BONES = tuple(zip(JOINTS[1:], JOINTS[:-1], strict=True))  # a chain
MANY = Skeleton("many", joints=JOINTS, bones=BONES, root=JOINTS[0], dimensions=3)
CPU = torch.device("cpu")
SHAPE = (32, 64, 2, len(JOINTS), 3)


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model(ModelChoice("skelfuse", "pure"), MANY, 3)


def test_many_joints_are_told(model: torch.nn.Module) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    chance = torch.get_rng_state()
    note = memory.memory_note(model, SHAPE, CPU)
    assert note is not None
    assert "32 clips of 64 frames, 2 people and 600 joints takes about" in note
    assert 2 <= memory.step_memory(model, SHAPE, CPU) / memory.GB <= 20
    assert torch.equal(torch.get_rng_state(), chance)  # training is as it would have been
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_memory_grows_with_the_batch(model: torch.nn.Module) -> None:
    one, two = (memory.step_memory(model, (clips, *SHAPE[1:]), CPU) for clips in (16, 32))
    assert two / one == pytest.approx(2, rel=0.05)


def test_what_is_kept_for_the_gradients_is_counted() -> None:
    layer = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Tanh())

    class Two(torch.nn.Module):
        def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return layer(x.requires_grad_()).sum()  # type: ignore[no-any-return]

    shape = (32, 64, 2, 1000, 3)
    found = memory.step_memory(Two(), shape, CPU)
    assert found == pytest.approx(2 * 4 * np.prod(shape) * memory.BESIDE)  # two results


@pytest.mark.long
def test_what_cannot_fit_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coords = np.random.default_rng(0).normal(size=(40, 4, 1, len(JOINTS), 3)).astype(np.float32)
    store = stored(
        tmp_path / "s.h5",
        (Clip(one, MANY, name=f"{i}", label="ab"[i % 2]) for i, one in enumerate(coords)),
    )
    monkeypatch.setattr(memory, "memory_there", lambda device: 1 << 29)
    config = TrainConfig(model=ModelChoice("skelfuse", "pure"), train=Fit(validation=0))
    parts = {"train": np.arange(40)}
    with pytest.raises(SkelfuseError, match=r"--set train.batch_size=\d") as told:
        train(config, store, parts, tmp_path / "run")
    assert "more memory than there is: expected about 0.5 GB at most" in str(told.value)
    assert not (tmp_path / "run").exists()
