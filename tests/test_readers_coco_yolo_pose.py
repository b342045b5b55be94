"""COCO data sets of videos, YOLO's labels and JSON, sign language's .pose files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.pose_json import at, flat, read_all, saved
from helpers.recordings import read
from skelfuse.datasets import pose_file, yolo
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import recognise
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import layout


def coco(names: list[str], **more: Any) -> dict[str, Any]:
    images = [{"id": 900 + i, "file_name": name, **more} for i, name in enumerate(names)]
    seen = [
        {
            "image_id": 900 + i,
            "keypoints": [*flat(i, 16, 2), 3, 4, 1],
            "attributes": {"track_id": 5},
        }
        for i in range(len(names))
    ]
    category = {"id": 1, "keypoints": list(layout("coco-17").joints), "skeleton": [[1, 2]]}
    return {"images": images, "annotations": seen, "categories": [category]}


def test_a_coco_data_set_is_a_clip_a_video(tmp_path: Path) -> None:
    content = coco(["walk/3.jpg", "walk/1.jpg", "sit/1.jpg"])
    content["annotations"][2]["keypoints"][2] = 0  # not marked
    walk, sit = read_all(saved(tmp_path, content))
    assert [(clip.name, clip.frames) for clip in (walk, sit)] == [
        ("wave/a/walk", 3),
        ("wave/a/sit", 1),
    ]
    assert walk.coords[[0, 2], 0, 0, 0].tolist() == [1, 0]
    assert walk.mask[:, 0, 0].tolist() == [True, False, True]
    assert not sit.mask[0, 0, 0]
    assert walk.confidence is not None
    assert walk.confidence[0, 0, [0, 16]].tolist() == [1, 0.5]
    (video,) = read_all(saved(tmp_path, coco(["x1", "x2"], video_id=4) | {"videos": []}))
    assert video.frames == 2


def test_joints_of_coco_that_no_layout_has_are_joined_by_its_links(tmp_path: Path) -> None:
    content = coco(["1.jpg"])
    content["annotations"][0]["keypoints"] = flat(0, 3, 2)
    content["categories"] = [{"keypoints": ["snout", "back", "tail"], "skeleton": [[1, 2], [2, 3]]}]
    (clip,) = read_all(saved(tmp_path, content))
    assert clip.skeleton.bones == (("snout", "back"), ("back", "tail"))


def test_pictures_of_no_video_are_refused(tmp_path: Path) -> None:
    content = coco(["000000000785.jpg", "000000040083.jpg"])
    with pytest.raises(SkelfuseError, match=r"pictures of no video.*785, 40083; single pictures"):
        read_all(saved(tmp_path, content))


def test_whole_bodies_of_coco(tmp_path: Path) -> None:
    content = coco(["1.jpg"])
    content["annotations"][0] |= {
        "foot_kpts": [7, 7, 2] * 6,
        "face_kpts": [8, 8, 0.7] * 68,
        "lefthand_kpts": [0, 0, 0] * 21,
        "righthand_kpts": [9, 9, 0.9] * 21,
    }
    (clip,) = read_all(saved(tmp_path, content))
    assert clip.skeleton.name == "coco-wholebody-133"
    joints = [clip.skeleton.index(joint) for joint in ("left_heel", "chin", "right_hand_wrist")]
    assert clip.coords[0, 0, joints, 0].tolist() == [7, 8, 9]
    assert not clip.mask[0, 0, clip.skeleton.index("left_hand_wrist")]


def ultralytics(x: float) -> dict[str, Any]:
    places = at(x)
    keypoints = {
        "x": [p[0] for p in places],
        "y": [p[1] + 1 for p in places],
        "visible": [0.9] * 17,
    }
    return {"name": "person", "class": 0, "keypoints": keypoints}


@pytest.mark.parametrize(
    "shape",
    [
        lambda people: people,
        lambda people: [{f"frame_{t}": one} for t, one in enumerate(people)],
        lambda people: [{"frame": t, "results": one} for t, one in enumerate(people)],
        lambda people: {f"frame_{t:03d}": one for t, one in enumerate(people)},
    ],
)
def test_ultralytics_json(shape: Callable[[Any], Any], tmp_path: Path) -> None:
    (clip,) = read_all(saved(tmp_path, shape([[ultralytics(t)] for t in range(3)])))
    assert (clip.skeleton.name, clip.coords.shape) == ("coco-17", (3, 1, 17, 2))
    assert clip.coords[:, 0, 0].tolist() == [[0, 1], [1, 1], [2, 1]]


def test_yolo_labels(tmp_path: Path) -> None:
    folder = tmp_path / "squat" / "run1" / "labels"
    folder.mkdir(parents=True)
    for name, _t in (("a_2", 2), ("a_10", 10), ("b_1", 1)):
        rows = [(i / 20, 0.5, 0.9) for i in range(16)] + [(0, 0, 0.4)]
        words = [0, 0.5, 0.5, 0.2, 0.2, *(n for row in rows for n in row), 0.8, 3]
        (folder / f"{name}.txt").write_text(" ".join(map(str, words)) + "\n")
    (folder / "classes.txt").write_text("person\n")
    assert recognise(tmp_path)[1] == [folder]
    first, second = yolo.read(folder, ReadOptions())
    assert [(c.name, c.label) for c in (first, second)] == [
        ("squat/run1/a", "squat"),
        ("squat/run1/b", "squat"),
    ]
    assert first.coords.shape == (9, 1, 17, 2)
    assert first.mask[:, 0, 0].tolist() == [True, *[False] * 7, True]
    assert first.coords[8, 0, 3].tolist() == pytest.approx([0.15, 0.5])
    assert not first.mask[:, 0, 16].any()
    (folder / "a_3.txt").write_text("0 0.5 0.5\n")
    with pytest.raises(SkelfuseError, match=r"a_3\.txt, line 1: a line of the wrong length"):
        next(yolo.read(folder, ReadOptions()))


def pose(version: float, frames: int = 3) -> bytes:
    def text(word: str) -> bytes:
        return struct.pack("<H", len(word)) + word.encode()

    parts = [
        ("POSE_LANDMARKS", ["NOSE", "LEFT_WRIST", "RIGHT_WRIST"], [(0, 1), (0, 2)]),
        ("LEFT_HAND_LANDMARKS", ["WRIST", "THUMB_TIP"], [(0, 1)]),
    ]
    head = struct.pack("<fHHHH", version, 640, 480, 0, len(parts))
    for name, points, limbs in parts:
        head += text(name) + text("XYC") + struct.pack("<HHH", len(points), len(limbs), 0)
        head += b"".join(map(text, points)) + b"".join(struct.pack("<HH", *limb) for limb in limbs)
    places = np.arange(frames * 5 * 2, dtype="<f4").reshape(frames, 1, 5, 2)
    sure = np.ones((frames, 1, 5, 1), "<f4")
    sure[1, 0, 4] = 0
    if version == 0:
        rows = np.concatenate([places, sure], axis=-1)
        body = b"".join(struct.pack("<Hh", 1, -1) + row.tobytes() for row in rows)
        return head + struct.pack("<HH", 25, frames) + body
    counts = ("<HHH", 25, frames, 1) if version < 0.15 else ("<fIH", 25.0, frames, 1)
    return head + struct.pack(*counts) + places.tobytes() + sure.tobytes()


@pytest.mark.parametrize("version", [0, 0.1, 0.2])
def test_pose_files(version: float, tmp_path: Path) -> None:
    file = tmp_path / "hello" / "a.pose"
    file.parent.mkdir()
    file.write_bytes(pose(version))
    assert recognise(tmp_path)[0].name == "pose"
    (clip,) = pose_file.read(file, ReadOptions())
    assert (clip.label, clip.fps, clip.coords.shape) == ("hello", 25, (3, 1, 5, 2))
    assert clip.skeleton.joints[:4] == ("nose", "left_wrist", "right_wrist", "left_hand_wrist")
    assert clip.skeleton.parents == (0, 0, 0, 1, 3)  # the hand hangs at its wrist
    assert clip.coords[2, 0, 1].tolist() == [22, 23]
    assert (~clip.mask).sum() == 1
    for broken in (pose(version)[:-2], pose(version) + b"xy", pose(version)[:40], b"", b"\0" * 99):
        file.write_bytes(broken)
        with pytest.raises(SkelfuseError, match=r"a\.pose: "):
            read("pose", file)
