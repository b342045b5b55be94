"""Choosing, dropping and renaming joints: the same body without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skelfuse.clip import Clip
from skelfuse.clips.provenance import Provenance
from skelfuse.datasets.clips import clips_in, reading_of_store
from skelfuse.datasets.format import ReadOptions
from skelfuse.errors import SkelfuseError
from skelfuse.joint_choice import with_joints
from skelfuse.layouts import KINECT_V2, LAYOUTS


def body() -> Clip:
    coords = np.arange(2 * 25 * 3, dtype=np.float32).reshape(2, 1, 25, 3)
    return Clip(coords, KINECT_V2, name="body", confidence=coords[..., 0])


def test_chosen_joints_keep_their_numbers_order_and_pairs() -> None:
    whole = body()
    clip = with_joints(whole, ["*_hip", "*_knee", "head"])
    assert clip.skeleton.joints == ("head", "left_hip", "left_knee", "right_hip", "right_knee")
    for n, joint in enumerate(clip.skeleton.joints):
        np.testing.assert_array_equal(
            clip.coords[:, :, n], whole.coords[:, :, KINECT_V2.index(joint)]
        )
    assert clip.confidence is not None
    np.testing.assert_array_equal(clip.confidence, clip.coords[..., 0])
    assert clip.skeleton.pairs == (("left_hip", "right_hip"), ("left_knee", "right_knee"))
    assert clip.skeleton.hips == ("left_hip", "right_hip")
    assert clip.skeleton.shoulders == ()
    assert clip.skeleton.bones == (("left_knee", "left_hip"), ("right_knee", "right_hip"))


@pytest.mark.parametrize("name", LAYOUTS)
def test_of_any_layout_half_the_joints_are_a_body(name: str) -> None:
    skeleton = LAYOUTS[name]
    coords = np.zeros((1, 1, len(skeleton), skeleton.dimensions))
    kept = with_joints(Clip(coords, skeleton, name="a"), list(skeleton.joints[1::2])).skeleton
    assert kept.joints == skeleton.joints[1::2]
    assert kept.root in kept.joints


def test_a_part_of_a_part_is_a_part_of_the_layout() -> None:
    arms = with_joints(body(), ["*_elbow", "*_wrist"])
    arm = with_joints(arms, ["left_*"]).skeleton
    assert (arms.skeleton.name, arm.name, len(arm)) == ("part of kinect-v2",) * 2 + (2,)


def test_dropped_and_renamed_joints() -> None:
    clip = with_joints(body(), ["!*_tip", "!*thumb", "head=skull"])
    assert len(clip.skeleton) == 21
    assert "skull" in clip.skeleton.joints
    assert dict(clip.skeleton.bones)["skull"] == "neck"
    assert clip.skeleton.root == KINECT_V2.root


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        (["haed"], "did you mean 'head'"),
        (["!*"], "no joint is left"),
        (["*_hip=hip"], "no joint is meant by"),
        (["head=neck"], "joints named twice: neck"),
    ],
)
def test_a_choice_that_leaves_no_body_is_told(choice: list[str], problem: str) -> None:
    with pytest.raises(SkelfuseError, match=problem):
        with_joints(body(), choice)


def test_a_store_of_chosen_joints_reads_new_files_alike(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.ones((3, 17, 2)))
    options = Provenance({"skeleton": "coco-17", "joints": ["!nose"], "columns": "{axis}"})
    reading = reading_of_store(options, LAYOUTS["coco-17"])
    assert (reading.joints, reading.columns) == (("!nose",), "{axis}")
    (clip,) = clips_in(path, "npy", reading)
    assert isinstance(clip, Clip)
    assert "nose" not in clip.skeleton.joints
    assert clip.coords.shape == (3, 1, 16, 2)
    (error,) = clips_in(path, "npy", ReadOptions(joints=("noes",)))
    assert isinstance(error, SkelfuseError)
