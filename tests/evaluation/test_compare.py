"""`skelfuse compare` on runs that were really trained and evaluated."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import trained_run
from helpers.commands import called, ran, refused
from skelfuse.training import Fit, ModelChoice

pytestmark = pytest.mark.training

SHORT = replace(
    trained_run.CONFIG, train=Fit(epochs=2, batch_size=32, validation=0.2, warmup_epochs=0)
)
RUNS = {
    "a0": SHORT,
    "a1": replace(SHORT, seed=1),
    "a5": replace(SHORT, seed=5),
    "pure": replace(SHORT, model=ModelChoice("skelfuse", "pure", {"bank": 2, "scales": (1, 2)})),
}


def compared(*arguments: object) -> dict[str, Any]:
    result = ran("compare", *arguments, "--json")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of runs; all but `a5` were evaluated."""
    folder = tmp_path_factory.mktemp("compare")
    store = trained_run.whole_store(folder / "store.h5")
    for name, config in RUNS.items():
        trained_run.trained(store, folder / "runs" / name, config)
        if name != "a5":
            ran("evaluate", folder / "runs" / name, "--data", store.path)
    return folder / "runs"


def lines_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_what_the_runs_say_themselves(runs: Path) -> None:
    folders = sorted(runs.iterdir())
    found = compared(*folders)
    assert [run["name"] for run in found["runs"]] == [str(folder) for folder in folders]
    for folder, run in zip(folders, found["runs"], strict=True):
        lines = lines_of(folder)
        best = max(lines, key=lambda line: line["validation_accuracy"])["validation_accuracy"]
        assert run["epochs"] == len(lines) == 2
        assert run["best_validation"] == best
        assert lines[run["best_epoch"] - 1]["validation_accuracy"] == best
        assert run["final_validation"] == lines[-1]["validation_accuracy"]
        records = list(folder.glob("evaluation-*.json"))
        assert len(records) == len(run["tests"]) == (folder.name != "a5")
        for record in records:
            told = json.loads(record.read_text())
            assert run["tests"]["official test"]["top1"] == told["metrics"]["top1"]
            assert run["tests"]["official test"]["top1_interval"] == told["top1_interval"]
    by_name = {Path(run["name"]).name: run for run in found["runs"]}
    assert by_name["a0"]["parameters"] == by_name["a1"]["parameters"]
    assert by_name["a0"]["parameters"] != by_name["pure"]["parameters"]
    assert found["problems"] == []


def test_only_what_differs_is_shown(runs: Path) -> None:
    assert compared(runs / "a0")["differences"] == []
    assert compared(runs / "a0", runs / "a1")["differences"] == ["seed"]
    keys = compared(runs / "a0", runs / "pure")["differences"]
    assert "model.size" in keys
    assert all(key.startswith("model.") for key in keys)


def test_seeds_are_summed_up(runs: Path) -> None:
    found = compared(*sorted(runs.iterdir()))
    (group,) = found["seeds"]  # a variant with one seed is none
    assert group["seeds"] == [0, 1, 5]
    assert group["runs"] == [str(runs / name) for name in ("a0", "a1", "a5")]
    values = [run["best_validation"] for run in found["runs"][:3]]
    assert group["best_validation"]["mean"] == pytest.approx(np.mean(values))
    assert group["best_validation"]["deviation"] == pytest.approx(np.std(values, ddof=1))
    top1 = [run["tests"]["official test"]["top1"] for run in found["runs"][:2]]
    assert group["tests"]["official test"] == {
        "mean": pytest.approx(np.mean(top1)),
        "deviation": pytest.approx(abs(top1[0] - top1[1]) / 2**0.5),
        "runs": 2,
    }


def test_a_run_counts_once(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "a0", tmp_path / "copy")
    found = compared(runs / "a0", runs / "a0", tmp_path / "copy", runs / "a1")
    assert len(found["runs"]) == 3
    (group,) = found["seeds"]
    assert group["runs"] == [str(runs / "a0"), str(runs / "a1")]


def test_tables(runs: Path) -> None:
    text = called("compare", *sorted(runs.iterdir())).stdout
    table, differences, seeds = text.split("\n\n")
    assert len(table.splitlines()) == 5
    assert "official test: top-1 (95 %)" in table
    assert differences.startswith("what differs")
    assert any(line.split()[:2] == ["model.size", "nano"] for line in differences.splitlines())
    assert "0, 1, 5" in seeds
    assert "(2 runs)" in seeds
    few = called("compare", runs / "a0", runs / "a1").stdout
    assert few.splitlines()[0].split()[:2] == ["run", "seed"]
    markdown = called("compare", runs / "a0", runs / "a1", "--format", "markdown").stdout
    head, rule, *rows = markdown.split("\n\n")[0].splitlines()
    assert len({line.count("|") for line in (head, rule, *rows)}) == 1
    assert set(rule) <= set("|- ")
    assert len(rows) == 2


def test_other_tests_get_other_names(runs: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs / "a0", run)
    store = runs.parent / "store.h5"
    same_name = trained_run.written(
        tmp_path / "store.h5", [trained_run.clip(i, a) for a in range(6) for i in range(13)]
    )
    for data, *more in (
        (store, "--checkpoint", "last"),
        (store, "--crops", 3),
        (same_name,),
        (store, "--part", "all"),
    ):
        ran("evaluate", run, "--data", data, *more)
    (found,) = compared(run)["runs"]
    names = sorted(found["tests"])
    assert [name for name in names if "store" not in name] == [
        "all",
        "official test 3 crops",
        "official test last",
    ]
    assert len([name for name in names if name.startswith("official test store ")]) == 2
    assert len(names) == 5


def test_what_is_no_run_is_told_and_left_out(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a run")
    (tmp_path / "empty").mkdir()
    cut = tmp_path / "cut"
    shutil.copytree(runs / "a0", cut)
    for name in ("best", "last"):
        file = cut / f"{name}.safetensors"
        file.write_bytes(file.read_bytes()[:3000])
    stale, foreign = tmp_path / "stale", tmp_path / "foreign"
    for copy in (stale, foreign):
        shutil.copytree(runs / "a0", copy)
        (record,) = copy.glob("evaluation-*.json")
        told = json.loads(record.read_text())
        told["runs"][0]["epoch"] = 77
        record.write_text(json.dumps(told) if copy == stale else "{")
    odd = [tmp_path / "notes.txt", tmp_path / "empty", cut, tmp_path / "missing"]
    result = called("compare", runs / "a0", *odd, stale, foreign, "--json")
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert [run["name"] for run in found["runs"]] == [str(runs / "a0"), str(stale), str(foreign)]
    assert [list(run["tests"]) for run in found["runs"]] == [["official test"], [], []]
    told = result.stderr.splitlines()
    assert len(told) == 6
    words = ["not a run's folder", "no checkpoint", "cut short", "no such run", "of epoch 77"]
    for line, word in zip(told, [*words, "not an evaluation"], strict=True):
        assert line.startswith("left out: ")
        assert word in line


def test_nothing_to_compare(tmp_path: Path) -> None:
    assert "no run to compare" in refused("compare", tmp_path / "missing")
    assert called("compare").exit_code == 2
    assert called("compare", tmp_path, "--json", "--format", "markdown").exit_code == 2
