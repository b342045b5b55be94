"""What a run says when it cannot go on; and nothing is lost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from helpers.moving_hand import configured, json_lines, moving_store
from skelfuse.errors import SkelfuseError
from skelfuse.run import load_run
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import Step, Watcher, train
from skelfuse.training.build import build_model

pytestmark = pytest.mark.training


@pytest.mark.long
def test_a_loss_that_is_no_number_stops_and_loses_nothing(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    class Wild(Watcher):
        """Make a step that nothing survives, late in the third epoch."""

        def on_step(self, step: Step) -> None:
            if (step.epoch, step.batch) == (3, 2):
                with torch.no_grad():
                    next(models[-1].parameters()).fill_(torch.nan)

    def remember(*given: Any) -> nn.Module:
        models.append(build_model(*given))
        return models[-1]

    models: list[nn.Module] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skelfuse.training.experiment.build_model", remember)
        choice = configured(epochs=4, batch_size=6)
        with pytest.raises(SkelfuseError) as error:
            train(choice, store, parts, tmp_path, watcher=Wild())
    assert re.search(r"not (a number|numbers) any more: epoch 3", str(error.value))
    assert f"the last good checkpoint is {tmp_path / 'last.safetensors'}" in str(error.value)
    assert load_run(tmp_path / "last.safetensors").epoch == 2
    whole = train(choice, store, parts, tmp_path / "whole")
    again = train(choice, store, parts, tmp_path, resume=True)
    assert again.metrics["loss"] == whole.metrics["loss"]
    assert [line["epoch"] for line in json_lines(tmp_path / "metrics.jsonl")] == [1, 2, 3, 4]


def test_classes_without_training_are_told(store: Store, tmp_path: Path) -> None:
    labels = store.labels
    some = {"train": np.flatnonzero(labels < 2), "test": np.flatnonzero(labels >= 1)}
    result = train(configured(epochs=1), store, some, tmp_path / "a")
    assert any("can only be missed: along z" in note for note in result.notes)
    with pytest.raises(SkelfuseError, match=r"never occur in training: along z"):
        train(configured(epochs=1), store, some, tmp_path / "b", strict=True)
    assert not (tmp_path / "b").exists()


def test_a_split_without_clips_is_told(store: Store, tmp_path: Path) -> None:
    for few in ([], [3]):
        with pytest.raises(SkelfuseError, match=r"s\.h5: .*to train on"):
            train(configured(), store, {"train": np.array(few, np.intp)}, tmp_path)


def test_a_run_is_never_written_over_and_only_the_same_is_resumed(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    train(configured(epochs=1), store, parts, run)
    before = (run / "last.safetensors").read_bytes()
    with pytest.raises(SkelfuseError, match="there is a run already; use --resume"):
        train(configured(epochs=1), store, parts, run)
    with pytest.raises(SkelfuseError, match=r"'train\.epochs' was 1 and is now 2"):
        train(configured(epochs=2), store, parts, run, resume=True)
    with pytest.raises(SkelfuseError, match="clips are not those that the run began with"):
        train(None, store, {"train": parts["test"]}, run, resume=True)
    twig = Skeleton("twig", joints=("a", "b"), bones=(("b", "a"),), root="a")
    other = moving_store(tmp_path / "twig.h5", skeleton=twig)
    with pytest.raises(SkelfuseError, match=r"expected arm \(3 joints\), found twig \(2 joints\)"):
        train(None, other, parts, run, resume=True)
    with pytest.raises(SkelfuseError, match="no run to resume here"):
        train(None, store, parts, tmp_path / "none", resume=True)
    assert (run / "last.safetensors").read_bytes() == before


def test_a_folder_that_cannot_be_is_told(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SkelfuseError, match="file: not a folder"):
        train(configured(), store, parts, tmp_path / "file")
    with pytest.raises(SkelfuseError, match="cannot write: Not a directory"):
        train(configured(), store, parts, tmp_path / "file" / "run")
