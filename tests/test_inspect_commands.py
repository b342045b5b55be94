"""`inspect-kernels` on configurations, checkpoints and runs that were trained."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from helpers import inspected_runs
from helpers.inspected_runs import told
from skelfuse.cli.inspect_kernels import inspect_kernels
from skelfuse.errors import SkelfuseError
from skelfuse.inspect.kernel_source import kernels_of_config, kernels_of_run
from skelfuse.layouts import COCO_17
from skelfuse.run import load_run
from skelfuse.training.losses import kernels_of

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def folder(shared: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    return shared("inspected", inspected_runs.runs)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text("sampling: {fps: 20}\nmodel: {name: skelfuse, size: nano, bank: 1}\n")
    return path


def test_before_training_the_exact_differences_are_shown(mine: Path) -> None:
    lines = told(inspect_kernels, mine, "--all").splitlines()
    assert "before any training" in lines[0]
    assert lines[1].startswith("20 frames per second")
    rows = [line.split() for line in lines]
    assert ["joint/scale1", "xyz", "taps", "-1.0000", "+1.0000", "▁▇"] in rows
    assert ["joint/scale2", "xyz", "taps", "-0.5000", "0.0000", "+0.5000", "▁▄▇"] in rows
    assert ["time", "-50", "ms", "0", "ms", "+50", "ms"] in rows
    assert any("velocity, central" in line and " 1.000 " in line for line in lines)


@pytest.mark.long
def test_a_run_fits_on_a_screen_unless_all_of_it_is_asked_for(folder: Path) -> None:
    run = folder / "skelfuse"
    text, whole = told(inspect_kernels, run), told(inspect_kernels, run, "--all")
    assert text.count("\n") <= 24 < whole.count("\n")
    assert max(map(len, text.splitlines()[2:])) < 120
    rows = [line.split() for line in text.splitlines()]
    changed = [line.split() for line in whole.splitlines() if " now " in line and "/scale" in line]
    most = max(changed, key=lambda row: float(row[-1]))
    assert most[:2] in [row[:2] for row in rows]  # what training changed most is there
    assert "--all shows" in text.splitlines()[-1]


def test_a_shipped_configuration_is_known_by_its_name() -> None:
    found = json.loads(told(inspect_kernels, "synth", "--format", "json"))
    assert found["frame_rate"]["hz"] is None
    assert found["frequency_unit"] == "cycles per frame"
    assert [kernel["name"] for kernel in found["kernels"]][:2] == ["joint/scale1", "joint/scale2"]
    flat = told(inspect_kernels, "synth", "--skeleton", "jhmdb-15", "--format", "csv")
    assert {row["axis"] for row in csv.DictReader(io.StringIO(flat))} == {"x", "y"}


def test_what_a_configuration_leaves_to_the_store_is_asked_of_it(tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match=r"needs a store to choose by; give one with --data"):
        told(inspect_kernels, "generic")
    store = inspected_runs.store_of(tmp_path / "store.h5", COCO_17)
    found = json.loads(told(inspect_kernels, "generic", "--data", store.path, "--format", "json"))
    names = [kernel["name"] for kernel in found["kernels"]]
    assert "bone/scale1" in names
    assert not any(name.startswith("partner") for name in names)  # all its clips are of one person


def test_a_configuration_begins_with_the_kernels_that_its_run_begins_with(
    folder: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.yaml"
    shutil.copy(folder / "skelfuse" / "config.yaml", again)
    data = ("--data", folder / "store.h5", "--format", "json")
    before = json.loads(told(inspect_kernels, again, *data))
    after = json.loads(told(inspect_kernels, folder / "skelfuse", *data))
    for new, trained in zip(before["kernels"], after["kernels"], strict=True):
        for one, other in zip(new["axes"], trained["axes"], strict=True):
            assert one["taps"] == one["start"] == other["start"]
            assert one["drift"] == 0 < other["drift"]
    # 21 frames at 30 a second become 11: half of them.
    assert before["frame_rate"]["hz"] == pytest.approx(15)
    assert before["kernels"][0]["axes"][0]["response"]["peak"] == pytest.approx(7.5)
    assert before["kernels"][0]["offsets_ms"] == pytest.approx([-1000 / 15, 0])


def test_a_run_shows_the_kernels_that_it_learned(folder: Path) -> None:
    run = folder / "skelfuse"
    learned = kernels_of(load_run(run).model)
    assert {"joint/scale1", "bone/scale1", "distances/scale1"} <= set(learned)
    found = json.loads(told(inspect_kernels, run, "--history", "--format", "json"))
    for kernel in found["kernels"]:
        taps = np.array([axis["taps"] for axis in kernel["axes"]]).T
        np.testing.assert_array_equal(taps, learned[kernel["name"]].taps)
    assert [moment["epoch"] for moment in found["history"]] == list(
        range(inspected_runs.EPOCHS + 1)
    )
    assert found["history"][0]["drift"]["joint/scale1"] == [0, 0]
    last = found["history"][-1]
    assert last["drift"]["joint/scale1"] == pytest.approx(
        [axis["drift"] for axis in found["kernels"][0]["axes"]]
    )
    text = told(inspect_kernels, run, "--history", "--fps", "15")
    assert f"epoch {inspected_runs.EPOCHS} of {inspected_runs.EPOCHS}" in text
    assert "shape at 0, 1, 2, 3" in text
    assert max(map(len, text.splitlines()[1:])) < 120


def test_a_checkpoint_that_was_moved_knows_its_start_but_no_history(
    folder: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved.safetensors"
    shutil.copy(folder / "skelfuse" / "last.safetensors", moved)
    here = json.loads(told(inspect_kernels, moved, "--format", "json"))
    there = json.loads(told(inspect_kernels, folder / "skelfuse", "--format", "json"))
    assert here["kernels"] == there["kernels"]
    with pytest.raises(SkelfuseError, match=r"kernels\.jsonl"):
        told(inspect_kernels, moved, "--history")


def test_a_run_in_its_first_epoch_shows_what_is_recorded(folder: Path, tmp_path: Path) -> None:
    for name in ("config.yaml", "kernels.jsonl"):
        shutil.copy(folder / "skelfuse" / name, tmp_path / name)
    found = kernels_of_run(tmp_path)
    whole = kernels_of_run(folder / "skelfuse")
    for name, kernel in whole.kernels.items():
        np.testing.assert_array_equal(found.kernels[name].taps, kernel.taps)
    assert "no checkpoint yet" in told(inspect_kernels, tmp_path)


def test_kernels_that_do_not_learn_are_said_to(folder: Path) -> None:
    text = told(inspect_kernels, folder / "pure", "--fps", "15")
    assert "they do not learn" in text.splitlines()[0]
    assert "drift" not in text


@pytest.mark.long
def test_formats_and_picture_of_a_run(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "kernels.png"
    text = told(inspect_kernels, folder / "skelfuse", "--format", "markdown", "--plot", picture)
    assert "| kernel | axis |" in text
    assert picture.read_bytes()[:4] == b"\x89PNG"
    rows = list(
        csv.DictReader(io.StringIO(told(inspect_kernels, folder / "pure", "--format", "csv")))
    )
    # Joint, bone, distances, partner and the partner's distances, in the plane.
    assert len(rows) == 3 * (2 + 2 + 1 + 2 + 1)
    assert rows[0]["pattern"] == "velocity over 1 frame"
    assert float(rows[0]["cosine"]) == 1


def test_random_numbers_of_the_caller_stay_theirs(mine: Path) -> None:
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    told(inspect_kernels, mine)
    assert torch.rand(1) == expected


def test_bad_input_for_kernels_is_told(folder: Path, mine: Path, tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match=r"'stgcn' has no motion kernels.*skelfuse"):
        told(inspect_kernels, folder / "stgcn")
    with pytest.raises(SkelfuseError, match=r"nowhere: no such run, checkpoint or conf.*nw_ucla"):
        told(inspect_kernels, "nowhere")
    empty, text = tmp_path / "empty", tmp_path / "text.safetensors"
    empty.mkdir()
    text.write_text("no")
    with pytest.raises(SkelfuseError, match=r"empty: no checkpoint in this folder"):
        told(inspect_kernels, empty)
    with pytest.raises(SkelfuseError, match="not a checkpoint"):
        told(inspect_kernels, text)
    with pytest.raises(SkelfuseError, match="no skeleton layout"):
        told(inspect_kernels, mine, "--skeleton", "snake")
    with pytest.raises(SkelfuseError, match="its own skeleton"):
        told(inspect_kernels, folder / "skelfuse", "--skeleton", "coco-17")
    mine.write_text("sampler: {}\n")
    with pytest.raises(SkelfuseError, match=r"mine\.yaml, line 1: unknown key 'sampler'"):
        told(inspect_kernels, mine)
    assert CliRunner().invoke(inspect_kernels, [str(mine), "--fps", "0"]).exit_code == 2


@pytest.mark.parametrize("line", ["{", "[]", '{"epoch": 0}', '{"epoch": 0, "kernels": {"a": 1}}'])
def test_a_damaged_record_is_told(folder: Path, tmp_path: Path, line: str) -> None:
    shutil.copy(folder / "skelfuse" / "best.safetensors", tmp_path)
    (tmp_path / "kernels.jsonl").write_text(line + "\n")
    with pytest.raises(SkelfuseError, match=r"kernels\.jsonl: the record of kernels is damaged"):
        told(inspect_kernels, tmp_path)


def test_a_record_of_another_run_is_told(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "skelfuse" / "best.safetensors", tmp_path)
    other = '{"epoch": 0, "kernels": {"joint/scale1": {"taps": [[-1], [1]]}}}\n'
    (tmp_path / "kernels.jsonl").write_text(other)
    with pytest.raises(SkelfuseError, match="belongs to another model"):
        told(inspect_kernels, tmp_path)


def test_clips_without_a_rate_leave_it_unknown(mine: Path, tmp_path: Path) -> None:
    inspected_runs.store_of(tmp_path / "store.h5", COCO_17, fps=None)
    text = told(inspect_kernels, mine, "--data", tmp_path / "store.h5", "--format", "csv")
    assert next(csv.DictReader(io.StringIO(text)))["frequency_unit"] == "/frame"


def test_a_model_that_has_none_says_how_to_train_with_some(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    path.write_text("model: {name: skelfuse, size: nano, scales: []}")
    with pytest.raises(SkelfuseError) as error:
        kernels_of_config(path, COCO_17)
    assert str(path) in str(error.value)
    assert "--set model.scales=[1,2,4]" in str(error.value)
