"""The measurement of explanations: a row for each run, and none twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from helpers import asked_models, trained_run
from research.faithfulness import run as script
from skelfuse.clip import Clip
from skelfuse.layouts import COCO_17
from skelfuse.predict import Recogniser


def test_a_row_tells_what_is_left() -> None:
    wrist = COCO_17.index("right_wrist")
    clips = []
    for number in range(3):
        coords = np.random.default_rng(number).normal(scale=0.01, size=(20, 1, 17, 2))
        coords[:, 0, wrist] += np.random.default_rng(9).normal(size=(20, 2))
        label = ["wave", "wave", "nod"][number]
        clips.append(Clip(coords.astype(np.float32), COCO_17, name=str(number), label=label))
    recogniser = Recogniser(asked_models.run_of(asked_models.speed_of(wrist)))
    store: Any = _Clips(clips)
    row = script.measured(recogniser, store, [0, 1, 2], rounds=2)
    assert (row["clips"], row["correct"], row["one_armed"]) == (3, 2, 0)
    left = row["joints"]["share"]
    assert left["hidden"] == pytest.approx([1 / 3] * 4, abs=1e-3)
    assert left["seen"] == pytest.approx([row["as_it_is"]] * 4, abs=1e-3)
    assert row["joints"]["moved most"] == left
    searched = row["joints"]["found by search"]
    assert searched["hidden"] == pytest.approx(left["hidden"], abs=1e-3)
    assert all(np.array(searched["seen"]) >= np.array(left["seen"]) - 1e-6)
    assert "exact sum" not in row["joints"]
    json.dumps(row)


def test_a_search_takes_the_joints_that_are_worth_most_together() -> None:
    class Together:
        """The second and the fourth of five joints are worth more with each other."""

        players = range(5)

        def value(self, seen: np.ndarray) -> np.ndarray:
            worth = seen @ np.array([0.0, 0.3, 0.4, 0.1, 0.0]) + 0.9 * (seen[:, 1] & seen[:, 3])
            return np.stack([worth, -worth], axis=1)

    game: Any = Together()
    left = script.searched(game, 0, (1, 2, 4, 8))
    assert np.log(left["hidden"]) == pytest.approx([0.5, 0.1, 0.0, 0.0])
    assert np.log(left["seen"]) == pytest.approx([0.4, 0.7, 1.7, 1.7])


class _Clips:
    """Clips that are taken as a store's."""

    skeleton = COCO_17

    def __init__(self, clips: list[Clip]) -> None:
        self.clips = clips

    def __getitem__(self, index: int) -> Clip:
        return self.clips[index]


def test_a_run_that_has_its_row_is_not_measured_again(tmp_path: Path) -> None:
    left = {"hidden": [0.8, 0.5, 0.3, 0.1], "seen": [0.1, 0.2, 0.4, 0.7]}
    two = {"hidden": [0.5, 0.2], "seen": [0.3, 0.6]}
    row = {"store": "store", "run": str(tmp_path / "run"), "clips_at_most": 200, "rounds": 16}
    row |= {"as_it_is": 0.9, "right_arm_named": 1.0, "joints": {"share": left}}
    row |= {"limbs": {"share": two}, "moments": {"share": two}}
    (tmp_path / "run").mkdir()
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(row) + "\n")
    done = CliRunner().invoke(script.main, ["--rows", str(rows), "--table"])
    assert done.exit_code == 0, done.output
    assert "store: 1 runs, as it is 0.90" in done.output
    assert "| share | 0.80 | 0.50 | 0.30 | 0.10 | 0.10 | 0.20 | 0.40 | 0.70 |" in done.output
    assert "| four joints by | store, hidden | store, only these |" in done.output
    assert "| share | 0.33 | 0.44 |" in done.output  # of 0.9
    assert "right arm among the four in 100% of one-armed actions" in done.output
    threads = torch.get_num_threads()
    clip = asked_models.clip_of(label="wave")
    trained_run.written(tmp_path / "store.h5", [clip])
    again = [str(tmp_path / "run"), "--data", str(tmp_path / "store.h5"), "--rows", str(rows)]
    done = CliRunner().invoke(script.main, again)
    torch.set_num_threads(threads)
    assert done.exit_code == 0, done.output  # the folder is empty: it was not even loaded
    assert len(rows.read_text().splitlines()) == 1
