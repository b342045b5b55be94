"""Names with NUL, with bytes that are no UTF-8, and numbers of 400 digits: told, never a crash."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from helpers import stick_figure
from helpers.commands import called, ran
from skelfuse.store import Store

POINTS = np.arange(4 * 17 * 2.0).reshape(4, 17, 2).tolist()
HUGE = 10**400


def odd_file(folder: Path, ending: str) -> Path:
    """Return a file in Latin-1, as old archives unpack it; skip where no file may be called so."""
    path = Path(os.fsdecode(bytes(folder) + b"/\xfcbung" + ending.encode()))
    try:
        path.touch()
    except OSError:
        pytest.skip("a file system that knows UTF-8 alone")
    return path


def made(folder: Path, *more: object) -> tuple[Result, Store]:
    out = folder.with_suffix(".h5")
    result = called("preprocess", folder, "--out", out, "--report", f"{out}.json", *more)
    assert result.exit_code == 3, result.output
    assert len(json.loads(Path(f"{out}.json").read_text())["problems"]) == 1
    return result, Store(out)


def test_a_file_name_that_is_no_utf_8_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for path in (folder / "ok.npy", odd_file(folder, ".npy")):
        with path.open("wb") as file:
            np.save(file, np.array(POINTS))
    result, store = made(folder)
    assert store.names == ["ok"]
    assert r"raw/\udcfcbung.npy: clip '\udcfcbung': a name that cannot be kept" in result.stderr
    assert r"found '\udcfcbung'; rename it, or the file or folder" in result.stderr


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"label": "a\x1b[2Jb"}, r"clip 'bad': a label that cannot be kept: .*, found 'a\\x1b"),
        ({"label": "a\0b"}, r"clip 'bad': a label that cannot be kept: .*, found 'a\\x00b'"),
        ({"name": "\ud800"}, r"clip '\\ud800': a name that cannot be kept: .*, found '\\ud800'"),
        ({"subject": "\ud800"}, r"clip 'bad': a subject that cannot be kept"),
        ({"split": "\0"}, r"clip 'bad': a split that cannot be kept"),
        ({"fps": HUGE}, r"'fps' is too large to be a number: .*found 1000.* of 401 digits"),
        ({"joint_names": ["\ud800", *map(str, range(16))], "bones": []}, r"control or half char"),
    ],
)
def test_one_bad_text_or_number_does_not_end_the_rest(
    tmp_path: Path, facts: dict[str, Any], told: str
) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, own in (("a", {}), ("bad", facts), ("c", {})):
        content = {"keypoints": POINTS, "label": "wave", "name": name, **own}
        (folder / f"{name}.json").write_text(json.dumps(content))
    result, store = made(folder)
    assert store.names == ["a", "c"]
    assert re.search(told, result.stderr)


def test_a_score_of_400_digits_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "ok.json").write_text(json.dumps({"keypoints": POINTS, "label": "wave"}))
    entry = {"image_id": 1, "keypoints": [1.0] * 51, "score": HUGE}
    (folder / "bad.json").write_text(json.dumps([entry]))
    result, _ = made(folder)
    assert "bad.json: entry 0 (counted from 0): 'score' is too large to be a num" in result.stderr


@pytest.mark.parametrize("form", ["table", "csv", "jsonl"])
@pytest.mark.training
def test_what_is_recognised_in_a_file_of_an_odd_name_is_written(
    tmp_path: Path, run: Path, form: str
) -> None:
    path, out = odd_file(tmp_path, ".json"), tmp_path / "out"
    clip = stick_figure.acted("wave", 60, seed=51)
    body = {"joint_names": stick_figure.JOINTS, "bones": stick_figure.BONES, "dimensions": 2}
    content = {"keypoints": clip.tolist(), "label": "wave", "name": "ok", **body}
    path.write_text(json.dumps(content, default=list))
    predict = ("predict", run, path, "--format", form)
    result = ran(*predict)
    ran(*predict, "--out", out)
    assert out.read_text() == result.stdout
    if form == "jsonl":
        assert json.loads(result.stdout)["file"] == str(path)
