"""What a run writes for TensorBoard is what its own records say."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from helpers.moving_hand import configured, json_lines
from skelfuse.store import Store
from skelfuse.training import Step, Watcher, train

pytestmark = pytest.mark.training


def scalars(folder: Path) -> dict[str, dict[int, list[float]]]:
    """Return what TensorBoard shows of a run: the values of each name and step."""
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="TensorBoard is not installed",
    )
    events = accumulator.EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    found: dict[str, dict[int, list[float]]] = {}
    for name in events.Tags()["scalars"]:
        for event in events.Scalars(name):
            found.setdefault(name, {}).setdefault(event.step, []).append(event.value)
    return found


def recorded(lines: list[dict[str, Any]]) -> dict[str, dict[int, Any]]:
    """Return the records of a run in the same form; TensorBoard keeps 24 bits of a number."""
    found: dict[str, dict[int, Any]] = {}
    for line in lines:
        for name, value in line.items():
            if name != "epoch":
                found.setdefault(name, {})[line["epoch"]] = [pytest.approx(value, rel=1e-6)]
    return found


class Pulled(Watcher):
    """Stop in the middle of the third epoch, as by ctrl-C."""

    def on_step(self, step: Step) -> None:
        if (step.epoch, step.batch) == (3, 1):
            raise KeyboardInterrupt


def test_it_shows_the_numbers_of_the_records_also_of_a_resumed_run(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    wanted = configured(epochs=4)
    with pytest.raises(KeyboardInterrupt):
        train(wanted, store, parts, tmp_path, watcher=Pulled())
    assert set(scalars(tmp_path)["loss"]) == {1, 2}
    train(wanted, store, parts, tmp_path, resume=True)
    shown = scalars(tmp_path)
    assert shown == recorded(json_lines(tmp_path / "metrics.jsonl"))
    assert set(shown["loss"]) == set(shown["validation_accuracy"]) == {1, 2, 3, 4}
    assert {"accuracy", "lr", "kernel_weight_sum"} <= set(shown)


def test_without_tensorboard_a_run_goes_its_way_silently(
    store: Store, parts: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    class Others:
        """Find every module but that one, as where it was never installed."""

        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
            if name.partition(".")[0] == "tensorboard":
                return None
            found = (finder.find_spec(name, path, target) for finder in finders)
            return next((spec for spec in found if spec), None)

    finders = list(sys.meta_path)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "tensorboard"]:
            patch.delitem(sys.modules, name)
        patch.setattr(sys, "meta_path", [Others])
        train(configured(epochs=1), store, parts, tmp_path)
    assert [line["epoch"] for line in json_lines(tmp_path / "metrics.jsonl")] == [1]
    assert not (tmp_path / "tensorboard").exists()
    assert capfd.readouterr() == ("", "")
