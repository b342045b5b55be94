"""The built-in layouts: whole, symmetric, and in the order of their formats."""

from __future__ import annotations

import pytest

from skelfuse.errors import SkelfuseError
from skelfuse.layouts import LAYOUTS, layout
from skelfuse.skeleton import Skeleton

SIZES = {
    "kinect-v2": 25,
    "kinect-v1": 20,
    "nw-ucla": 20,
    "utd-mhad": 20,
    "coco-17": 17,
    "openpose-18": 18,
    "openpose-25": 25,
    "mediapipe-33": 33,
    "jhmdb-15": 15,
    "sbu-15": 15,
    "penn-13": 13,
    "hand-21": 21,
    "h36m-17": 17,
    "azure-kinect-32": 32,
    "smpl-24": 24,
    "cmu-bvh": 31,
    "msr-action3d-20": 20,
    "utkinect-20": 20,
    "ui-prmd-22": 22,
    "shrec-22": 22,
    "hands-42": 42,
    "mediapipe-holistic-75": 75,
    "halpe-26": 26,
    "halpe-136": 136,
    "coco-wholebody-133": 133,
    "openpose-67": 67,
    "openpose-137": 137,
}
HANDS = ("hand-21", "shrec-22", "hands-42")
NAMED_OTHERWISE = ("cmu-bvh",)  # its sides are Left and Right, L and R


def test_there_are_these_layouts() -> None:
    assert {name: len(body) for name, body in LAYOUTS.items()} == SIZES
    assert all(body.name == name for name, body in LAYOUTS.items())


@pytest.mark.parametrize("body", LAYOUTS.values(), ids=lambda body: str(body.name))
def test_a_layout_is_a_symmetric_tree(body: Skeleton) -> None:
    assert len(body.bones) == len(body) - 1
    paired = {joint for pair in body.pairs for joint in pair}
    if body.name in NAMED_OTHERWISE:
        assert {joint for joint in body.joints if joint.startswith(("L", "R"))} - {
            "LowerBack"
        } == paired
    else:
        assert paired == {joint for joint in body.joints if joint.startswith(("left_", "right_"))}
        assert all(left[5:] == right[6:] for left, right in body.pairs)
    other = {a: b for pair in body.pairs for a, b in (pair, pair[::-1])}
    mirrored = {(other.get(a, a), other.get(b, b)) for a, b in body.bones}
    between = {("right_hand_wrist", "left_hand_wrist")} if body.name == "hands-42" else set()
    assert mirrored ^ set(body.bones) == between | {bone[::-1] for bone in between}
    assert bool(body.hips) == bool(body.shoulders) == (body.name not in HANDS)


@pytest.mark.parametrize(
    ("name", "joint", "index"),
    [  # as the sensors' and estimators' own pages number them
        ("kinect-v2", "spine_mid", 1),
        ("kinect-v2", "spine_shoulder", 20),
        ("kinect-v2", "right_thumb", 24),
        ("kinect-v2", "left_foot", 15),
        ("kinect-v1", "right_hand", 11),
        ("coco-17", "left_wrist", 9),
        ("openpose-18", "right_ankle", 10),
        ("openpose-18", "left_ear", 17),
        ("openpose-25", "mid_hip", 8),
        ("openpose-25", "right_heel", 24),
        ("mediapipe-33", "left_shoulder", 11),
        ("mediapipe-33", "left_hip", 23),
        ("mediapipe-33", "right_foot_index", 32),
        ("hand-21", "thumb_tip", 4),
        ("hand-21", "pinky_tip", 20),
        ("jhmdb-15", "left_ankle", 14),
        ("sbu-15", "right_foot", 14),
        ("penn-13", "right_ankle", 12),
        ("hands-42", "right_hand_wrist", 21),
        ("mediapipe-holistic-75", "left_hand_wrist", 33),
        ("mediapipe-holistic-75", "right_hand_pinky_tip", 74),
        ("halpe-26", "head", 17),
        ("halpe-26", "right_small_toe", 23),
        ("halpe-26", "right_heel", 25),
        ("halpe-136", "right_jaw_0", 26),
        ("halpe-136", "left_hand_wrist", 94),
        ("halpe-136", "right_hand_wrist", 115),
        ("coco-wholebody-133", "left_heel", 19),
        ("coco-wholebody-133", "right_big_toe", 20),
        ("coco-wholebody-133", "chin", 31),
        ("coco-wholebody-133", "left_hand_wrist", 91),
        ("coco-wholebody-133", "right_hand_pinky_tip", 132),
        ("openpose-67", "right_hand_wrist", 46),
        ("openpose-137", "nose_bridge_3", 97),
        ("openpose-137", "left_pupil", 136),
    ],
)
def test_joints_stand_where_the_format_has_them(name: str, joint: str, index: int) -> None:
    assert layout(name).index(joint) == index


def test_roots_and_centres() -> None:
    assert layout("kinect-v2").root == "spine_mid"
    assert layout("kinect-v2").centre == ("spine_mid",)
    assert layout("coco-17").centre == ("left_hip", "right_hip")


def test_image_layouts_are_flat_and_can_have_depth() -> None:
    flat = {name for name, body in LAYOUTS.items() if body.dimensions == 2}
    whole = {"halpe-26", "halpe-136", "coco-wholebody-133", "openpose-67", "openpose-137"}
    assert flat == {"coco-17", "openpose-18", "openpose-25", "jhmdb-15", "penn-13", *whole}
    assert layout("coco-17", dimensions=3).dimensions == 3
    assert layout("coco-17").dimensions == 2


def test_a_wrong_name_gets_the_right_one() -> None:
    with pytest.raises(SkelfuseError, match="did you mean 'openpose-25'"):
        layout("openpose25")
    with pytest.raises(SkelfuseError, match="There are: kinect-v2"):
        layout("dog")


def test_a_face_is_mirrored_as_the_estimators_say() -> None:
    body = layout("coco-wholebody-133")
    swaps = dict(enumerate(body.mirror))
    for left, right in ((23, 39), (30, 32), (40, 49), (54, 58), (59, 68), (62, 65), (64, 69)):
        assert (swaps[left], swaps[right]) == (right, left)
    for left, right in ((71, 77), (82, 78), (83, 87), (88, 90), (91, 112), (17, 20)):
        assert (swaps[left], swaps[right]) == (right, left)
    assert all(swaps[alone] == alone for alone in (0, 31, 50, 56, 74, 80, 85, 89))
