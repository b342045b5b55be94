"""Keypoint JSON is found by what is in the files, and none of it is passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.recordings import read
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS, recognise
from skelfuse.errors import SkelfuseError


@pytest.mark.parametrize(
    "before", [{"frames": [{}] * 40_000}, {"confidence": [0.5] * 30_000}, {"note": "x" * 65_520}]
)
def test_keypoints_may_begin_late_in_a_file(tmp_path: Path, before: dict[str, Any]) -> None:
    (tmp_path / "late.json").write_text(json.dumps({**before, "keypoints": []}))
    (tmp_path / "other.json").write_text(json.dumps(before))
    form, sources = recognise(tmp_path)
    assert (form.name, [path.stem for path in sources]) == ("keypoints", ["late"])


def test_other_files_hide_no_keypoints(tmp_path: Path) -> None:
    for i in range(300):
        (tmp_path / f"{i:04d}.json").write_text('{"weather": "fine"}')
    (tmp_path / "walk.json").write_text('{"keypoints": []}')
    assert recognise(tmp_path)[1] == [tmp_path / "walk.json"]


def test_where_keypoints_are_asked_for_every_json_is_taken(tmp_path: Path) -> None:
    files = [tmp_path / "notes.json", tmp_path / "x_keypoints.json"]
    for file in files:
        file.write_text('{"weather": "fine"}')
    with pytest.raises(SkelfuseError, match="no 'people'"):  # by its name it is OpenPose's
        list(FORMATS["openpose"].read(recognise(tmp_path)[1][0], ReadOptions()))
    assert recognise(tmp_path, "keypoints")[1] == files
    for form, sources in (recognise(files[0]), recognise(files[1], "keypoints")):
        with pytest.raises(SkelfuseError, match=r"\.json: no keypoints in it"):
            read(form.name, sources[0])


def test_find_looks_at_few_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(400):
        (tmp_path / f"{i:04d}.json").write_text('{"keypoints": []}')
    opened: list[Path] = []
    really = Path.open

    def watched(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(path)
        return really(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", watched)
    assert len(recognise(tmp_path)[1]) == 400
    assert len(set(opened)) <= 201  # the first is asked for OpenPose's keys as well
