"""Accuracy experiments: nothing is run twice, and what fails is told and stops nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from research.ablation import run as ablation
from research.accuracy import run as accuracy
from research.chosen_epoch import run as chosen_epoch
from research.lab.cells import Variant, cells_of
from research.lab.data_sets import SETS
from research.lab.rows import Row, append_row, locked, read_rows
from skelfuse.training.checkpoint import read_checkpoint, write_checkpoint

pytestmark = pytest.mark.training

QUICK = ("train.epochs=1", "sampling.frames=8", "augment.rotate=[]", "augment.mirror=0")
PENN = ("--only", "penn-action", "--seeds", "1")  # the set with one split


def called(
    folder: Path,
    work: Path,
    *more: str,
    settings: tuple[str, ...] = QUICK,
    command: click.Command = accuracy.main,
) -> Result:
    words = [str(folder), "--rows", str(work / "rows.jsonl"), "--work", str(work), *more]
    words += [word for setting in settings for word in ("--set", setting)]
    return CliRunner().invoke(command, words, catch_exceptions=False)


def rows_in(work: Path) -> list[Row]:
    return read_rows([work / "rows.jsonl"])


def key_of_nano(name: str) -> str:
    cells = cells_of(SETS[name], "nano", accuracy.VARIANTS, seeds=1, settings=QUICK)
    return "-".join(map(str, cells[0].key))


@pytest.mark.long
def test_from_raw_files_to_the_page(folder: Path, tmp_path: Path) -> None:
    wanted = ("--only", "jhmdb,sbu", "--variants", "nano", "--seeds", "1")
    found = called(folder, tmp_path, *wanted, "--write", str(tmp_path / "docs" / "page.md"))
    assert found.exit_code == 0, found.output
    assert "SBU Kinect Interaction: skipped: neither sbu.tar.xz nor sbu.h5" in found.output
    rows = rows_in(tmp_path)
    assert [(row["variant"], row["protocol"]) for row in rows] == [
        ("nano", f"split{split}") for split in (1, 2, 3)
    ]
    for row in rows:
        assert (row["train_clips"], row["test_clips"], row["epochs"]) == (15, 9, 1)
        assert 9 * row["accuracy"] / 100 == pytest.approx(round(9 * row["accuracy"] / 100))
    mean = np.mean([row["accuracy"] for row in rows])
    assert f"| `nano` | {mean:.1f} |" in (tmp_path / "docs" / "page.md").read_text()


@pytest.mark.long
def test_nothing_is_run_twice_but_what_has_changed(folder: Path, tmp_path: Path) -> None:
    wanted = (*PENN, "--variants", "small")
    called(folder, tmp_path, *wanted)
    trained, worse = rows_in(tmp_path)
    assert "kind" not in trained
    assert worse["kind"] == "robustness"
    assert worse["conditions"]["as recorded"] == pytest.approx(trained["accuracy"])
    json.dumps([trained, worse])
    assert {"parameters", "macs", "seconds", "date", "machine", "torch"} < set(trained)

    before = (tmp_path / "rows.jsonl").read_bytes()
    assert called(folder, tmp_path, *wanted).exit_code == 0
    assert (tmp_path / "rows.jsonl").read_bytes() == before
    changed = (*QUICK, "train.learning_rate=0.001")
    called(folder, tmp_path, *wanted, "--no-robustness", settings=changed)
    assert len(rows_in(tmp_path)) == 3


@pytest.mark.long
def test_a_run_that_broke_off_is_not_measured_under_the_row_of_another(
    folder: Path, tmp_path: Path
) -> None:
    wanted = (*PENN, "--variants", "small")
    called(folder, tmp_path, *wanted, "--no-robustness")
    (checkpoint,) = (tmp_path / "runs").glob("*/last.safetensors")
    facts, tensors = read_checkpoint(checkpoint)
    write_checkpoint(checkpoint, tensors, facts | {"epoch": 0})
    found = called(folder, tmp_path, *wanted)
    assert found.exit_code == 1
    assert "never finished" in found.output
    assert [row.get("kind") for row in rows_in(tmp_path)] == [None]


def test_a_run_that_fails_is_told_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "runs" / key_of_nano("penn-action")
    broken.parent.mkdir(parents=True)
    broken.write_text("not a folder")
    found = called(folder, tmp_path, *PENN, "--variants", "nano,pure")
    assert found.exit_code == 1
    assert "1 failed: penn-action official nano seed 0" in found.output
    assert [row["variant"] for row in rows_in(tmp_path)] == ["pure"]


def test_what_another_process_is_at_is_left_to_it(folder: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "claims" / f"{key_of_nano('penn-action')}.lock") as mine:
        assert mine
        called(folder, tmp_path, *PENN, "--variants", "nano")
    assert rows_in(tmp_path) == []


@pytest.mark.long
def test_an_equally_large_model_without_frierenfuse(folder: Path, tmp_path: Path) -> None:
    called(folder, tmp_path, *PENN, "--variants", "small,no-fuse-matched", "--no-robustness")
    small, matched = (row["parameters"] for row in rows_in(tmp_path))
    assert 0.97 * small < matched <= small


def test_of_all_epochs_the_last_one_is_the_figure() -> None:
    lines = [{"validation_accuracy": share} for share in (0.25, 0.75, 0.5)]
    assert chosen_epoch.figures(lines) == {"accuracy": 50, "by_epoch": [25, 75, 50]}


@pytest.mark.long
def test_the_last_epoch_counts_whatever_the_test_part_would_choose(
    folder: Path, tmp_path: Path
) -> None:
    settings = (*QUICK[1:], "train.epochs=3", "train.learning_rate=0.01")
    wanted = (*PENN, "--variants", "nano")
    page = tmp_path / "page.md"
    found = called(
        folder,
        tmp_path,
        *wanted,
        "--write",
        str(page),
        settings=settings,
        command=chosen_epoch.main,
    )
    assert found.exit_code == 0, found.output
    (row,) = rows_in(tmp_path)
    assert len(row["by_epoch"]) == 3
    last, best = row["accuracy"], max(row["by_epoch"])
    assert f"`nano` | {last:.1f} | {best:.1f} | +{best - last:.2f} |" in page.read_text()

    called(folder, tmp_path / "plain", *wanted, "--no-robustness", settings=settings)
    (plain,) = rows_in(tmp_path / "plain")
    assert plain["accuracy"] == pytest.approx(last)  # to look on changes nothing


def test_rows_survive_a_writer_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    append_row(path, {"a": 1})
    with path.open("a") as file:
        file.write('{"a": 2, "b"')
    append_row(path, {"a": 3})
    assert read_rows([path, tmp_path / "none.jsonl"]) == [{"a": 1}, {"a": 3}]


def test_unknown_names_are_told(folder: Path, tmp_path: Path) -> None:
    found = called(folder, tmp_path, "--variants", "smal")
    assert found.exit_code == 2
    assert "'smal' is none of: small, " in found.output
    assert Variant() == accuracy.VARIANTS["small"]


@pytest.mark.long
def test_what_gates_have_closed_is_pruned_and_told(folder: Path, tmp_path: Path) -> None:
    closing = (
        "gates.penalty=0.03",
        "gates.budget=0.5",
        "train.epochs=16",
        "train.learning_rate=0.02",
        "train.batch_size=4",
    )
    settings = (*QUICK, *closing, "train.warmup_epochs=0")
    wanted = ("--only", "penn-action", "--seeds", "1", "--variants", "dct-static-gate")
    page = tmp_path / "page.md"
    told = called(
        folder, tmp_path, *wanted, "--write", str(page), settings=settings, command=ablation.main
    )
    assert told.exit_code == 0, told.output
    trained, pruned = rows_in(tmp_path)
    assert pruned["kind"] == "pruned"
    channels, left = pruned["channels"]
    assert 0 <= left < channels
    assert pruned["parameters"][0] == trained["parameters"]
    assert pruned["difference"] <= 1e-5
    assert pruned["accuracy"] == pytest.approx(trained["accuracy"])
