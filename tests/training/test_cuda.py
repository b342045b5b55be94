"""Training on GPUs: what is promised of the CPU, there; the tests skip where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.commands import ran
from helpers.moving_hand import configured, json_lines
from helpers.two_processes import two_processes
from skelfuse.store import Store
from skelfuse.training import Watcher, train
from skelfuse.training.checkpoint import read_checkpoint
from skelfuse.training.devices import casting, device_named

pytestmark = pytest.mark.training

GPUS = torch.cuda.device_count() if torch.cuda.is_available() else 0
one_gpu = pytest.mark.skipif(GPUS < 1, reason="there is no CUDA device here")
two_gpus = pytest.mark.skipif(GPUS < 2, reason=f"needs two CUDA devices; there are {GPUS}")


@one_gpu
def test_a_gpu_learns_in_bfloat16_unless_told_otherwise(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    device = device_named("cuda")
    for precision, expected in (("auto", torch.bfloat16), ("float32", torch.float32)):
        with casting(device, precision):
            one = torch.ones(2, 2, device=device)
            assert (one @ one).dtype == expected
        wanted = configured(epochs=12, learning_rate=5e-3, precision=precision)
        result = train(wanted, store, parts, tmp_path / precision, device="cuda")
        assert result.metrics["validation_accuracy"] > 0.9, precision
        _, tensors = read_checkpoint(tmp_path / precision / "last.safetensors")
        kinds = {value.dtype for value in tensors.values() if value.is_floating_point()}
        assert kinds == {torch.float32}, precision  # the weights themselves are never halved


@one_gpu
def test_in_float32_a_gpu_ends_near_the_cpu(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    losses = []
    for device in ("cpu", "cuda"):
        wanted = configured(epochs=1, precision="float32", mixing="mixup")
        train(wanted, store, parts, tmp_path / device, device=device)
        (line,) = json_lines(tmp_path / device / "metrics.jsonl")
        losses.append(line["loss"])
    assert losses[1] == pytest.approx(losses[0], rel=0.05)  # dropout draws otherwise there


class Pulled(Watcher):
    def on_epoch(self, metrics: dict[str, Any]) -> None:
        if metrics["epoch"] == 2:
            raise KeyboardInterrupt


@one_gpu
def test_an_interrupted_run_goes_on_on_a_gpu_or_on_the_cpu(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    wanted = configured(epochs=4)
    for device in ("cuda", "cpu"):
        out = tmp_path / device
        with pytest.raises(KeyboardInterrupt):
            train(wanted, store, parts, out, device="cuda", watcher=Pulled())
        train(wanted, store, parts, out, device=device, resume=True)
        assert [line["epoch"] for line in json_lines(out / "metrics.jsonl")] == [1, 2, 3, 4]


@one_gpu
def test_what_a_gpu_trained_needs_none(store: Store, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = ("--set=model.size=nano", "--set=sampling.frames=16", "--set=train.epochs=3")
    both = (f"--data={store.path}", "--protocol=loso:1")
    commands = [["train", *both, f"--out={run}", *settings, "--device=cuda"]]
    commands += [
        ["evaluate", str(run), *both, "--json", f"--device={device}"] for device in ("cuda", "cpu")
    ]
    for command in commands:
        ran(*command)


@pytest.mark.process
@two_gpus
def test_two_gpus_end_where_one_does(store: Store, tmp_path: Path) -> None:
    command = ["train", f"--data={store.path}", "--protocol=loso:1", "--device=cuda"]
    command += ["--set=model={name: skelfuse, size: nano, dropout: 0, evidence_dropout: 0}"]
    command += [f"--set={one}" for one in ("sampling.frames=16", "train.batch_size=8")]
    command += [f"--set={one}" for one in ("train.epochs=3", "train.precision=float32")]
    alone, together = tmp_path / "one", tmp_path / "two"
    ran(*command, f"--out={alone}")
    both = two_processes(*command, f"--out={together}")
    told = both.communicate()[1]
    assert both.returncode == 0, told
    expected, found = (json_lines(run / "metrics.jsonl") for run in (alone, together))
    for a, b in zip(expected, found, strict=True):
        assert b["loss"] == pytest.approx(a["loss"], rel=1e-2)
