"""`inspect-head` on runs that were trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import inspected_runs
from helpers.inspected_runs import told
from skelfuse.cli.inspect_head import inspect_head
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, HAND_21

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def folder(shared: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    return shared("inspected", inspected_runs.runs)


def test_a_head_speaks_in_words(folder: Path) -> None:
    text = told(inspect_head, folder / "skelfuse", "--top", "2", "--all")
    assert "reach (the strongest 2 hold" in text
    assert "comparable within one statistic alone" in text
    text = told(
        inspect_head, folder / "skelfuse", "--class", "shake", "--data", folder / "store.h5"
    )
    assert "one standard deviation greater" in text
    assert "shake (the strongest 5" in text
    assert "reach (" not in text


def test_a_head_fits_on_a_screen_and_a_class_is_named_by_a_part(folder: Path) -> None:
    text = told(inspect_head, folder / "skelfuse")
    assert text.count("\n") <= 24
    lines = text.splitlines()
    for name in inspected_runs.NAMES:
        assert any(line.startswith(f"{name} ") for line in lines)
    assert "partner" not in text + told(inspect_head, folder / "skelfuse", "--all")
    text = told(inspect_head, folder / "skelfuse", "--class", "sha")
    assert "shake (the strongest 5" in text


@pytest.mark.parametrize("name", ["skelfuse", "pure"])
def test_a_head_as_json(folder: Path, name: str) -> None:
    arguments = (folder / name, "--format", "json", "--data", folder / "store.h5")
    found = json.loads(told(inspect_head, *arguments, "--protocol", "kfold:2/1"))
    assert [one["name"] for one in found["classes"]] == inspected_runs.NAMES
    assert all(len(one["entries"]) == 5 for one in found["classes"])
    for key in ("by_scale", "by_statistic", "by_joint"):
        assert sum(found[key].values()) == pytest.approx(1)
    assert found["per_standard_deviation"] is True
    assert len(found["by_joint"]) == len(COCO_17)


def test_bad_input_for_heads_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match=r"STGCN are no sum.*skelfuse"):
        told(inspect_head, folder / "stgcn")
    with pytest.raises(SkelfuseError, match=r"no class 'shakes' \(did you mean 'shake'\?\)"):
        told(inspect_head, folder / "pure", "--class", "shakes")
    mine = tmp_path / "mine.yaml"
    mine.write_text("model: {size: nano}\n")
    for config in (mine, "synth"):
        with pytest.raises(SkelfuseError, match=r"no trained head; name a run"):
            told(inspect_head, config)
    with pytest.raises(SkelfuseError, match="no such run"):
        told(inspect_head, tmp_path / "nowhere")
    with pytest.raises(SkelfuseError, match="give --data"):
        told(inspect_head, folder / "pure", "--protocol", "kfold:2/1")
    inspected_runs.store_of(tmp_path / "hands.h5", HAND_21)
    with pytest.raises(
        SkelfuseError, match=r"hands\.h5: store and run have different skeletons.*coco-17"
    ):
        told(inspect_head, folder / "pure", "--data", tmp_path / "hands.h5")
