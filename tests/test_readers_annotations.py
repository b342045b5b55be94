"""Annotation pickles: keypoints, absence, splits, labels, and bad annotations."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.datasets import annotation_pickle
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.format import ReadOptions
from skelfuse.errors import SkelfuseError


def _read(path: Path, **options: Any) -> list[Clip]:
    return read("annotations", path, **options)


def _annotation(name: str, label: int, keypoint: Any, score: Any = None) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "frame_dir": name,
        "label": label,
        "img_shape": (1080, 1920),
        "total_frames": keypoint.shape[1],
        "keypoint": keypoint,
    }
    return fields if score is None else {**fields, "keypoint_score": score}


def test_a_data_set_of_image_keypoints(tmp_path: Path) -> None:
    keypoint = np.arange(2 * 4 * 17 * 2, dtype=np.float16).reshape(2, 4, 17, 2)
    score = np.full((2, 4, 17), 0.5, dtype=np.float16)
    keypoint[0, 1, 3], score[0, 1, 3] = 0, 0  # an absent joint
    keypoint[1, 2:], score[1, 2:] = 0, 0  # an absent person
    content = {
        "split": {"xsub_train": ["a"], "xsub_val": ["b"], "train1": ["b"], "all": ["a", "b"]},
        "annotations": [_annotation("a", 3, keypoint, score), _annotation("b", 11, keypoint)],
    }
    path = tmp_path / "set.pkl"
    path.write_bytes(pickle.dumps(content))
    assert annotation_pickle.find(tmp_path) == [path]
    first, second = _read(path)
    assert first.skeleton.name == "coco-17"
    assert first.coords.shape == (4, 2, 17, 2)
    np.testing.assert_array_equal(first.coords[0, 1], keypoint[1, 0].astype(np.float32))
    assert not first.mask[1, 0, 3]
    assert not first.mask[2:, 1].any()
    assert first.mask.sum() == 4 * 2 * 17 - 1 - 2 * 17
    assert first.confidence is not None
    assert first.confidence[0, 0, 0] == 0.5
    assert (first.name, first.label, second.label) == ("a", "003", "011")
    assert dict(first.splits) == {"xsub": "train"}
    assert dict(second.splits) == {"xsub": "val", "split1": "train"}
    assert second.mask[1, 0, 3]  # without a score a single zero is a position
    assert not second.mask[2:, 1].any()  # but a body of zeros is nobody
    assert any("'all' not used" in note for note in first.notes)


def test_ntu_names_and_classes(tmp_path: Path) -> None:
    name = "S001C002P003R002A013"
    keypoint = np.ones((1, 3, 25, 3), dtype=np.float32)
    path = tmp_path / "ntu.pkl"
    content = {"split": {}, "annotations": [_annotation(name, 12, keypoint)]}
    path.write_bytes(pickle.dumps(content, protocol=2))
    (clip,) = _read(path)
    assert clip.skeleton.name == "kinect-v2"
    assert (clip.setup, clip.camera, clip.subject, clip.replication) == ("1", "2", "3", "2")
    assert clip.label == "A013 tear up paper"
    words = tmp_path / "words.txt"
    words.write_text("A013 shred\n")
    assert _read(path, class_names=words)[0].label == "A013 shred"


def test_people_beyond_the_limit_are_the_least_active(tmp_path: Path) -> None:
    keypoint = np.ones((3, 10, 17, 2), dtype=np.float32)
    keypoint[2] *= np.arange(1, 11)[:, None, None]
    keypoint[1] += 50
    path = tmp_path / "set.pkl"
    path.write_bytes(pickle.dumps([_annotation("a", 0, keypoint)]))
    (clip,) = _read(path, max_persons=1)
    np.testing.assert_array_equal(clip.coords[:, 0, 0, 0], np.arange(1, 11))
    assert "2 of 3 persons left out, the least active" in clip.notes


def test_a_bad_annotation_does_not_end_the_file(tmp_path: Path) -> None:
    good = np.ones((1, 3, 17, 2), dtype=np.float32)
    bad = good.copy()
    bad[0, 1, 2, 0] = np.inf
    annotations = [
        _annotation("a", 0, good),
        _annotation("b", 0, bad),
        {"frame_dir": "c", "label": 1},
        _annotation("d", 1, np.ones((1, 3, 19, 2))),
        {"label": 1},
        {**_annotation("e", 0, good), "label": "wave"},
        _annotation("f", 1, good),
    ]
    path = tmp_path / "set.pkl"
    path.write_bytes(pickle.dumps({"annotations": annotations}))
    clips = list(clips_in(path, "annotations", ReadOptions()))
    problems = [str(clip) for clip in clips if isinstance(clip, SkelfuseError)]
    assert [clip.name for clip in clips if isinstance(clip, Clip)] == ["a", "f"]
    for problem, told in zip(
        problems,
        ["annotation 2, 'b': infinite", "no usable 'keypoint'", "19 joints", "5 has no", "label"],
        strict=True,
    ):
        assert told in problem
        assert "set.pkl" in problem


@pytest.mark.parametrize("content", [3, {}, [], {"annotations": {}}, {"annotations": []}])
def test_other_pickles_are_no_annotations(content: Any, tmp_path: Path) -> None:
    path = tmp_path / "other.pkl"
    path.write_bytes(pickle.dumps(content))
    assert annotation_pickle.find(path) == [path]
    with pytest.raises(SkelfuseError, match=r"other\.pkl: a pickle without annotations"):
        _read(path)
