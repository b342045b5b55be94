"""A run with a teacher trains, resumes and shares its work as every run does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.moving_hand import json_lines, student
from helpers.two_processes import two_processes
from skelfuse.cli import main
from skelfuse.store import Store
from skelfuse.training import Step, Watcher, train
from skelfuse.training.checkpoint import LAST, read_checkpoint

pytestmark = pytest.mark.training

Parts = dict[str, Any]


@pytest.mark.long
@pytest.mark.parametrize(
    "fit",
    [
        {"mixing": "cutmix", "accumulate": 2},
        {"mixing": "mixup", "precision": "bfloat16", "average": 0},
    ],
)
def test_every_way_of_training_can_be_taught(
    fit: dict[str, Any], teacher: Path, store: Store, parts: Parts, tmp_path: Path
) -> None:
    config = student(teacher, learning_rate=5e-3, **fit)
    result = train(config, store, parts, tmp_path / "s")
    assert result.metrics["validation_accuracy"] > 0.9


class Stop(Watcher):
    """Break off in the middle of an epoch, as late as a checkpoint allows."""

    def on_step(self, step: Step) -> None:
        if (step.epoch, step.batch) == (2, 3):
            raise KeyboardInterrupt


@pytest.mark.long
def test_a_taught_run_resumes_bit_for_bit(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path
) -> None:
    fit = {"epochs": 2, "checkpoint_minutes": 1e-9, "mixing": "mixup", "average": 0.999}
    config = student(teacher, batch_size=8, **fit)
    train(config, store, parts, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, store, parts, tmp_path / "broken", watcher=Stop())
    assert read_checkpoint(tmp_path / "broken" / LAST)[0]["batch"] == 2
    train(None, store, parts, tmp_path / "broken", resume=True)
    whole, broken = ((tmp_path / run / LAST).read_bytes() for run in ("whole", "broken"))
    assert whole == broken


def command(store: Store, out: Path, *more: str) -> list[str]:
    return [
        "train",
        f"--data={store.path}",
        f"--out={out}",
        "--protocol=loso:1",
        "--device=cpu",
        "--set=model={name: skelfuse, size: nano, scales: [], fuse: false, dropout: 0}",
        "--set=model.evidence_dropout=0",
        "--set=sampling.frames=16",
        "--set=augment={rotate: [0.3, 0.3, 0.3], noise: 0.01}",
        "--set=train.batch_size=8",
        *more,
    ]


@pytest.mark.long
@pytest.mark.process
def test_two_processes_are_taught_as_one_is(teacher: Path, store: Store, tmp_path: Path) -> None:
    plain = tmp_path / "plain.yaml"
    plain.write_text("train: {epochs: 2}")
    settings = (f"--config={plain}", f"--set=distill.teacher={teacher}")
    one, two = tmp_path / "one", tmp_path / "two"
    main(command(store, one, *settings), standalone_mode=False)
    both = two_processes(*command(store, two, *settings))
    told = both.communicate()[1]
    assert both.returncode == 0, told
    for a, b in zip(*(json_lines(run / "metrics.jsonl") for run in (one, two)), strict=True):
        for key in ("loss", "distill_features", "distill_logits"):
            assert b[key] == pytest.approx(a[key], rel=1e-3), key
    # Biases before a normalisation have no gradient but noise, and their averages follow it.
    (_, weights), (_, shared) = (read_checkpoint(run / LAST) for run in (one, two))
    learned = [name for name in weights if name.startswith(("weight/", "beside/"))]
    for name in learned:
        if name.endswith((".weight", "/raw")):
            # A joint's own network may be given next to nothing, as the root's is of bones: Adam
            # makes steps of the rounding there.
            apart = 2e-2 if ".blocks." in name or "own_classifier" in name else 2e-3
            torch.testing.assert_close(shared[name], weights[name], rtol=0.02, atol=apart, msg=name)
