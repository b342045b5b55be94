"""A checkpoint is there whole or not at all, and alone it is enough."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from helpers.checkpoints import write_run
from helpers.full_disk import no_room_beyond
from helpers.moving_hand import configured
from skelfuse.batches import Batches
from skelfuse.errors import SkelfuseError
from skelfuse.run import load_run
from skelfuse.store import Store
from skelfuse.training import measure, train
from skelfuse.training.build import build_model
from skelfuse.training.checkpoint import WEIGHT, read_checkpoint, write_checkpoint
from skelfuse.training.config_file import config_from_dict
from skelfuse.training.distributed import Team

pytestmark = pytest.mark.training


def test_one_file_is_enough(store: Store, parts: dict[str, Any], tmp_path: Path) -> None:
    result = train(configured(epochs=2), store, parts, tmp_path / "run")
    shutil.copy(tmp_path / "run" / "best.safetensors", tmp_path / "mine.safetensors")
    shutil.rmtree(tmp_path / "run")
    run = load_run(tmp_path / "mine.safetensors")
    assert run.class_names == tuple(store.class_names)
    assert run.skeleton == store.skeleton
    assert run.config.as_dict()["model"]["size"] == "nano"
    assert run.provenance == store.provenance
    assert run.versions["torch"] == torch.__version__
    assert run.epoch == result.best_epoch
    clips = Batches(store, parts["train"], sampling=run.config.sampling)
    assert measure(run.model, clips, Team(torch.device("cpu"))).clips == 36
    assert not run.model.training


def test_the_best_weights_give_the_validation_that_was_recorded(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    own = {"train": parts["train"], "val": parts["test"]}  # so that the clips are known
    result = train(configured(epochs=3), store, own, tmp_path)
    run = load_run(tmp_path)
    clips = Batches(store, parts["test"], sampling=run.config.sampling)
    found = measure(run.model, clips, Team(torch.device("cpu")))
    assert found.loss == pytest.approx(result.metrics["validation_loss"], rel=1e-6)
    assert found.accuracy == result.metrics["validation_accuracy"]
    assert run.metrics["validation_loss"] == result.metrics["validation_loss"]


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    write_checkpoint(path, {f"{WEIGHT}a": torch.ones(10)}, {"epoch": 1})
    with no_room_beyond(5000), pytest.raises(SkelfuseError) as error:
        write_checkpoint(path, {f"{WEIGHT}a": torch.ones(10_000)}, {"epoch": 2})
    assert "cannot write the checkpoint: File too large" in str(error.value)
    assert f"the checkpoint before it is whole: {path}" in str(error.value)
    assert read_checkpoint(path)[0]["epoch"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["last.safetensors"]


@pytest.mark.parametrize("kept", [0, 4, 100, 0.5, -1])
def test_a_checkpoint_cut_short_is_told(kept: float, tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    write_checkpoint(path, {f"{WEIGHT}a": torch.ones(1000)}, {"epoch": 1})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if 0 < kept < 1 else int(kept)])
    with pytest.raises(SkelfuseError, match=r"best\.safetensors: not a checkpoint, or one cut"):
        load_run(tmp_path)


def test_what_is_no_checkpoint_is_told(tmp_path: Path) -> None:
    other, newer = (tmp_path / f"{name}.safetensors" for name in ("other", "newer"))
    save_file({"a": torch.ones(2)}, other)
    write_checkpoint(newer, {}, {"format_version": 99})
    (tmp_path / "empty").mkdir()
    for path, message in (
        (tmp_path / "none", "no such run"),
        (tmp_path / "empty", "no checkpoint in this folder"),
        (other, "not a checkpoint that this version reads"),
        (newer, "found skelfuse-checkpoint version 99; update skelfuse"),
    ):
        with pytest.raises(SkelfuseError, match=message) as error:
            load_run(path)
        assert str(path) in str(error.value)


@pytest.mark.parametrize("wrong", ["embed.given", "more", "classifier.bias"])
def test_weights_of_another_model_are_refused(wrong: str, store: Store, tmp_path: Path) -> None:
    config = config_from_dict({"model": {"size": "small"}})
    model, path = build_model(config.model, store.skeleton, 2), tmp_path / "best.safetensors"
    weights = model.state_dict()
    write_run(path, weights, config.as_dict(), store.skeleton, "ab", epoch=9)
    assert load_run(path).epoch == 9
    if wrong == "embed.given":  # what each voter is given; runs of old have it not
        del weights[wrong]
    else:
        weights[wrong] = torch.zeros(3)
    write_run(path, weights, config.as_dict(), store.skeleton, "ab")
    with pytest.raises(SkelfuseError, match=r"best\.safetensors: .* not this model's") as error:
        load_run(path)
    assert f"'{wrong}'" in str(error.value)
