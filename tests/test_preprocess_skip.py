"""Clips on a skip list are left out, counted and told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import called, ran
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.layouts import layout
from skelfuse.store import Store


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_dataset(folder, clips=4, classes=4, seed=3)
    return folder


def test_skipped_clips_are_left_out(raw: Path, tmp_path: Path) -> None:
    files = sorted(raw.glob("*.skeleton"))
    skip = tmp_path / "skip.txt"
    skip.write_text(
        f"Clips without a skeleton.\n\n{files[0].stem}\n{files[2].stem}\nS001C001P001R001A119\n"
    )
    out, report = tmp_path / "s.h5", tmp_path / "r.json"
    options = ("--out", out, "--skip-list", skip, "--report", report)
    result = ran("preprocess", raw, *options)
    assert "skip list: 3 names, 2 found and left out" in result.stderr
    assert Store(out).names == [files[1].stem, files[3].stem]
    sources = json.loads(report.read_text())["sources"]
    assert [source.get("skipped") for source in sources] == [True, None, True, None]
    assert [source["clips"] for source in sources] == [0, 1, 0, 1]
    skip.write_text("S001C001P001R001A119\n")
    assert "skip list: 1 name, 0 found" in called("preprocess", raw, *options).stderr


def test_clips_of_one_file_are_left_out_by_name(tmp_path: Path) -> None:
    names = ["sit down", "get up", "wave"]
    coords = np.random.default_rng(0).normal(size=(12, 17, 2)).astype(np.float32)
    joints = layout("coco-17").joints
    np.savez(tmp_path / "x.npz", coords=coords, lengths=[4, 4, 4], name=names, joint_names=joints)
    (tmp_path / "skip.txt").write_text("get up\nsit down\n")
    out, report = tmp_path / "s.h5", tmp_path / "r.json"
    options = ("--out", out, "--skip-list", tmp_path / "skip.txt", "--report", report)
    result = called("preprocess", tmp_path / "x.npz", *options)
    assert "skip list: 2 names, 2 found and left out" in result.stderr
    assert Store(out).names == ["wave"]
    (source,) = json.loads(report.read_text())["sources"]
    assert (source["clips"], source["left_out"]) == (1, 2)
    assert "skipped" not in source
