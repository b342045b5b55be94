"""Keypoint JSON: every schema, what is missing, bad files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.pose_json import grid_body
from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.datasets import keypoint_json
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V1


def _json(folder: Path, content: Any, name: str = "clip1") -> Path:
    file = folder / "wave" / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def _clip(file: Path, **options: Any) -> Clip:
    assert keypoint_json.find(file) == [file]
    (clip,) = read("keypoints", file, **options)
    return clip


def test_plain_schema(tmp_path: Path) -> None:
    points = np.arange(4 * 17 * 3, dtype=float).reshape(4, 17, 3).tolist()
    points[2][5] = [0, 0, 0]
    points[3][6] = [None, None, 0.2]
    facts = {"label": "sit", "fps": 25, "subject": 7, "camera": "front", "split": "test"}
    clip = _clip(_json(tmp_path, {"keypoints": points, **facts}))
    assert clip.skeleton.name == "coco-17"
    assert clip.coords.shape == (4, 1, 17, 2)
    assert clip.coords[1, 0, 0].tolist() == [51, 52]
    assert clip.confidence is not None
    assert clip.confidence[1, 0, 0] == 53
    assert np.argwhere(~clip.mask).tolist() == [[2, 0, 5], [3, 0, 6]]
    assert (clip.name, clip.label, clip.fps) == ("clip1", "sit", 25)
    assert (clip.subject, clip.camera, dict(clip.splits)) == ("7", "front", {"file": "test"})


def test_plain_schema_with_people_and_nan(tmp_path: Path) -> None:
    points = np.ones((2, 2, 33, 3)).tolist()
    text = json.dumps({"keypoints": points}).replace("1.0", "NaN", 1)
    clip = _clip(_json(tmp_path, text))
    assert (clip.skeleton.name, clip.coords.shape) == ("mediapipe-33", (2, 2, 33, 3))
    assert (clip.label, clip.name) == ("wave", "wave/clip1")
    assert np.isnan(clip.coords[0, 0, 0]).all()  # all of D
    assert (~clip.mask).sum() == 1


@pytest.mark.parametrize(
    ("extra", "layout", "dimensions"),
    [
        ({"layout": "kinect-v2"}, "kinect-v2", 3),
        ({"layout": "openpose-25"}, "openpose-25", 2),
        ({"dimensions": 3}, "kinect-v2", 3),
        ({"dimensions": 2}, "openpose-25", 2),
    ],
)
def test_three_columns_are_what_the_file_says(
    extra: dict[str, Any], layout: str, dimensions: int, tmp_path: Path
) -> None:
    clip = _clip(_json(tmp_path, {"keypoints": np.ones((2, 25, 3)).tolist(), **extra}))
    assert (clip.skeleton.name, clip.coords.shape[-1]) == (layout, dimensions)
    assert (clip.confidence is None) == (dimensions == 3)


def test_own_joints_with_bones(tmp_path: Path) -> None:
    content = {
        "keypoints": np.ones((2, 3, 2)).tolist(),
        "joint_names": ["neck", "left_hand", "right_hand"],
        "bones": [["left_hand", "neck"], [2, 0]],
    }
    body = _clip(_json(tmp_path, content)).skeleton
    assert body.parents == (0, 0, 0)
    assert body.pairs == (("left_hand", "right_hand"),)


def test_coco_results(tmp_path: Path) -> None:
    entries = [
        {"image_id": image, "category_id": 1, "score": 0.9, "keypoints": grid_body(17, right)}
        for image, right in (("f/10.jpg", 10), ("f/9.jpg", 0), ("f/12.jpg", 20), ("f/9.jpg", 300))
    ]
    clip = _clip(_json(tmp_path, entries))
    assert clip.skeleton.name == "coco-17"
    x = clip.coords[:, :, 0, 0] - 100
    np.testing.assert_array_equal(x, [[0, 300], [10, np.nan], [np.nan] * 2, [20, np.nan]])
    assert clip.label == "wave"


@pytest.mark.parametrize("image", ["gait_{:04d}.jp2", "7/{:04d}.mp4", "{:04d}", "gait.{:04d}"])
def test_an_ending_numbers_no_frame(image: str, tmp_path: Path) -> None:
    entries = [{"image_id": image.format(t), "keypoints": grid_body(17, t)} for t in (8, 9, 10)]
    clip = _clip(_json(tmp_path, entries))
    assert (clip.coords[:, 0, 0, 0] - 100).tolist() == [8, 9, 10]


@pytest.mark.parametrize(
    ("images", "number"),
    [
        (("frame0000_1080p.jpg", "frame0001_1080p.jpg"), 1080),
        (("gait1/0000.jpg", "gait2/0000.jpg"), 0),
        ((7, "7.jpg"), 7),
    ],
)
def test_two_images_of_one_number_are_told(
    images: tuple[int | str, int | str], number: int, tmp_path: Path
) -> None:
    entries = [{"image_id": image, "keypoints": grid_body(17)} for image in images]
    with pytest.raises(SkelfuseError, match="make a file for each clip") as error:
        _clip(_json(tmp_path, entries))
    told = f"two images of one frame number, {number}: expected"
    assert told in str(error.value)
    assert f"found {images[0]!r} and {images[1]!r}" in str(error.value)


def test_coco_results_follow_track_ids(tmp_path: Path) -> None:
    entries = [
        {"image_id": t, "keypoints": grid_body(17, 300.0 * ((t + who) % 2)), "track_id": who}
        for t in range(4)
        for who in (1, 2)
    ]
    x = _clip(_json(tmp_path, entries)).coords[:, :, 0, 0] - 100
    assert sorted(x.T.tolist()) == [[0, 300, 0, 300], [300, 0, 300, 0]]


def _landmarks(joints: int, x: float, **extra: float) -> list[dict[str, float]]:
    return [{"x": x, "y": 0.5 * j, "z": -1.0, **extra} for j in range(joints)]


def test_mediapipe(tmp_path: Path) -> None:
    frames = [{"landmarks": _landmarks(33, t, visibility=0.25)} for t in range(3)]
    frames[1] = {}
    clip = _clip(_json(tmp_path, frames))
    assert (clip.skeleton.name, clip.coords.shape) == ("mediapipe-33", (3, 1, 33, 3))
    assert clip.coords[2, 0, 4].tolist() == [2, 2, -1]
    assert clip.mask[:, 0, 0].tolist() == [True, False, True]
    assert clip.confidence is not None
    assert clip.confidence[0, 0, 0] == 0.25


def test_mediapipe_world_landmarks_and_several_people(tmp_path: Path) -> None:
    people = [_landmarks(33, 0), _landmarks(33, 30)]
    frames = [
        {"pose_landmarks": [_landmarks(33, 9)], "pose_world_landmarks": people[::order]}
        for order in (1, -1)
    ]
    clip = _clip(_json(tmp_path, {"frames": frames, "label": "hug", "fps": 30}))
    assert (clip.label, clip.fps, clip.persons) == ("hug", 30, 2)
    assert clip.coords[:, :, 0, 0].tolist() == [[0, 30], [0, 30]]


def test_kinetics_skeleton(tmp_path: Path) -> None:
    pose = {"pose": [0.5, 0.25] * 17 + [0, 0], "score": [0.75] * 17 + [0]}
    data = [
        {"frame_index": 1, "skeleton": [pose]},
        {"frame_index": 2, "skeleton": []},
        {"frame_index": 3, "skeleton": [pose]},
    ]
    clip = _clip(_json(tmp_path, {"data": data, "label": "yoga", "label_index": 1}))
    assert (clip.skeleton.name, clip.label) == ("openpose-18", "yoga")
    assert clip.mask.sum() >= 17
    assert not clip.mask[:, :, 17].any()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"keypoints": [[[1, 2], [3, "4"]]]}', "expected numbers, found '4'"),
        ('{"keypoints": [[[1, 2], [3]]]}', "found lists of 1 and of 2"),
        ('{"keypoints": [[[1, 2], 3]]}', "found lists beside other values"),
        ('{"keypoints": [[[1, 2]]], "dimensions": 3}', "expected 2 for 2 columns, found 3"),
        ('{"keypoints": [[[1, 2]]], "joint_names": ["a", 1]}', "expected 1 names, found 2"),
        ('{"keypoints": [[1, 2], [3, 4]]}', "wrong shape"),
        ('{"keypoints": []}', "wrong shape"),
        ('{"keypoints": {"a": 1}}', "expected numbers, found"),
        ('{"keypoints": [[[1, 2]]], "layout": "coco17"}', "did you mean 'coco-17'"),
        ('{"keypoints": [[[1, 2]]]}', "--skeleton"),
        ('{"keypoints": [[[true, true]]]}', "found True"),
        ('{"keypoints":\n[[[1, -Infinity]]]}', "line 2: '-Infinity' among the numbers"),
        ('{"keypoints": [[[1, 2]]], "fps": "fast"}', "'fps' is of the wrong kind"),
        ('{"keypoints": [[[1, 2]]], "fps": -1}', "'fps' is no rate"),
        ('{"keypoints": ' + "[" * 100_000, "not sound JSON"),
        ('{"keypoints": ' + "9" * 5000 + "}", "JSON"),
        ('[{"image_id": 1, "keypoints": [1, 2]}]', "entry 0"),
        ('[{"image_id": "x", "keypoints": [1, 2, 3]}]', "no number in 'image_id'"),
        ('[{"image_id": "a.mp4", "keypoints": [1, 2, 3]}]', "no number in 'image_id'"),
        ('[{"landmarks": [[]]}]', "no person in any frame"),
        ('[{"landmarks": [{"x": 1, "z": 2}]}]', "a landmark without 'y'"),
        ('[{"landmarks": [{"x": 1, "y": "a"}]}]', "found 'a'"),
        ('[{"landmarks": [1, 2]}]', "not a list of {x, y, z}"),
        ('{"data": [{"frame_index": 1, "skeleton": [{"pose": [1]}]}]}', "'pose' and 'score'"),
        ('{"data": [{"frame_index": 1, "skeleton": []}]}', "no person in any frame"),
        ('{"keypoints": [[[1, 2]]]', "line 1: not JSON"),
    ],
)
def test_bad_json_is_named(text: str, problem: str, tmp_path: Path) -> None:
    file = _json(tmp_path, text)
    with pytest.raises(SkelfuseError, match=r"clip1\.json") as error:
        _clip(file)
    assert problem in str(error.value)
    assert error.value.remedy


def test_a_given_skeleton_must_fit(tmp_path: Path) -> None:
    file = _json(tmp_path, {"keypoints": np.ones((2, 17, 2)).tolist()})
    with pytest.raises(SkelfuseError, match="expected 20 joints, found 17"):
        _clip(file, skeleton=KINECT_V1)
    file = _json(tmp_path, {"keypoints": np.ones((2, 20, 2)).tolist()})
    assert _clip(file, skeleton=KINECT_V1).skeleton.dimensions == 2
