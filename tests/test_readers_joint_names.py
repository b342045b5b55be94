"""A file that names its joints is believed: --skeleton says what they are, never which is which."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, KINECT_V1, UTD_MHAD
from skelfuse.skeleton import Skeleton

RAMP = np.arange(5 * 17 * 2, dtype=np.float32).reshape(5, 17, 2)
REVERSED = COCO_17.joints[::-1]
OTHERS = ("tail", *COCO_17.joints[1:])


def _read(form: str, path: Path, skeleton: Skeleton) -> list[Clip]:
    return read(form, path, skeleton=skeleton)


def _npz(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "mine.npz", coords=RAMP, lengths=[2, 3], label=["a", "b"], **arrays)
    return folder / "mine.npz"


def test_npz(tmp_path: Path) -> None:
    sure = np.linspace(0, 1, 5 * 17, dtype=np.float32).reshape(5, 17)
    path = _npz(tmp_path, joint_names=REVERSED, confidence=sure)
    for clip, rows in zip(_read("npz", path, COCO_17), (slice(0, 2), slice(2, 5)), strict=True):
        assert clip.skeleton == COCO_17
        np.testing.assert_array_equal(clip.coords[:, 0], RAMP[rows, ::-1])
        assert clip.confidence is not None
        np.testing.assert_array_equal(clip.confidence[:, 0], sure[rows, ::-1])
    (same, _) = _read("npz", _npz(tmp_path, joint_names=COCO_17.joints), COCO_17)
    np.testing.assert_array_equal(same.coords[:, 0], RAMP[:2])


def _table(folder: Path) -> Path:
    np.save(folder / "a.npy", RAMP)
    joints = list(REVERSED)
    bones = [[joint, joints[0]] for joint in joints[1:]]
    own = {"name": "mine", "joints": joints, "bones": bones, "root": joints[0]}
    (folder / "skeleton.yaml").write_text(json.dumps(own))  # JSON is YAML
    (folder / "clips.csv").write_text("file,label\na.npy,x\n")
    return folder / "clips.csv"


def test_npy_folder(tmp_path: Path) -> None:
    (clip,) = _read("npy-folder", _table(tmp_path), COCO_17)
    assert clip.skeleton == COCO_17
    np.testing.assert_array_equal(clip.coords[:, 0], RAMP[:, ::-1])


@pytest.mark.parametrize("told", ["joint_names", "layout"])
def test_keypoint_json(told: str, tmp_path: Path) -> None:
    here, there = KINECT_V1, UTD_MHAD  # one body, two orders of its joints
    points = np.arange(2 * 20 * 4, dtype=float).reshape(2, 20, 4)
    names: Any = there.name if told == "layout" else there.joints
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"keypoints": points.tolist(), told: names}))
    (clip,) = _read("keypoints", path, here)
    assert clip.skeleton == here
    assert clip.confidence is not None
    for n, joint in enumerate(here.joints):
        at = there.index(joint)
        np.testing.assert_array_equal(clip.coords[:, 0, n], points[:, at, :3])
        np.testing.assert_array_equal(clip.confidence[:, 0, n], points[:, at, 3])


def test_a_layout_and_joint_names_beside_it(tmp_path: Path) -> None:
    content = {"keypoints": RAMP.tolist(), "layout": "coco-17", "joint_names": REVERSED}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    (clip,) = FORMATS["keypoints"].read(path, ReadOptions())
    assert clip.skeleton == COCO_17
    np.testing.assert_array_equal(clip.coords[:, 0], RAMP[:, ::-1])


def test_other_names_are_an_error(tmp_path: Path) -> None:
    own = Skeleton("other", OTHERS, tuple((name, "tail") for name in OTHERS[1:]), "tail")
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"keypoints": RAMP.tolist(), "joint_names": OTHERS}))
    given = {
        "npz": (_npz(tmp_path, joint_names=OTHERS), COCO_17),
        "keypoints": (path, COCO_17),
        "npy-folder": (_table(tmp_path), own),
    }
    for form, (file, skeleton) in given.items():
        with pytest.raises(
            SkelfuseError, match=r"joints are not those of the skeleton .*; give a skeleton"
        ) as error:
            _read(form, file, skeleton)
        assert error.value.file, form


@pytest.mark.parametrize(
    "left",
    ["left_hip", "hip_left", "LeftHip", "leftHip", "LEFT HIP", "LHip", "l_hip", "hip.L", "Hip l"],
)
def test_sides_are_known_however_they_are_written(left: str, tmp_path: Path) -> None:
    other = {"left": "right", "Left": "Right", "LEFT": "RIGHT"}
    right = next((left.replace(a, b) for a, b in other.items() if a in left), None)
    right = right or re.sub(r"[lL](?=$|[_H])", lambda one: {"l": "r", "L": "R"}[one[0]], left)
    joints = ["L5", "lower_back", left, right, "Left_Upper_Arm", "Right_Upper_Arm", "l_ear"]
    np.savez(
        tmp_path / "mine.npz",
        coords=np.zeros((3, 7, 2), np.float32) + np.arange(7)[:, None],
        lengths=[3],
        label=["a"],
        joint_names=joints,
        bones=[[joint, "L5"] for joint in joints[1:]],
    )
    (clip,) = FORMATS["npz"].read(tmp_path / "mine.npz", ReadOptions())
    body = clip.skeleton
    assert body.pairs == ((left, right), ("Left_Upper_Arm", "Right_Upper_Arm"))
    assert (body.hips, body.shoulders) == body.pairs
