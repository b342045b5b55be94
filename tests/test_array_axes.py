"""Arrays in another order, with scores, and of bodies that a guessed layout does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelfuse.clip import Clip
from skelfuse.datasets import annotation_pickle, npy_clip, npy_folder, ragged_npz
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.likely import contradiction
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, JHMDB_15, KINECT_V2, OPENPOSE_25, SBU_15, layout

FIELD = np.arange(3 * 40 * 25 * 2, dtype=np.float32).reshape(3, 40, 25, 2) + 1  # C, T, V, M


def read(array: Any, folder: Path, **options: Any) -> list[Clip]:
    np.save(folder / "a.npy", array)
    return list(npy_clip.read(folder / "a.npy", ReadOptions(**options)))


def test_the_field_s_array_is_no_crowd(tmp_path: Path) -> None:
    with pytest.raises(
        SkelfuseError, match=r"40 persons in 3 frames.*40 frames of 2 persons.*CTVM"
    ):
        read(FIELD, tmp_path, skeleton=KINECT_V2)
    with pytest.raises(SkelfuseError, match=r"40 persons in 2 frames.*give --axes MTVC"):
        read(FIELD.transpose(3, 1, 2, 0), tmp_path, skeleton=KINECT_V2)
    with pytest.raises(SkelfuseError, match=r"many clips.*--axes NCTVM reads it as 1 clip,"):
        read(FIELD[None], tmp_path, skeleton=KINECT_V2)


@pytest.mark.parametrize("axes", ["CTVM", "ctvm", "NCTVM", "MTVC", "TMND", "TVMC", "VCTM"])
def test_axes_by_their_letters(axes: str, tmp_path: Path) -> None:
    letters = axes.upper()
    array = FIELD if "NC" not in letters else np.stack([FIELD, FIELD + 1])
    if "NC" not in letters:
        places = {"C": 0, "D": 0, "T": 1, "V": 2, "N": 2, "M": 3}
        array = FIELD.transpose([places[letter] for letter in letters])
    clips = read(array, tmp_path, axes=axes, skeleton=KINECT_V2)
    assert len(clips) == (2 if "NC" in letters else 1)
    wanted = FIELD.transpose(1, 3, 2, 0)
    np.testing.assert_array_equal(clips[0].coords, wanted)
    if len(clips) == 2:
        assert [clip.name for clip in clips] == ["a-00000", "a-00001"]
        np.testing.assert_array_equal(clips[1].coords, wanted + 1)


def test_a_real_crowd_is_read_where_the_axes_are_named(tmp_path: Path) -> None:
    crowd = np.random.default_rng(0).normal(size=(4, 9, 17, 2))
    with pytest.raises(SkelfuseError, match="9 persons in 4 frames"):
        read(crowd, tmp_path, skeleton=COCO_17)
    (clip,) = read(crowd, tmp_path, skeleton=COCO_17, axes="TMND", max_persons=9)
    assert clip.persons == 9
    (clip,) = read(np.ones((1, 5, 17, 2)), tmp_path, skeleton=COCO_17, max_persons=9)
    assert clip.persons == 5  # a few people in one frame are people


def test_zeros_are_missing_on_request_alone(tmp_path: Path) -> None:
    field = FIELD.copy()
    field[:, 30:, :, 1] = 0
    field[0, 0, 3, 0] = 0  # one coordinate at 0 is a place
    (clip,) = read(field, tmp_path, axes="CTVM", skeleton=KINECT_V2)
    assert clip.mask.all()
    (clip,) = read(field, tmp_path, axes="CTVM", skeleton=KINECT_V2, missing=0.0)
    first, second = (0, 1) if clip.mask[:, 0].all() else (1, 0)
    assert clip.mask[:, first].all()
    assert clip.mask[:30, second].all()
    assert not clip.mask[30:, second].any()


def scored(x: float = 300) -> np.ndarray[Any, Any]:
    rows = np.random.default_rng(0).uniform(size=(6, 17, 3))
    rows[..., :2] *= x
    return rows


@pytest.mark.parametrize("x", [300, 1])
def test_a_score_is_no_z(x: float, tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match=r"looks like a score.*--axes TNC --score"):
        read(scored(x), tmp_path, skeleton=COCO_17)
    (flat,) = read(scored(x), tmp_path, axes="TNC", score=True, skeleton=COCO_17)
    assert flat.skeleton.dimensions == 2
    assert flat.confidence is not None
    np.testing.assert_allclose(flat.confidence[:, 0], scored(x)[..., 2], rtol=1e-6)
    np.testing.assert_allclose(flat.coords[:, 0], scored(x)[..., :2], rtol=1e-6)
    (deep,) = read(scored(x), tmp_path, axes="TNC", skeleton=COCO_17)
    assert (deep.skeleton.dimensions, deep.confidence) == (3, None)


def test_a_score_below_the_threshold_is_missing_and_told(tmp_path: Path) -> None:
    (clip,) = read(scored(), tmp_path, score=True, skeleton=COCO_17, min_score=0.5)
    np.testing.assert_array_equal(clip.mask[:, 0], scored()[..., 2].astype(np.float32) >= 0.5)
    (note,) = clip.notes
    assert "score below 0.5" in note


def test_a_score_in_tables_and_npz_too(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", scored())
    (tmp_path / "clips.csv").write_text("file,label\na.npy,wave\n")
    options = ReadOptions(skeleton=COCO_17)
    with pytest.raises(SkelfuseError, match="looks like a score"):
        list(npy_folder.read(tmp_path / "clips.csv", options))
    (clip,) = npy_folder.read(tmp_path / "clips.csv", ReadOptions(skeleton=COCO_17, score=True))
    assert clip.coords.shape == (6, 1, 17, 2)
    np.savez(tmp_path / "a.npz", coords=scored(), lengths=[6], label=["wave"])
    with pytest.raises(SkelfuseError, match="looks like a score"):
        list(ragged_npz.read(tmp_path / "a.npz", options))


@pytest.mark.parametrize("axes", ["CTX", "TTNC", "TMC", ""])
def test_axes_that_are_none(axes: str, tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match="joints and coordinates among them"):
        read(FIELD, tmp_path, axes=axes)
    with pytest.raises(SkelfuseError, match="expected 3 axes, found"):
        read(FIELD, tmp_path, axes="CTV")


# A standing figure in H36M's order, of which COCO's 17 joints know nothing.
H36M: list[Any] = [
    *(
        [0, 0],
        [-1, 0],
        [-1, -4],
        [-1, -8],
        [1, 0],
        [1, -4],
        [1, -8],
        [0, 3],
        [0, 5],
        [0, 6],
        [0, 7],
    ),
    *([1.5, 5], [2, 3], [2, 1], [-1.5, 5], [-2, 3], [-2, 1]),
]
COCO: list[Any] = [
    *([0, 7], [0.2, 7.2], [-0.2, 7.2], [0.4, 7], [-0.4, 7], [1.5, 5], [-1.5, 5], [2, 3], [-2, 3]),
    *([2, 1], [-2, 1], [1, 0], [-1, 0], [1, -4], [-1, -4], [1, -8], [-1, -8]),
]


def moving(pose: list[Any]) -> np.ndarray[Any, Any]:
    steps = np.linspace(0, 3, 20)[:, None, None]
    return np.array(pose) + steps + 0.1 * np.sin(steps * np.arange(17)[:, None])


def test_a_layout_that_is_guessed_is_told_or_refused(tmp_path: Path) -> None:
    (clip,) = read(moving(COCO), tmp_path)
    assert clip.notes == ("layout 'coco-17' taken for its 17 joints",)
    with pytest.raises(SkelfuseError, match=r"no body of the layout 'coco-17'.*--skeleton coco-17"):
        read(moving(H36M), tmp_path)
    (clip,) = read(moving(H36M), tmp_path, skeleton=COCO_17)  # whoever says so is believed
    assert clip.notes == ()
    np.savez(tmp_path / "a.npz", coords=moving(H36M), lengths=[20], label=["a"])
    with pytest.raises(SkelfuseError, match="no body of the layout 'coco-17'"):
        list(ragged_npz.read(tmp_path / "a.npz", ReadOptions()))


def test_a_root_that_is_no_root_and_bones_that_do_not_keep_their_length() -> None:
    body = moving(COCO)[:, None]
    assert contradiction(body, COCO_17) is None
    wild = body * np.random.default_rng(0).uniform(0.01, 2, size=(20, 1, 17, 1))
    found = contradiction(wild, COCO_17)
    assert found is not None
    hanging = body.copy()
    hanging[:, :, 11:13] += [0, 12]  # hips above the head
    found = contradiction(hanging, COCO_17)
    assert found is not None
    assert "left_hip and right_hip" in found[1]


def test_what_fits_stays_and_what_does_not_is_refused_on_real_sets(
    real_data: Callable[[str], Path], tmp_path: Path
) -> None:
    with np.load(real_data("jhmdb14.npz")) as file:
        rows = file["train1_frames"][:3000][:, None]
    assert contradiction(rows, JHMDB_15) is None
    assert contradiction(rows, SBU_15) is not None
    names = [SBU_15.joints, JHMDB_15.joints]
    assert len(names[0]) == len(names[1])


def test_the_field_s_real_array(samples: Callable[[str], Path]) -> None:
    (single,) = samples("arrays").glob("ctvm*.npy")
    (many,) = samples("arrays").glob("NTU*.npy")
    for file in (single, many):
        with pytest.raises(SkelfuseError, match=r"--axes N?CTVM"):
            list(npy_clip.read(file, ReadOptions()))
    options = {"missing": 0.0, "skeleton": layout("kinect-v2")}
    (clip,) = npy_clip.read(single, ReadOptions(axes="CTVM", **options))  # type: ignore[arg-type]
    clips = list(npy_clip.read(many, ReadOptions(axes="NCTVM", **options)))  # type: ignore[arg-type]
    assert [one.coords.shape[0] for one in clips] == [300] * 4
    assert clip.coords.shape[2:] == (25, 3)
    assert clip.persons == 1  # nobody is where all is zero
    np.testing.assert_array_equal(clips[0].coords, clip.coords)
    assert contradiction(clip.coords, KINECT_V2) is None
    assert contradiction(clip.coords, OPENPOSE_25) is not None


def test_a_pickle_without_keypoints_says_what_it_needs(samples: Callable[[str], Path]) -> None:
    with pytest.raises(SkelfuseError, match="raw_file"):
        for _ in annotation_pickle.read(samples("annotations/sample.pkl"), ReadOptions()):
            pass
