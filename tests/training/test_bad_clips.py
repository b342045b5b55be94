"""A clip that no model survives is named, whatever the model; the learning rate is not blamed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.moving_hand import configured
from helpers.stores import stored
from skelfuse.errors import SkelfuseError
from skelfuse.evaluation import evaluate
from skelfuse.run import load_run
from skelfuse.store import Store
from skelfuse.training import ModelChoice, TrainConfig, train

pytestmark = pytest.mark.training

BAD = 17


@pytest.fixture(scope="module")
def spoiled(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], Store]:
    """Return a function that copies the store with one joint of clip 17 far out of the world."""
    folder = tmp_path_factory.mktemp("spoiled")

    def spoiled(reach: float) -> Store:
        clips = list(store)
        coords = clips[BAD].coords.copy()
        coords[4:8, :, -1] = reach
        clips[BAD] = replace(clips[BAD], coords=coords)
        return stored(folder / f"{reach}.h5", clips)

    return spoiled


def failed(config: TrainConfig, store: Store, out: Path) -> str:
    with pytest.raises(SkelfuseError) as error:
        train(config, store, {"train": np.arange(len(store))}, out, device="cpu")
    assert not (out / "last.safetensors").exists()
    return str(error.value)


@pytest.mark.parametrize(
    "choice",
    [
        ModelChoice("skelfuse", "nano"),
        ModelChoice("skelfuse", "pure"),
        ModelChoice("ddnet", options={"filters": 4}),
        ModelChoice("stgcn", options={"channels": (4,), "blocks": (1,)}),
    ],
    ids=lambda choice: choice.name,
)
def test_a_clip_out_of_the_world_is_named_with_its_step(
    choice: ModelChoice, spoiled: Callable[[float], Store], tmp_path: Path
) -> None:
    line = failed(configured(choice, epochs=1, validation=0), spoiled(1e30), tmp_path)
    assert re.search(r"epoch 1, (after )?batch \d", line)
    assert f"clip{BAD} (its coordinates reach 1e+30)" in line
    assert line.count("its coordinates reach") == 1  # nobody else is accused
    assert "no checkpoint yet" in line
    assert "look at these clips" in line


def test_the_clips_of_the_very_batch_are_named_and_no_other(
    spoiled: Callable[[float], Store], tmp_path: Path
) -> None:
    config = configured(epochs=1, validation=0, batch_size=6)
    line = failed(config, spoiled(1e20), tmp_path)
    assert "running_mean" not in line
    named = re.findall(r"clip\d+", line)
    assert f"clip{BAD}" in named
    assert len(named) == len(set(named)) == 6


def test_no_clip_is_accused_where_the_rate_is_to_blame(store: Store, tmp_path: Path) -> None:
    wild = configured(epochs=2, learning_rate=1e30, clip_gradient=0, warmup_epochs=0)
    line = failed(wild, store, tmp_path)
    assert re.search(r"epoch 1, (after )?batch 2", line)
    assert "begin again with a smaller train.learning_rate" in line
    assert "its coordinates reach" not in line


def test_a_clip_of_the_validation_is_named_too(
    spoiled: Callable[[float], Store], tmp_path: Path
) -> None:
    store = spoiled(1e30)
    validation = np.array([BAD - 1, BAD, BAD + 1])
    parts = {"train": np.setdiff1d(np.arange(len(store)), validation), "val": validation}
    with pytest.raises(SkelfuseError) as error:
        train(configured(epochs=1), store, parts, tmp_path, device="cpu")
    line = str(error.value)
    assert "in the validation, clips clip16, clip17 (its coordinates reach 1e+30), clip18" in line


def test_a_clip_that_cannot_be_evaluated_is_named(
    store: Store, spoiled: Callable[[float], Store], tmp_path: Path
) -> None:
    trained = train(configured(epochs=1), store, {"train": np.arange(len(store))}, tmp_path)
    with pytest.raises(SkelfuseError, match=f"clip 'clip{BAD}' are not numbers") as error:
        evaluate([load_run(trained.folder)], spoiled(1e30), np.arange(len(store)))
    assert "mask" not in str(error.value)  # nothing that a person at a command could set
