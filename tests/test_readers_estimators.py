"""What pose estimators write as JSON: MMPose, AlphaPose, and the order of their pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.pose_json import at, flat, read_all, saved
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import layout

Samples = Callable[[str], Path]


def test_mmpose(tmp_path: Path) -> None:
    def person(x: float, who: int) -> dict[str, Any]:
        scores = [0.01, *[0.9] * 16]
        return {"keypoints": at(x), "keypoint_scores": scores, "track_id": who}

    names = {str(i): joint for i, joint in enumerate(layout("coco-17").joints)}
    info = [
        {"frame_id": t, "instances": [person(100.0 * (t % 2), 1), person(100.0 * (1 - t % 2), 2)]}
        for t in (1, 2, 4)
    ]
    content = {"meta_info": {"keypoint_id2name": names}, "instance_info": info}
    (clip,) = read_all(saved(tmp_path, content))
    assert (clip.skeleton.name, clip.coords.shape, clip.label) == ("coco-17", (4, 2, 17, 2), "wave")
    first = 0 if clip.coords[0, 0, 1, 0] == 101 else 1
    assert clip.coords[[0, 1, 3], first, 1, 0].tolist() == [101, 1, 1]  # as the tracks say
    assert not clip.mask[:, :, 0].any()
    assert any("below 0.05" in note for note in clip.notes)
    (sure,) = read_all(tmp_path / "wave" / "a.json", min_score=0)
    assert sure.mask[0].all()


def test_joints_that_mmpose_names_and_no_layout_has(tmp_path: Path) -> None:
    meta = {
        "keypoint_id2name": {"0": "root", "1": "left_hip", "2": "right_hip"},
        "skeleton_links": [[0, 1], [0, 2]],
    }
    info = [{"frame_id": 0, "instances": [{"keypoints": [[0, 0, 1], [1, 0, 1], [2, 0, 1]]}]}]
    (clip,) = read_all(saved(tmp_path, {"meta_info": meta, "instance_info": info}))
    assert clip.skeleton.joints == ("root", "left_hip", "right_hip")
    assert (clip.skeleton.root, clip.coords.shape) == ("root", (1, 1, 3, 3))
    assert clip.skeleton.bones == (("left_hip", "root"), ("right_hip", "root"))


def test_named_keypoints_need_frames(tmp_path: Path) -> None:
    names = layout("coco-17").joints
    points = [{"name": n, "x": i, "y": 1, "confidence": 1} for i, n in enumerate(names)]
    (clip,) = read_all(saved(tmp_path, [{"frame": t, "keypoints": points} for t in range(3)]))
    assert (clip.skeleton.name, clip.frames) == ("coco-17", 3)
    with pytest.raises(SkelfuseError, match="pictures of different scenes are no clip"):
        read_all(saved(tmp_path, [{"image_url": "a", "keypoints": points}] * 3))


@pytest.mark.parametrize(
    ("joints", "name"), [(17, "coco-17"), (26, "halpe-26"), (136, "halpe-136")]
)
def test_alphapose_and_its_tracks(joints: int, name: str, tmp_path: Path) -> None:
    entries = [
        {"image_id": f"{t}.jpg", "keypoints": flat(x, joints), "score": 2.5, "idx": [who]}
        for t in range(3)
        for who, x in ((1, 0), (2, 500.0 + 400 * t))
    ]
    (clip,) = read_all(saved(tmp_path, entries))
    assert (clip.skeleton.name, clip.coords.shape) == (name, (3, 2, joints, 2))
    assert clip.coords[:, 0, 0, 0].tolist() == [500, 900, 1300]  # further than anybody links


def test_an_index_that_is_the_same_for_all_is_no_track(tmp_path: Path) -> None:
    entries = [
        {"image_id": f"{t}.jpg", "keypoints": flat(x), "score": 2, "idx": [0.0]}
        for t in range(3)
        for x in (0, 500)
    ]
    (clip,) = read_all(saved(tmp_path, entries))
    assert clip.mask.all()
    assert sorted(clip.coords[0, :, 0, 0].tolist()) == [0, 500]


@pytest.mark.parametrize(
    ("images", "numbers"),
    [
        (["1.jpg", "10.jpg", "2.jpg"], [0, 9, 1]),  # sorted as text, one kind of name
        (["b_03.png", "b_01.png"], [2, 0]),
        (["12_04_17.9", "12_04_18.0000", "12_04_17.94"], [0, 2, 1]),
    ],
)
def test_pictures_in_their_order(images: list[str], numbers: list[int], tmp_path: Path) -> None:
    entries = [{"image_id": name, "keypoints": flat(i)} for i, name in enumerate(images)]
    (clip,) = read_all(saved(tmp_path, entries))
    assert [clip.coords[number, 0, 0, 0] for number in numbers] == list(range(len(images)))


@pytest.mark.parametrize(
    ("images", "problem"),
    [
        (["1.jpg", "IMG-0035.jpg"], "differ in more"),
        (["a1_0007.jpg", "a2_0003.jpg"], "falls"),
        (["gait1/0000.jpg", "gait2/0000.jpg"], "two images of one frame number"),
    ],
)
def test_pictures_without_an_order_are_refused(
    images: list[str], problem: str, tmp_path: Path
) -> None:
    entries = [{"image_id": name, "keypoints": flat(0)} for name in images]
    with pytest.raises(SkelfuseError, match=f"{problem}.*make a file for each clip"):
        read_all(saved(tmp_path, entries))
