"""Runs from strangers: a damaged checkpoint or record is told, and takes no memory before it is."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch._subclasses.fake_tensor import FakeTensor

from helpers.checkpoints import write_run
from skelfuse.errors import SkelfuseError
from skelfuse.evaluation.compare import compare
from skelfuse.layouts import HAND_21
from skelfuse.run import load_run
from skelfuse.training.build import build_model
from skelfuse.training.checkpoint import BEST
from skelfuse.training.config_file import config_from_dict
from skelfuse.training.curves import draw_curves
from skelfuse.training.log import KERNELS, METRICS, Log, read_lines

CHOICE = {"model": {"size": "pure", "directions": 4, "scales": [1]}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    config = config_from_dict(CHOICE)
    weights = build_model(config.model, HAND_21, 2).state_dict()
    write_run(folder / BEST, weights, config.as_dict(), HAND_21, ["sit", "stand"], epoch=9)
    return folder


def changed(run: Path, facts: dict[str, Any], to: Path) -> Path:
    """Return a copy of a run whose checkpoint says other things."""
    raw = (run / BEST).read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    told = json.loads(header["__metadata__"]["skelfuse"])
    header["__metadata__"]["skelfuse"] = json.dumps({**told, **facts})
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    to.mkdir(exist_ok=True)
    (to / BEST).write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + size :])
    return to


WRONG: dict[str, Any] = {
    "config": [None, 7, {"model": 7}, {"model": {"size": "pure", "directions": "x"}}],
    "skeleton": [None, [], {"name": 3}],
    "class_names": [None, 7, "sit", [1, 2], ["sit"], [["sit"], ["stand"]]],
    "epoch": [None, "x", [], float("nan"), 1e400],
    "metrics": [None, 7, [1]],
    "provenance": [None, "x"],
    "versions": [None, 7, ["x"]],
    "shown": [7, {"x": 1}, ["x"]],
    "seen_rate": [7, {"x": 1}, "x"],
    "usual_bodies": [
        *(7, {"x": 1}, {"heights": [2, 1], "up": None}, {"heights": [1, 2], "up": 3}),
        *({"heights": [1, 10**400], "up": None}, {"heights": [1, 2], "up": "\x1b[31m"}),
    ],
    "usual_lengths": [
        *(7, {"x": 1}, {"middle": 2.0, "longest": 1.0, "unit": "s"}, {"middle": "x"}),
        *({"middle": 1.0, "longest": n, "unit": u} for n, u in ((1e400, "s"), (2.0, "\x1b[31m"))),
    ],
    "format_version": [None, "x", [1], 0, 99],
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k, values in WRONG.items() for v in values])
def test_wrong_facts_of_a_checkpoint_are_told(
    key: str, value: Any, run: Path, tmp_path: Path
) -> None:
    with pytest.raises(SkelfuseError, match=r"best\.safetensors"):
        load_run(changed(run, {key: value}, tmp_path / "r"))


@pytest.mark.long
def test_a_checkpoint_that_asks_for_much_is_refused_before_it_is_built(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def built(choice: Any, skeleton: Any, classes: int) -> Any:
        model = build_model(choice, skeleton, classes)
        assert all(isinstance(value, FakeTensor) for value in model.state_dict().values())
        return model

    monkeypatch.setattr("skelfuse.run.build_model", built)
    config = config_from_dict({"model": {**CHOICE["model"], "directions": 20_000}}).as_dict()
    with pytest.raises(SkelfuseError, match="the checkpoint's weights are not this model's"):
        load_run(changed(run, {"config": config}, tmp_path / "r"))
    config["model"]["directions"] = 10**7  # nothing at all is built
    with pytest.raises(SkelfuseError, match="lacks weights"):
        load_run(changed(run, {"config": config}, tmp_path / "r2"))


def test_damaged_checkpoints_are_told_or_load(run: Path, tmp_path: Path) -> None:
    raw, draw = (run / BEST).read_bytes(), np.random.default_rng(0)
    path = tmp_path / BEST
    (size,) = struct.unpack("<Q", raw[:8])
    for _ in range(60):
        damaged = bytearray(raw)
        for at in draw.integers(0, 8 + size, 2).tolist():
            damaged[at] = int(draw.integers(256))
        path.write_bytes(damaged)
        try:
            load_run(path)
        except SkelfuseError as error:
            assert str(path) in str(error)  # noqa: PT017


LINES = [
    b"\xff\xfe\n",
    b"[]\n",
    b"7\n",
    b"{}\n",
    b'{"epoch": "1"}\n',
    b'{"epoch": 1\n',
    b"[" * 5000 + b"\n",
    b"\0\n",
]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_damaged_records_are_told_with_their_line(line: bytes, tmp_path: Path) -> None:
    for name in (METRICS, KERNELS):
        (tmp_path / name).write_bytes(b'{"epoch": 1}\n' + line)
        with pytest.raises(SkelfuseError, match="a record that is damaged") as error:
            read_lines(tmp_path / name)
        assert (error.value.file, error.value.line) == (str(tmp_path / name), 2)
    with pytest.raises(SkelfuseError):
        Log(tmp_path, done=1)


def test_a_record_of_odd_values_is_drawn_without_them(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    odd = {"epoch": 1, "loss": "x", "accuracy": [1], "lr": {}, "kernel_sum": True}
    (tmp_path / METRICS).write_text(json.dumps(odd) + "\n")
    assert draw_curves(tmp_path) == tmp_path / "curves.png"


EVALUATIONS: list[Any] = [
    7,
    [],
    {},
    {"metrics": 7},
    {"runs": [7]},
    {"runs": [{"checkpoint": 7, "epoch": 9}]},
    {"runs": [{"checkpoint": "best.safetensors", "epoch": "x"}]},
    {"metrics": {"top1": "x"}},
    {"metrics": {"top1": [1]}},
    {"top1_interval": 7},
    {"top1_interval": ["a", "b"]},
    {"test": {"protocol": 7, "part": [], "crops": "x", "store": None, "clips_sha256": 7}},
]


@pytest.mark.parametrize("change", EVALUATIONS, ids=range(len(EVALUATIONS)))
def test_a_damaged_evaluation_is_left_out_and_told(change: Any, run: Path, tmp_path: Path) -> None:
    from skelfuse.evaluation.evaluate import FORMAT, FORMAT_VERSION

    copy = changed(run, {}, tmp_path / "r")
    test = {"protocol": "p", "part": "test", "crops": 1, "store": "s.h5", "clips_sha256": "0" * 64}
    good = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "runs": [{"checkpoint": BEST, "epoch": 9}],
        "test": test,
        "metrics": {"top1": 0.5},
        "top1_interval": [0.4, 0.6],
    }
    bad = {**good, **change} if isinstance(change, dict) and change else change
    (copy / "evaluation-a.json").write_text(json.dumps(good))
    (copy / "evaluation-b.json").write_text(json.dumps(bad))
    found = compare([copy])
    assert len(found.runs[0].tests) == 1
    (problem,) = found.problems
    assert "evaluation-b.json: not an evaluation that this version reads" in problem
