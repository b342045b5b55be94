"""README's way from a folder of MediaPipe's arrays to a prediction, with its own commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import called, ran
from skelfuse.store import Store

README = Path(__file__).resolve().parent.parent / "README.md"


def mp_data(folder: Path) -> None:
    """Write two signs, 8 clips of 12 frames each: a slow one and a quick one."""
    draw = np.random.default_rng(0)
    for word, rate in (("hello", 1.0), ("thanks", 3.0)):
        for clip in range(8):
            frames = folder / "MP_Data" / word / str(clip)
            frames.mkdir(parents=True)
            for t in range(12):
                moved = 0.1 * np.sin(rate * t / 3 + np.arange(1662) % 3)
                np.save(frames / f"{t}.npy", 0.5 + moved + 0.01 * draw.normal(size=1662))


def commands() -> list[list[str]]:
    text = README.read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sh\n(skelfuse preprocess MP_Data .*?)^```", text, re.M | re.S)
    return [shlex.split(line)[1:] for line in block.splitlines()]


@pytest.mark.slow
def test_a_prediction_in_four_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preprocess, info, train, predict = commands()
    mp_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = ran(*preprocess)
    assert done.stderr.splitlines() == ["note: 16 clips: face left out"]
    store = Store("signs.h5")
    assert (len(store), store.class_names) == (16, ["hello", "thanks"])
    assert store.skeleton.name == "mediapipe-holistic-75"
    told = called(*info).output
    assert "notes      16 clips: face left out" in told
    ran(*train, "--set", "train.epochs=1")
    done = ran(*predict)
    assert "hello/0" in done.output


def table(path: Path, rate: float, seed: int) -> None:
    """Write a walk of three joints as a table of columns that a program of one's own has."""
    draw = np.random.default_rng(seed)
    rows = 0.1 * np.sin(rate * np.arange(12)[:, None] + np.arange(6)) + 0.01 * draw.normal(
        size=(12, 6)
    )
    names = [f"{joint}_{axis}" for joint in ("head", "hand", "foot") for axis in "xy"]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, rows, delimiter=",", header=",".join(names), comments="")


@pytest.mark.long
def test_a_run_reads_tables_as_its_store_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in range(8):
        for word, rate in (("slow", 0.3), ("quick", 1.0)):
            table(tmp_path / "raw" / word / f"{seed}.csv", rate, seed)
    lines = (
        "view raw --columns {joint}_{axis} --png raw.png",
        "preprocess raw -o s.h5 --columns {joint}_{axis} --label-from folder",
        "train --data s.h5 -o run --epochs 1 --size nano --protocol all",
        "predict run raw/slow/0.csv --format csv",
        "explain run raw/slow/0.csv --rounds 2",
    )
    for line in lines:
        ran(*line.split())
    done = called("predict", "run", "raw", "--format", "csv")
    assert len(done.stdout.splitlines()) == 1 + 16, done.output
    clips = Store("s.h5")[0].coords[:, 0]
    np.save(tmp_path / "one.npy", clips)  # other formats are recognised as before
    done = called("predict", "run", "one.npy")
    assert "3 joints in 2 dimensions: no built-in layout has them" in done.stderr
