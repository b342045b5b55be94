"""Several processes train as one does, and outlive the loss of one of them."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from helpers.commands import ran
from helpers.moving_hand import json_lines
from helpers.two_processes import two_processes
from skelfuse.store import Store
from skelfuse.training.checkpoint import read_checkpoint

pytestmark = pytest.mark.training

# Nothing that each process draws for itself: those draws cannot be the single process's.
SETTINGS = (
    "--protocol=loso:1",
    "--device=cpu",
    "--set=model={name: skelfuse, size: nano, dropout: 0, evidence_dropout: 0}",
    "--set=sampling.frames=16",
    "--set=augment={rotate: [0.3, 0.3, 0.3], noise: 0.01}",
    "--set=train.batch_size=8",
    "--set=train.validation=0.3",
    "--set=train.class_weights=balanced",
)


def arguments(store: Store, out: Path, *more: str) -> list[str]:
    return ["train", f"--data={store.path}", f"--out={out}", *SETTINGS, *more]


def alone(store: Store, out: Path, *more: str) -> None:
    ran(*arguments(store, out, *more))


@pytest.mark.long
@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker in /proc")
def test_two_processes_end_where_one_does_though_one_of_them_is_lost(
    store: Store, tmp_path: Path
) -> None:
    lost, whole = tmp_path / "lost", tmp_path / "whole"
    settings = ("--set=train.epochs=5", "--set=train.checkpoint_minutes=0.001")
    alone(store, whole, *settings)
    launcher = two_processes(*arguments(store, lost, *settings), restarts=1)
    while not (lost / "last.safetensors").exists() and launcher.poll() is None:
        time.sleep(0.01)
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    workers = [
        int(child)
        for child in children
        if b"skelfuse.cli" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    assert len(workers) == 2
    os.kill(workers[1], signal.SIGKILL)
    _, errors = launcher.communicate()
    assert launcher.returncode == 0, errors
    assert errors.count("epochs of") == 2, errors  # it did begin twice, and one process tells
    expected, found = (json_lines(run / "metrics.jsonl") for run in (whole, lost))
    assert [line["epoch"] for line in found] == [1, 2, 3, 4, 5]  # and one writes
    for a, b in zip(expected, found, strict=True):
        # Accuracies are counts over all clips: a clip counted twice would show.
        for key in ("accuracy", "lr"):
            assert b[key] == pytest.approx(a[key], abs=1e-9), key
        assert b["loss"] == pytest.approx(a["loss"], rel=1e-3)
        # What does not vary in training, as the root's bone, follows the rounding of its weights,
        # and in so short a training a clip near a border may fall on either side.
        assert b["validation_loss"] == pytest.approx(a["validation_loss"], rel=0.1)
        assert b["validation_accuracy"] == pytest.approx(a["validation_accuracy"], abs=0.2)
    (facts, weights), (others, shared) = (
        read_checkpoint(run / "last.safetensors") for run in (whole, lost)
    )
    assert facts["updates"] == others["updates"]
    for name, value in weights.items():
        if name == "weight/embed.free":  # what every clip says something of
            assert float((shared[name] - value).abs().mean()) < 5e-3
