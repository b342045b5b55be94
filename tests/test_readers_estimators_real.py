"""What pose estimators wrote, on real files: frames, joints, people, and bodies that stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelfuse.clip import Clip
from skelfuse.datasets import keypoint_json, openpose, pose_file, yolo
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.likely import contradiction
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import layout

Samples = Callable[[str], Path]


def one(file: Path, people: int = 2) -> Clip:
    (clip,) = keypoint_json.read(file, ReadOptions(max_persons=people))
    return clip


def test_alphapose(samples: Samples) -> None:
    arnis, halpe = (one(samples(f"alphapose/{name}.json")) for name in ("arnis", "jackthgu"))
    assert (arnis.skeleton.name, arnis.coords.shape) == ("coco-17", (122, 1, 17, 2))
    assert (halpe.skeleton.name, halpe.coords.shape) == ("halpe-26", (809, 2, 26, 2))
    told = json.loads(samples("alphapose/arnis.json").read_text())
    wanted = np.array(told[50]["keypoints"], np.float32).reshape(17, 3)
    np.testing.assert_array_equal(arnis.coords[50, 0], wanted[:, :2])
    for clip in (arnis, halpe):
        assert contradiction(clip.coords[:, :1], clip.skeleton) is None
    heights = [halpe.skeleton.index(joint) for joint in ("head", "neck", "hip", "left_heel")]
    middle = np.nanmedian(halpe.coords[:, 0, heights, 1], axis=0)
    assert (np.diff(middle) > 0).all()  # y points down


def test_alphapose_with_times_for_names(samples: Samples) -> None:
    file = samples("alphapose/APARNAGADHIYA.json")
    clip = one(file, people=5)
    told = json.loads(file.read_text())
    names = sorted({entry["image_id"] for entry in told})
    assert clip.frames == len(names) == 195
    assert clip.confidence is not None
    assert int(np.greater(clip.confidence, 0).any(axis=2).sum()) == 246
    assert "frames are in the order of the times in their names" in clip.notes
    first = next(entry for entry in told if entry["image_id"] == names[40])["keypoints"][0]
    assert np.isclose(clip.coords[40, :, 0, 0], first).any()
    with pytest.raises(SkelfuseError, match="images whose names differ"):
        one(samples("alphapose/MasterHM_old.json"))


def test_mmpose(samples: Samples) -> None:
    file = samples("mmpose/rtmpose_tri3.json")
    clip = one(file, people=6)
    assert (clip.skeleton.name, clip.coords.shape) == ("coco-wholebody-133", (106, 6, 133, 2))
    told = json.loads(file.read_text())
    flips = told["meta_info"]["flip_indices"]
    assert list(clip.skeleton.mirror) == flips
    wanted = np.array(told["instance_info"][0]["instances"][0]["keypoints"], np.float32)
    assert any(np.array_equal(clip.coords[0, m], wanted, equal_nan=True) for m in range(6))
    with pytest.raises(SkelfuseError, match="no frame number"):
        one(samples("mmpose/sculpture.json"))


def test_coco_data_sets_of_single_pictures(samples: Samples) -> None:
    for name in ("test_coco", "test_coco_wholebody"):
        with pytest.raises(SkelfuseError, match="single pictures are no recording"):
            one(samples(f"coco/{name}.json"))
        file = samples(f"coco/{name}.json")
        content = json.loads(file.read_text())
        for i, image in enumerate(content["images"]):
            image.update(video_id=1, frame_id=i)  # as those of a video are
        again = file.with_name(f"{name}_video.json")
        again.write_text(json.dumps(content))
        clip = one(again, people=9)
        assert clip.frames == 4
        assert len(clip.skeleton) == (133 if "whole" in name else 17)
        marked = [person for person in content["annotations"] if person["num_keypoints"]]
        assert len(content["annotations"]) == 14
        assert int(clip.mask.any(axis=2).sum()) == len(marked)


def test_yolo(samples: Samples) -> None:
    clip = one(samples("yolo/frames.json"))
    assert (clip.skeleton.name, clip.coords.shape) == ("coco-17", (240, 1, 17, 2))
    told = json.loads(samples("yolo/frames.json").read_text())[3]["frame_4"]
    zero = [one["position"]["x"] == one["position"]["y"] == 0 for one in told]
    assert (~clip.mask[3, 0]).tolist() == zero
    (folder,) = yolo.find(samples("yolo/labels"))
    (clip,) = yolo.read(folder, ReadOptions(max_persons=20))
    lines = next(folder.glob("*.txt")).read_text().splitlines()
    assert clip.coords.shape == (1, len(lines), 17, 2)


@pytest.mark.parametrize(("name", "joints", "axes"), [("mediapipe", 178, 3), ("openpose", 137, 2)])
def test_sign_language(name: str, joints: int, axes: int, samples: Samples) -> None:
    (clip,) = pose_file.read(samples(f"pose/{name}.pose"), ReadOptions())
    assert clip.coords.shape[1:] == (1, joints, axes)
    assert clip.fps == 24
    at = clip.skeleton.index
    assert clip.skeleton.parents[at("left_elbow")] == at("left_shoulder")
    assert clip.skeleton.hips == ("left_hip", "right_hip")
    hand = "right_hand_wrist" if name == "mediapipe" else "right_hand_base"
    apart = clip.coords[:, 0, at(hand)] - clip.coords[:, 0, at("right_wrist")]
    across = clip.coords[:, 0, at("left_shoulder")] - clip.coords[:, 0, at("right_shoulder")]
    assert np.nanmedian(np.linalg.norm(apart[:, :2], axis=-1)) < 0.3 * np.nanmedian(
        np.linalg.norm(across[:, :2], axis=-1)
    )


def openpose_clip(folder: Path, **options: Any) -> Clip:
    (clip,) = openpose.read(folder, ReadOptions(**options))
    return clip


def test_real_frames_of_openpose(samples: Samples) -> None:
    clip = openpose_clip(samples("openpose_hands/openpose_kick"))
    assert clip.frames == 87
    assert "hands and face left out" in clip.notes[-1]
    whole = openpose_clip(samples("openpose_hands/openpose_kick"), skeleton=layout("openpose-137"))
    wrists = [whole.skeleton.index(f"{side}_wrist") for side in ("left", "right")]
    roots = [whole.skeleton.index(f"{side}_hand_wrist") for side in ("left", "right")]
    for wrist, root, other in zip(wrists, roots, roots[::-1], strict=True):
        own = np.linalg.norm(whole.coords[:, 0, wrist] - whole.coords[:, 0, root], axis=-1)
        far = np.linalg.norm(whole.coords[:, 0, wrist] - whole.coords[:, 0, other], axis=-1)
        assert np.nanmedian(own) < 0.5 * np.nanmedian(far)  # each hand at its own wrist
    words = [openpose_clip(folder) for folder in openpose.find(samples("openpose_words"))]
    assert [clip.label for clip in words] == ["good", "name"]
    assert sum(int(clip.mask.any(axis=(1, 2)).sum()) for clip in words) == 121
    (folder,) = openpose.find(samples("pose2sim"))
    frames = json.loads(min(folder.glob("*.json")).read_text())["people"]
    clip = openpose_clip(folder)
    assert (clip.frames, clip.persons, len(frames)) == (30, 2, 2)
