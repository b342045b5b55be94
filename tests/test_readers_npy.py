"""Bare arrays: a clip each, for a model that is to recognise it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.recordings import read
from skelfuse.datasets import npy_clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17
from skelfuse.skeleton import Skeleton

RAMP = np.arange(5 * 2 * 3, dtype=np.float64).reshape(5, 2, 3)
STICK = Skeleton("stick", ("top", "end"), (("end", "top"),), "top")


def saved(folder: Path, coords: np.ndarray) -> Path:
    path = folder / "wave 1.npy"
    np.save(path, coords)
    return path


def test_a_clip_has_the_coordinates_and_the_name_of_its_file(tmp_path: Path) -> None:
    flat = np.arange(3 * 17 * 2.0).reshape(3, 17, 2)
    (clip,) = npy_clip.read(saved(tmp_path, flat), ReadOptions(fps=25))
    assert (clip.name, clip.label, clip.fps, clip.skeleton) == ("wave 1", None, 25, COCO_17)
    np.testing.assert_array_equal(clip.coords, flat[:, None].astype(np.float32))
    two = np.stack([flat, flat + 1], axis=1)
    (clip,) = npy_clip.read(saved(tmp_path, two), ReadOptions())
    np.testing.assert_array_equal(clip.coords, two.astype(np.float32))


def test_its_joints_are_those_of_the_skeleton_that_is_given(tmp_path: Path) -> None:
    stick = saved(tmp_path, RAMP)
    with pytest.raises(SkelfuseError, match=r"wave 1\.npy: 2 joints in 3 dimensions: no built-in"):
        read("npy", stick)
    (clip,) = npy_clip.read(stick, ReadOptions(skeleton=STICK))
    assert clip.skeleton == STICK


def test_what_lies_below_a_table_is_the_tables(tmp_path: Path) -> None:
    (tmp_path / "tabled" / "a").mkdir(parents=True)
    (tmp_path / "tabled" / "clips.csv").touch()
    saved(tmp_path / "tabled" / "a", RAMP)
    assert npy_clip.find(tmp_path) == []
    free = saved(tmp_path, RAMP)
    assert npy_clip.find(tmp_path) == [free]
    assert npy_clip.find(tmp_path / "tabled" / "a" / "wave 1.npy") != []
