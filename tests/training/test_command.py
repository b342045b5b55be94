"""`skelfuse train` as a person calls it: the same seed, the same bytes, whatever happens."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result

from helpers.commands import called, ran, refused
from helpers.moving_hand import moving_store
from skelfuse.store import Store
from skelfuse.training import Fit, TrainConfig
from skelfuse.training.checkpoint import read_checkpoint
from skelfuse.training.data import run_data
from skelfuse.training.distributed import Team

pytestmark = pytest.mark.training

ROOT = Path(__file__).resolve().parents[2]
QUICK = (
    "--protocol=loso:1",
    "--device=cpu",
    "--set=model.size=nano",
    "--set=sampling.frames=16",
    "--set=train.batch_size=8",
    "--set=augment.rotate=[0.2, 0.2, 0.2]",
    "--set=train.mixing=mixup",
)


def command(store: Store, out: Path, *more: str) -> list[str]:
    return ["train", f"--data={store.path}", f"--out={out}", *QUICK, *more]


def trained(store: Store, out: Path, *more: str) -> Result:
    return ran(*command(store, out, *more))


def told(store: Store, out: Path, *more: str) -> str:
    result = called(*command(store, out, *more))
    assert result.exit_code == 1, result.output
    *_, line = result.stderr.splitlines()  # what was chosen may stand before it
    assert line.startswith("Error: ")
    assert "Traceback" not in result.output
    return line


def weights(out: Path) -> bytes:
    return (out / "last.safetensors").read_bytes()


def test_equal_seeds_give_equal_bytes_and_others_do_not(store: Store, tmp_path: Path) -> None:
    runs = [tmp_path / name for name in "abc"]
    for out, seed in zip(runs, (3, 3, 4), strict=True):
        trained(store, out, f"--seed={seed}", "--set=train.epochs=2")
    a, b, c = map(weights, runs)
    assert a == b != c
    best = [(out / "best.safetensors").read_bytes() for out in runs]
    assert best[0] == best[1] != best[2]


@pytest.mark.long
def test_the_run_is_told_and_its_configuration_saved(store: Store, tmp_path: Path) -> None:
    result = trained(store, tmp_path / "run", "--config=generic", "--set=train.epochs=2")
    lines = [line for line in result.stderr.splitlines() if not line.startswith("chosen: ")]
    assert lines[0].startswith("36 clips of 3 classes")
    assert [line.split(":")[0] for line in lines[-3:]] == ["epoch 1/2", "epoch 2/2", "next"]
    assert all(", training accuracy " in line for line in lines[-3:-1])
    ended, tested = result.stdout.splitlines()
    assert ended.startswith(f"{tmp_path / 'run'}: 2 epochs; best 2, training accuracy ")
    words = f"skelfuse evaluate {tmp_path / 'run'} --data {store.path}"
    assert re.fullmatch(rf"\d+\.\d% on \d+ test clips: {re.escape(words)}", tested)
    evaluated = ran(*words.split()[1:], "--json", "--device=cpu")
    top1 = json.loads(evaluated.stdout)["metrics"]["top1"]
    assert tested.startswith(f"{top1:.1%} on ")
    saved = (tmp_path / "run" / "config.yaml").read_text()
    assert "protocol: loso:1" in saved
    trained(store, tmp_path / "again", f"--config={tmp_path / 'run' / 'config.yaml'}")
    assert weights(tmp_path / "again") == weights(tmp_path / "run")


def test_a_quiet_run_prints_its_result_alone(store: Store, tmp_path: Path) -> None:
    short = ("--size=nano", "--epochs=1", "--batch-size=12", "--quiet")
    result = trained(store, tmp_path / "run", "--config=generic", *short)
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 2
    saved = (tmp_path / "run" / "config.yaml").read_text()
    assert "train: {epochs: 1, batch_size: 12, " in saved
    wrong = called(*command(store, tmp_path, "--epochs=0"))
    assert "Invalid value for '--epochs'" in wrong.stderr
    assert "model.size" in told(store, tmp_path / "b", "--size=huge")


@pytest.mark.parametrize(("memory", "read_each_time"), [(None, False), (0, True), (1e-6, True)])
def test_as_many_clips_stay_in_memory_as_are_asked_for(
    memory: float | None, read_each_time: bool, store: Store
) -> None:
    config = TrainConfig(train=Fit(clip_memory=memory, validation=0.5))
    data = run_data(store, {"train": np.arange(len(store))}, config, strict=False)
    here = Team(torch.device("cpu"))
    for batches in (data.training_batches(config, here), data.validation_batches(config, here)):
        assert batches is not None
        assert batches.source is not None
        assert batches.source.mapped == read_each_time


def test_clips_read_from_the_file_give_the_same_weights(store: Store, tmp_path: Path) -> None:
    for out, memory in (("a", "null"), ("b", "0")):
        more = ("--set=train.epochs=1", f"--set=train.clip_memory={memory}")
        trained(store, tmp_path / out, *more)
    (_, held), (_, read) = (read_checkpoint(tmp_path / out / "last.safetensors") for out in "ab")
    assert all(map(torch.equal, held.values(), read.values()))
    line = told(store, tmp_path / "c", "--set=train.clip_memory=-1")
    assert "'clip_memory' is out of range" in line


def test_where_all_clips_train_nothing_is_said_of_a_test(store: Store, tmp_path: Path) -> None:
    result = trained(store, tmp_path / "run", "--protocol=all", "--set=train.epochs=1")
    assert len(result.stdout.splitlines()) == 1
    assert "test clips" not in result.output


def test_a_finished_run_is_resumed_by_doing_nothing(store: Store, tmp_path: Path) -> None:
    first = told(store, tmp_path, "--set=train.epochs=1", "--resume")
    assert "no run to resume here" in first
    trained(store, tmp_path, "--config=generic", "--set=train.epochs=1")
    before = weights(tmp_path)
    assert "there is a run already" in told(store, tmp_path)
    again = ("train", f"--data={store.path}", f"--out={tmp_path}", "--resume")
    ran(*again)
    assert weights(tmp_path) == before
    assert "'protocol' was loso:1 and is now loso:2" in refused(*again, "--protocol=loso:2")


def test_mistakes_are_one_line(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert "did you mean 'epochs'?" in told(store, out, "--set=train.epoch=3")
    assert "did you mean 'generic'" in told(store, out, "--config=generik")
    assert "no such protocol" in told(store, out, "--protocol=xsub")
    assert "no such device" in told(store, out, "--device=tpu")
    missing = refused("train", "--data=none.h5", f"--out={out}", *QUICK)
    assert "none.h5: no such store" in missing
    bare = refused("train", f"--data={store.path}", f"--out={out}")
    assert "no protocol is given; add --protocol" in bare
    assert not out.exists()


@pytest.mark.long
@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_terminal_shows_a_bar(store: Store, tmp_path: Path) -> None:
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 140, 0, 0))
    words = command(store, tmp_path, "--set=train.epochs=8")
    process = subprocess.Popen(
        [sys.executable, "-m", "skelfuse.cli", *words], cwd=ROOT, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as screen:
        try:
            while part := screen.read(65536):
                shown += part
        except OSError:  # how Linux says that the other end is closed
            pass
    assert process.wait() == 0
    bars = [line for line in shown.decode().split("\r") if "|" in line and "epoch" in line]
    last = bars[-1]
    for word in ("/8", "%|", "left", "loss", "accuracy", "clips/s"):
        assert word in last, last
    assert "epoch 1/8:" not in shown.decode()  # no lines beside the bar


@pytest.mark.long
@pytest.mark.process
def test_a_killed_run_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    store = moving_store(tmp_path / "s.h5", clips=64)
    # Checkpoints in the middle of epochs too, as often as can be.
    settings = ["--set=train.epochs=8", "--set=train.checkpoint_minutes=0.0001"]
    trained(store, tmp_path / "whole", *settings)
    out = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-m", "skelfuse.cli", *command(store, out, *settings)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    while not (out / "last.safetensors").exists() and process.poll() is None:
        time.sleep(0.002)
    time.sleep(pause := random.uniform(0, 0.25))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was over before it could be killed"
    ran("train", f"--data={store.path}", f"--out={out}", "--resume")  # the run knows the rest
    assert weights(out) == weights(tmp_path / "whole"), f"killed after {pause} seconds"
    for name in ("best.safetensors", "kernels.jsonl", "config.yaml"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
