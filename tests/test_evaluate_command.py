"""`skelfuse evaluate`: what it prints, writes and leaves, and one clear line for bad input."""

from __future__ import annotations

import csv
import json
import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from skelfuse.cli import main
from skelfuse.clip import Clip
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.evaluation import evaluate
from skelfuse.run import load_run
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store

WORLD = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("trained_run.py"))))
BODY, ACTIONS = WORLD.BODY, WORLD.ACTIONS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `store.h5` and the run `run`."""
    folder = tmp_path_factory.mktemp("evaluate")
    WORLD.trained(WORLD.whole_store(folder / "store.h5"), folder / "run")
    return folder


def command(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["evaluate", *(str(argument) for argument in arguments)])


def refused(*arguments: object) -> str:
    """Return the one line that the command ends with."""
    result = command(*arguments)
    assert result.exit_code == 1, result.output
    (line,) = result.output.strip().splitlines()
    assert line.startswith("Error: ")
    return line


def test_the_command_prints_writes_and_leaves_the_same_numbers(
    folder: Path, tmp_path: Path
) -> None:
    store = Store(folder / "store.h5")
    test_part = split(clip_table(store), "official")["test"]
    plain = evaluate([load_run(folder / "run")], store, test_part)
    arguments = ("--run", folder / "run", "--data", folder / "store.h5", "--device", "cpu")
    result = CliRunner().invoke(
        main, ["evaluate", *map(str, arguments), "--json", "--out", str(tmp_path / "a" / "b")]
    )
    assert result.exit_code == 0, result.output
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
    text = command(*arguments, "--out", out)
    assert f"top-1                {plain.metrics.top1:7.2%}" in text.output
    assert {file: file.read_bytes() for file in files} == files  # nothing depends on the clock


def test_checkpoints_can_be_chosen(folder: Path, tmp_path: Path) -> None:
    data = ("--data", folder / "store.h5", "--json")
    by_name = {}
    for name in ("best", "last"):
        result = command("--run", folder / "run", *data, "--checkpoint", name)
        by_name[name] = json.loads(result.stdout)
        file = folder / "run" / f"{name}.safetensors"
        direct = json.loads(command("--run", file, *data).stdout)
        assert direct == by_name[name]
        assert direct["runs"][0]["checkpoint"] == str(file)
    assert by_name["last"]["runs"][0]["epoch"] == WORLD.CONFIG.train.epochs
    refusal = command("--run", folder / "run" / "best.safetensors", *data, "--checkpoint", "last")
    assert refusal.exit_code == 2


def test_all_clips_of_any_store_need_no_protocol(folder: Path, tmp_path: Path) -> None:
    clips = [WORLD.clip(i, a, splits={}, subject=None) for a in (0, 1) for i in range(3)]
    clips.append(replace(WORLD.clip(7, 2, splits={}), label=None))
    mine = WORLD.written(tmp_path / "mine.h5", clips)
    result = command("--run", folder / "run", "--data", mine, "--part", "all", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["metrics"]["clips"] == 6
    assert (told["test"]["protocol"], told["test"]["part"]) == (None, "all")
    assert told["top1_interval_over_subjects"] is None
    assert [row["recall"] for row in told["classes"]].count(None) == 4
    assert "1 clips have no label" in told["notes"][0]
    assert "4 of 6 classes have no clip here" in told["notes"][1]


def test_a_class_unknown_to_the_run(folder: Path, tmp_path: Path) -> None:
    clips = [WORLD.clip(i, a) for a in range(3) for i in range(6)]
    clips += [replace(WORLD.clip(50 + i, 3), label="A0 juggle") for i in range(6)]
    odd = WORLD.written(tmp_path / "odd.h5", clips)
    run = ("--run", folder / "run", "--data", odd)
    line = refused(*run)
    assert str(odd) in line
    assert "'A0 juggle'" in line
    assert "--ignore-unknown" in line
    result = command(*run, "--ignore-unknown", "--json")
    told = json.loads(result.stdout)
    with_it = len(split(clip_table(Store(odd)), "official")["test"])
    left_out = with_it - told["metrics"]["clips"]
    assert 0 < left_out < with_it
    assert (
        f"{left_out} clips of classes unknown to the run are left out: A0 juggle" in result.stderr
    )
    # Unknown classes that are not in the part that is asked for are nobody's business.
    elsewhere = [replace(one, splits={"official": "train"}) for one in clips[-6:]]
    fine = WORLD.written(tmp_path / "fine.h5", clips[:-6] + elsewhere)
    assert command("--run", folder / "run", "--data", fine).exit_code == 0


def test_another_protocol_or_making_than_the_runs_is_told(folder: Path, tmp_path: Path) -> None:
    clips = [WORLD.clip(i, a) for a in range(6) for i in range(14)]
    aligned = WORLD.written(tmp_path / "aligned.h5", clips, align=True)
    result = command("--run", folder / "run", "--data", aligned, "--protocol", "loso:s2")
    assert result.exit_code == 0
    assert "trained by the protocol official, not loso:s2" in result.stderr
    assert "trained on a store made without --align" in result.stderr


def no_head(body: Skeleton) -> Skeleton:
    joints = tuple("neck" if joint == "head" else joint for joint in body.joints)
    bones = tuple(tuple("neck" if j == "head" else j for j in bone) for bone in body.bones)
    return replace(body, joints=joints, bones=bones)  # type: ignore[arg-type]


BODIES: dict[str, tuple[Skeleton, str]] = {
    "other joints": (no_head(BODY), "without 'head' and with 'neck' besides"),
    "other bones": (
        replace(BODY, bones=(*BODY.bones[:3], ("foot", "head"))),
        "other bones",
    ),
    "other centre": (replace(BODY, centre=("foot",)), "other centre"),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_store_of_another_skeleton(folder: Path, tmp_path: Path, what: str) -> None:
    body, told = BODIES[what]
    coords = np.zeros((9, 1, 5, 3), np.float32)
    parts = ({"official": "train"}, {"official": "test"}, {"official": "test"})
    clips = [
        Clip(coords, body, name=f"{i}", label=ACTIONS[0], splits=part)
        for i, part in enumerate(parts)
    ]
    other = WORLD.written(tmp_path / "other.h5", clips)
    line = refused("--run", folder / "run", "--data", other)
    assert "another skeleton" in line
    assert str(other) in line
    assert told in line


def cut(folder: Path, to: Path) -> Path:
    to.mkdir()
    content = (folder / "run" / "best.safetensors").read_bytes()
    (to / "best.safetensors").write_bytes(content[: len(content) // 2])
    return to


def not_numbers(facts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    tensors["weight/classifier.bias"] = torch.full((6,), torch.nan)


def fewer_classes(facts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    facts["class_names"] = ["A0 juggle", *facts["class_names"][1:]]


def test_one_line_for_whatever_is_wrong(folder: Path, tmp_path: Path) -> None:
    run, data = ("--run", folder / "run"), ("--data", folder / "store.h5")
    missing = tmp_path / "missing"
    assert f"{missing}: no such run" in refused("--run", missing, *data)
    assert f"{missing}: no such run" in refused("--run", missing, *data, "--checkpoint", "last")
    assert f"{missing}.h5: no such store" in refused(*run, "--data", f"{missing}.h5")
    assert "no checkpoint" in refused("--run", tmp_path, *data)
    assert "cut short" in refused("--run", cut(folder, tmp_path / "cut"), *data)
    assert "not a checkpoint" in refused("--run", folder / "store.h5", *data)
    assert "no part 'exam'" in refused(*run, *data, "--part", "exam")
    assert "did you mean 'official'" in refused(*run, *data, "--protocol", "oficial")
    assert "no such device" in refused(*run, *data, "--device", "tpu")
    (tmp_path / "file").write_text("")
    assert "cannot write here" in refused(*run, *data, "--out", tmp_path / "file" / "below")
    sick = WORLD.rewritten(folder / "run", tmp_path / "sick", not_numbers)
    assert "scores for clip" in refused("--run", sick, *data)
    other = WORLD.rewritten(folder / "run", tmp_path / "other", fewer_classes)
    line = refused(*run, "--run", other, *data)
    assert "runs with other classes" in line
    assert "'A0 juggle', 'A1 nod'" in line
    unlabelled = [replace(WORLD.clip(i, 0), label=None) for i in range(8)]
    nothing = WORLD.written(tmp_path / "nothing.h5", unlabelled)
    line = refused(*run, "--data", nothing)
    assert "no clip to evaluate on" in line
    assert "of them without a label" in line


def test_a_run_that_cannot_be_written_to_is_evaluated(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = WORLD.rewritten(folder / "run", tmp_path / "theirs", lambda facts, tensors: None)
    write_text = Path.write_text

    def full(path: Path, *arguments: Any, **options: Any) -> int:
        if path.parent == run:
            raise OSError(28, "No space left on device")
        return write_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    result = command("--run", run, "--data", folder / "store.h5")
    assert result.exit_code == 0
    assert "top-1" in result.stdout
    assert f"nothing is left in {run}: No space left on device" in result.stderr
