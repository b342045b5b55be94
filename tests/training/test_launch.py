"""Restarted processes go on with the run that their launch began, and with no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.moving_hand import configured
from helpers.two_processes import two_processes
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store
from skelfuse.training import Step, Watcher, train

pytestmark = pytest.mark.training


def launched(monkeypatch: pytest.MonkeyPatch, name: str | None, restart: int = 0) -> None:
    """Make this process one that a launch of torchrun has started."""
    for key, value in (("RUN_ID", name), ("RESTART_COUNT", str(restart) if name else None)):
        if value is None:
            monkeypatch.delenv(f"TORCHELASTIC_{key}", raising=False)
        else:
            monkeypatch.setenv(f"TORCHELASTIC_{key}", value)


class Lost(Watcher):
    """Stop as a lost process does, after the first epoch."""

    def on_step(self, step: Step) -> None:
        if step.epoch == 2:
            raise RuntimeError("lost")


@pytest.mark.parametrize("name", ["3f0c", "none"])  # "none" is what torchrun calls many
def test_a_restart_leaves_a_run_alone_that_was_there_before(
    name: str, store: Store, parts: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(epochs=3)
    launched(monkeypatch, name)
    with pytest.raises(RuntimeError, match="lost"):
        train(config, store, parts, tmp_path, watcher=Lost())
    launched(monkeypatch, "another", restart=1)
    with pytest.raises(SkelfuseError, match="there is a run already"):
        train(config, store, parts, tmp_path)
    for again in (0, 1, 2):  # another launch of the same name, which never began this run
        launched(monkeypatch, name, restart=again)
        with pytest.raises(SkelfuseError, match="there is a run already"):
            train(config, store, parts, tmp_path)
    launched(monkeypatch, name)
    assert train(config, store, parts, tmp_path, resume=True).epochs == 3
    launched(monkeypatch, name, restart=1)
    with pytest.raises(SkelfuseError, match="there is a run already"):
        train(config, store, parts, tmp_path)  # it is finished: nobody's any more


@pytest.mark.long
@pytest.mark.parametrize("resumed", [False, True])
def test_a_restart_goes_on_with_the_run_of_its_launch(
    resumed: bool,
    store: Store,
    parts: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = configured(epochs=3)
    whole = train(config, store, parts, tmp_path / "whole")
    run = tmp_path / "run"
    if resumed:  # by hand, and then taken up by the launch
        with pytest.raises(RuntimeError, match="lost"):
            train(config, store, parts, run, watcher=Lost())
    launched(monkeypatch, "3f0c")
    with pytest.raises(RuntimeError, match="lost"):
        train(config, store, parts, run, watcher=Lost(), resume=resumed)
    launched(monkeypatch, "3f0c", restart=1)
    found = train(config, store, parts, run)
    assert found.metrics["loss"] == whole.metrics["loss"]
    names = {path.name for path in run.iterdir()}
    assert names == {path.name for path in whole.folder.iterdir()}  # nothing is left of launches


@pytest.mark.long
@pytest.mark.process
def test_torchrun_cannot_get_round_a_run_that_is_there_and_one_process_tells(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    train(configured(epochs=1), store, parts, tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").glob("*.safetensors")}
    command = ["train", f"--data={store.path}", f"--out={tmp_path / 'run'}", "--protocol=loso:1"]
    settings = ["--device=cpu", "--set=model.size=nano", "--set=sampling.frames=16"]
    both = two_processes(*command, *settings)
    told = both.communicate()[1]
    assert both.returncode != 0
    assert told.count("there is a run already") == 1  # by the leader
    assert {path: path.read_bytes() for path in before} == before
