"""`skelfuse evaluate`: what it prints, writes and leaves."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import trained_run
from helpers.commands import called, ran
from helpers.trained_run import ACTIONS
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.evaluation import evaluate
from skelfuse.run import load_run
from skelfuse.store import Store

pytestmark = pytest.mark.training


@pytest.mark.long
def test_the_command_prints_writes_and_leaves_the_same_numbers(
    folder: Path, tmp_path: Path
) -> None:
    store = Store(folder / "store.h5")
    test_part = split(clip_table(store), "official")["test"]
    plain = evaluate([load_run(folder / "run")], store, test_part)
    arguments = (folder / "run", "--data", folder / "store.h5", "--device", "cpu")
    result = ran("evaluate", *arguments, "--json", "--out", tmp_path / "a" / "b")
    told = json.loads(result.stdout)
    assert told["metrics"] == pytest.approx(vars(plain.metrics))
    assert told["top1_interval"] == list(plain.interval)
    assert told["test"]["protocol"] == "official"
    assert told["test"]["part"] == "test"
    out = tmp_path / "a" / "b"
    assert json.loads((out / "evaluation.json").read_text()) == told
    left = list((folder / "run").glob("evaluation-best-store-official-test-*.json"))
    assert [json.loads(file.read_text()) for file in left] == [told]

    with (out / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == list(plain.names)
    assert [row["label"] for row in rows] == [ACTIONS[i] for i in plain.label]
    right = [row["label"] == row["prediction"] for row in rows]
    assert np.mean(right) == pytest.approx(plain.metrics.top1)
    assert [float(row["probability"]) for row in rows] == pytest.approx(
        plain.probability.max(axis=1).tolist(), abs=1e-6
    )
    of_label = plain.probability[np.arange(len(plain.label)), plain.label].tolist()
    assert [float(row["probability_of_label"]) for row in rows] == pytest.approx(of_label, abs=1e-6)
    wrong = [row["name"] for row in rows if row["label"] != row["prediction"]]
    doubted = [doubt["clip"] for doubt in told["least_believed"]]
    assert sorted(wrong, key=lambda name: of_label[plain.names.index(name)])[:10] == doubted
    with (out / "confusion.csv").open(newline="") as file:
        header, *table = csv.reader(file)
    assert header == ["true class", *ACTIONS]
    assert [[int(cell) for cell in row[1:]] for row in table] == plain.confusion.tolist()
    with (out / "classes.csv").open(newline="") as file:
        classes = list(csv.DictReader(file))
    assert [row["name"] for row in classes] == ACTIONS
    assert [int(row["support"]) for row in classes] == plain.confusion.sum(axis=1).tolist()
    assert np.mean([float(row["recall"]) for row in classes]) == pytest.approx(
        plain.metrics.mean_class_accuracy, abs=1e-6
    )
    pytest.importorskip("matplotlib")
    assert (out / "confusion.png").read_bytes()[:4] == b"\x89PNG"

    files = {file: file.read_bytes() for file in (*out.iterdir(), *left)}
    text = called("evaluate", *arguments, "--out", out)
    assert f"top-1                {plain.metrics.top1:7.2%}" in text.output
    assert all(f"\n{name}  " in text.output for name in doubted[:5])
    assert {file: file.read_bytes() for file in files} == files  # nothing depends on the clock


def test_checkpoints_can_be_chosen(folder: Path, tmp_path: Path) -> None:
    data = ("--data", folder / "store.h5", "--json")
    by_name = {}
    for name in ("best", "last"):
        result = called("evaluate", folder / "run", *data, "--checkpoint", name)
        by_name[name] = json.loads(result.stdout)
        file = folder / "run" / f"{name}.safetensors"
        direct = json.loads(called("evaluate", file, *data).stdout)
        assert direct == by_name[name]
        assert direct["runs"][0]["checkpoint"] == str(file)
    assert by_name["last"]["runs"][0]["epoch"] == trained_run.CONFIG.train.epochs
    refusal = called("evaluate", folder / "run" / "best.safetensors", *data, "--checkpoint", "last")
    assert refusal.exit_code == 2


def test_all_clips_of_any_store_need_no_protocol(folder: Path, tmp_path: Path) -> None:
    clips = [trained_run.clip(i, a, splits={}, subject=None) for a in (0, 1) for i in range(3)]
    clips.append(replace(trained_run.clip(7, 2, splits={}), label=None))
    mine = trained_run.written(tmp_path / "mine.h5", clips)
    result = ran("evaluate", folder / "run", "--data", mine, "--part", "all", "--json")
    told = json.loads(result.stdout)
    assert told["metrics"]["clips"] == 6
    assert (told["test"]["protocol"], told["test"]["part"]) == (None, "all")
    assert told["top1_interval_over_subjects"] is None
    assert [row["recall"] for row in told["classes"]].count(None) == 4
    assert "1 clips have no label" in told["notes"][0]
    assert "4 of 6 classes have no clip here" in told["notes"][1]


def test_another_protocol_or_making_than_the_runs_is_told(folder: Path, tmp_path: Path) -> None:
    clips = [trained_run.clip(i, a) for a in range(6) for i in range(14)]
    aligned = trained_run.written(tmp_path / "aligned.h5", clips, align=True)
    result = ran("evaluate", folder / "run", "--data", aligned, "--protocol", "loso:s2")
    assert "trained by the protocol official, not loso:s2" in result.stderr
    assert "trained on a store made without --align" in result.stderr


def test_a_run_that_cannot_be_written_to_is_evaluated(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained_run.rewritten(folder / "run", tmp_path / "theirs", lambda facts, tensors: None)
    write_text = Path.write_text

    def full(path: Path, *arguments: Any, **options: Any) -> int:
        if path.parent == run:
            raise OSError(28, "No space left on device")
        return write_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    result = ran("evaluate", run, "--data", folder / "store.h5")
    assert "top-1" in result.stdout
    assert f"nothing is left in {run}: No space left on device" in result.stderr
