"""Which checkpoint of a run is pruned, and that nothing is left of what could not be written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from helpers.checkpoints import write_run
from helpers.commands import called, ran
from helpers.full_disk import no_room_beyond
from skelfuse.layouts import COCO_17
from skelfuse.prune import prune
from skelfuse.run import load_run
from skelfuse.training import build_model, config_from_dict
from skelfuse.training.checkpoint import BEST, LAST

pytestmark = pytest.mark.training

CHANNELS = 8 * 17


def gated(folder: Path, closed: dict[str, float], *, penalty: float) -> Path:
    """Write a run whose checkpoints have closed such shares of their channels."""
    plain: dict[str, Any] = {
        "model": {"size": "nano", "frequencies": {"dct_window": 8, "gate": "static"}},
        "sampling": {"frames": 16, "persons": 1},
        "gates": {"penalty": penalty},
    }
    config = config_from_dict(plain)
    model = build_model(config.model, COCO_17, 3)
    for epoch, (name, share) in enumerate(closed.items(), 1):
        gate = model.state_dict()["spectrum.gate.weights"].view(-1, 2)  # off, on
        gate[:, 0], gate[:, 1] = -1.0, 1.0
        gate[: round(share * len(gate)), 0] = 2.0
        write_run(folder / name, model.state_dict(), config.as_dict(), COCO_17, "abc", epoch)
    return folder


@pytest.fixture(autouse=True)
def measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skelfuse.prune.REPEATS", 1)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return gated(tmp_path / "run", {BEST: 0.25, LAST: 0.75}, penalty=0.05)


def test_the_last_is_pruned_and_that_is_said(run: Path, tmp_path: Path) -> None:
    result = ran("prune", run, "--out", tmp_path / "small")
    assert f"{CHANNELS // 4} of {CHANNELS} channels are left" in result.stdout
    (note,) = result.stderr.splitlines()
    assert f"note: this is {run / LAST} (epoch 2)" in note
    assert "--checkpoint best" in note
    small = load_run(tmp_path / "small")
    assert small.epoch == 2
    x = torch.randn(2, 16, 1, 17, 2)
    torch.testing.assert_close(small.model(x), load_run(run / LAST).model(x), rtol=0, atol=1e-4)


@pytest.mark.parametrize("how", ["option", "file"])
def test_another_can_be_asked_for(how: str, run: Path, tmp_path: Path) -> None:
    asked = (run, "--checkpoint", "best") if how == "option" else (run / BEST,)
    result = ran("prune", *asked, "--out", tmp_path / "small")
    assert f"{3 * CHANNELS // 4} of {CHANNELS} channels are left" in result.stdout
    assert result.stderr == ""
    assert load_run(tmp_path / "small").epoch == 1


def test_without_a_penalty_or_a_last_one_it_is_the_best(tmp_path: Path) -> None:
    free = gated(tmp_path / "free", {BEST: 0.25, LAST: 0.75}, penalty=0.0)
    alone = gated(tmp_path / "alone", {BEST: 0.25}, penalty=0.05)
    for one in (free, alone):
        found = prune(one, tmp_path / f"{one.name}-small")
        assert found.source == one / BEST
        assert found.channels == (CHANNELS, 3 * CHANNELS // 4)


def test_a_checkpoint_of_a_file_is_a_wrong_option(run: Path, tmp_path: Path) -> None:
    command = ("prune", run / LAST, "--out", tmp_path / "small", "--checkpoint", "best")
    assert called(*command).exit_code == 2


@pytest.mark.parametrize(("size", "there"), [(0, "out"), (20_000, None)])
def test_a_full_disk_leaves_nothing_in_the_way(
    size: int, there: str | None, run: Path, tmp_path: Path
) -> None:
    (run / "metrics.jsonl").write_text('{"epoch": 1}\n' * 200)
    out = tmp_path / "out" / "of" / "it"
    if there:
        (tmp_path / there).mkdir(parents=True)
    before = {path: path.stat().st_mode for path in tmp_path.rglob("*")}
    command = ("prune", run, "--out", out)
    with no_room_beyond(size):
        result = called(*command)
    assert result.exit_code == 1
    message = result.stderr.splitlines()[-1]
    assert message.startswith(f"Error: {out}")
    assert "File too large" in message
    assert "make room or choose another --out, then prune again" in message
    assert "--resume" not in message
    assert {path: path.stat().st_mode for path in tmp_path.rglob("*")} == before
    ran(*command)
    assert (out / "metrics.jsonl").read_bytes() == (run / "metrics.jsonl").read_bytes()
    assert load_run(out).epoch == 2


def test_an_empty_folder_that_was_there_stays(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o750)
    with no_room_beyond(100):
        assert called("prune", run, "--out", out).exit_code == 1
    assert list(out.iterdir()) == []
    ran("prune", run, "--out", out)
