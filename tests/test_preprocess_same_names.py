"""A file of the same name in the folder of every patient: each is a clip of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.commands import called
from skelfuse.store import Store

COORDS = np.arange(4 * 17 * 2, dtype=float).reshape(4, 17, 2)


def as_json(path: Path, **facts: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"keypoints": COORDS.tolist(), **facts}
    path.with_suffix(".json").write_text(json.dumps(content))


def as_npz(path: Path, **facts: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path.with_suffix(".npz"), coords=COORDS, lengths=[1, 3], **facts)


def as_npy(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".npy"), COORDS)


def names(out: Path, *inputs: Path, code: int = 0) -> list[str]:
    result = called("preprocess", *inputs, "--out", out)
    assert result.exit_code == code, result.output
    return Store(out).names


@pytest.mark.parametrize("facts", [{}, {"label": "walk"}], ids=["unlabelled", "labelled"])
def test_keypoint_files(tmp_path: Path, facts: dict[str, Any]) -> None:
    raw, out = tmp_path / "raw", tmp_path / "s.h5"
    for patient in ("p1", "p2"):
        as_json(raw / patient / "gait", **facts)
    assert names(out, raw) == ["p1/gait", "p2/gait"]
    assert names(out, raw / "p1", raw / "p2" / "gait.json") == ["p1/gait", "p2/gait"]
    for patient in ("p1", "p2"):
        as_json(raw / patient / "left" / "gait", **facts)
    told = ["p1/gait", "p1/left/gait", "p2/gait", "p2/left/gait"]
    assert names(out, raw) == told


def test_arrays(tmp_path: Path) -> None:
    for patient in ("p1", "p2"):
        as_npz(tmp_path / "npz" / patient / "gait", label=["a", "b"])
        as_npy(tmp_path / "npy" / patient / "gait")
    found = names(tmp_path / "s.h5", tmp_path / "npz")
    assert found == ["p1/gait-00001", "p1/gait-00002", "p2/gait-00001", "p2/gait-00002"]
    assert names(tmp_path / "t.h5", tmp_path / "npy") == ["p1/gait", "p2/gait"]


def test_what_needs_no_folder_has_none(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    as_json(raw / "1", label="a")
    as_json(raw / "a" / "1", label="a", name="17")
    as_json(raw / "b" / "1", label="a", name="18")
    as_json(raw / "b" / "2", label="a")
    assert names(tmp_path / "s.h5", raw) == ["1", "17", "18", "2"]


def test_one_name_given_twice_is_still_told(tmp_path: Path) -> None:
    for patient in ("p1", "p2"):
        as_json(tmp_path / patient / "gait", label="a", name="mine")
    assert names(tmp_path / "s.h5", tmp_path, code=3) == ["mine"]
