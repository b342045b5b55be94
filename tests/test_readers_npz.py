"""A user's own data as one ragged .npz."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.datasets import npy_folder, ragged_npz
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.numpy_file import read_array
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, KINECT_V1, layout

RAMP = np.arange(5 * 17 * 2, dtype=np.float64).reshape(5, 17, 2)


def _npz(tmp_path: Path, **arrays: Any) -> Path:
    path = tmp_path / "mine.npz"
    given = {"coords": RAMP, "lengths": [2, 3], "label": [1, 0], **arrays}
    np.savez(path, **{name: array for name, array in given.items() if array is not None})
    return path


def _read(path: Path, **options: Any) -> list[Clip]:
    return read("npz", path, **options)


def test_npz_with_everything(tmp_path: Path) -> None:
    coords = RAMP.copy()
    coords[3, 4, 0] = np.nan
    path = _npz(
        tmp_path,
        coords=coords,
        class_names=["sit", "wave"],
        subject=[3, 4],
        camera=["left", "right"],
        split=["train", "val"],
        fps=25,
        names=["one", "two"],
        confidence=np.full((5, 17), 0.5),
    )
    assert ragged_npz.find(tmp_path) == [path]
    one, two = _read(path)
    np.testing.assert_array_equal(one.coords[:, 0], RAMP[:2].astype(np.float32))
    np.testing.assert_array_equal(two.coords[0, 0], RAMP[2].astype(np.float32))
    assert np.isnan(two.coords[1, 0, 4]).all()
    assert (~two.mask).sum() == 1
    assert one.mask[0, 0, 0]  # zero is a position
    assert one.coords.dtype == np.float32
    assert [clip.name for clip in (one, two)] == ["one", "two"]
    assert [clip.label for clip in (one, two)] == ["wave", "sit"]
    assert [clip.subject for clip in (one, two)] == ["3", "4"]
    assert [clip.camera for clip in (one, two)] == ["left", "right"]
    assert [dict(clip.splits) for clip in (one, two)] == [{"file": "train"}, {"file": "val"}]
    assert [clip.fps for clip in (one, two)] == [25, 25]
    assert one.confidence is not None
    assert one.confidence.shape == (2, 1, 17)
    assert one.notes == ("layout 'coco-17' taken for its 17 joints",)


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_npz_with_two_people_in_either_order_of_memory(write: Any, tmp_path: Path) -> None:
    coords = np.random.default_rng(0).normal(size=(9, 2, 17, 2))
    coords[:, 0] *= 9  # moves more, and so comes first
    for i, array in enumerate((coords, np.asfortranarray(coords))):
        path = tmp_path / f"{i}.npz"
        known = {"lengths": [4, 4, 1], "joint_names": layout("coco-17").joints}
        write(path, coords=array, label=["a", "b", "a"], **known)
        clips = _read(path)
        assert [clip.coords.shape for clip in clips] == [(4, 2, 17, 2)] * 2 + [(1, 2, 17, 2)]
        joined = np.concatenate([clip.coords for clip in clips])
        np.testing.assert_array_equal(joined, coords.astype(np.float32))


def test_npz_of_a_rate_that_is_not_known_for_all(tmp_path: Path) -> None:
    clips = _read(_npz(tmp_path, fps=[np.nan, 12.5]))
    assert [clip.fps for clip in clips] == [None, 12.5]


def test_npz_train_flags_and_plain_labels(tmp_path: Path) -> None:
    one, two = _read(_npz(tmp_path, train=[True, False], label=[12, 3]))
    assert [dict(clip.splits) for clip in (one, two)] == [{"file": "train"}, {"file": "test"}]
    assert [clip.label for clip in (one, two)] == ["012", "003"]  # sorts as numbers do
    assert [clip.name for clip in (one, two)] == ["mine-00001", "mine-00002"]
    assert [clip.label for clip in _read(_npz(tmp_path, label=None))] == [None, None]


def test_npz_with_its_own_skeleton(tmp_path: Path) -> None:
    names = ["neck", "left_hip", "right_hip", "left_knee", "right_knee"]
    coords = np.ones((5, 5, 3))
    for bones in (
        [(1, 0), (2, 0), (3, 1), (4, 2)],  # joint, parent
        [(0, 1), (0, 2), (1, 3), (2, 4)],  # parent, joint
        [
            ("left_hip", "neck"),
            ("right_hip", "neck"),
            ("left_knee", "left_hip"),
            (names[4], names[2]),
        ],
    ):
        body = _read(_npz(tmp_path, coords=coords, joint_names=names, bones=bones))[0].skeleton
        assert body.parents == (0, 0, 0, 1, 2)
        assert body.root == "neck"
        assert body.hips == ("left_hip", "right_hip")
        assert len(body.pairs) == 2
    loose = _read(_npz(tmp_path, coords=coords, joint_names=names))[0].skeleton
    assert (loose.parents, len(loose.pairs)) == ((0, 1, 2, 3, 4), 2)
    with pytest.raises(SkelfuseError, match=r"index from 0 to 4, found 5"):
        _read(_npz(tmp_path, coords=coords, joint_names=names, bones=[(5, 0)]))
    forest = _read(_npz(tmp_path, coords=coords, joint_names=names, bones=[(1, 0)]))[0].skeleton
    assert (forest.parents, forest.root) == ((0, 0, 2, 3, 4), "neck")


def test_npz_joint_names_of_a_known_layout_in_another_order(tmp_path: Path) -> None:
    names = COCO_17.joints[::-1]
    clip = _read(_npz(tmp_path, joint_names=names))[0]
    assert clip.skeleton.joints == names
    assert set(clip.skeleton.bones) == set(COCO_17.bones)


def test_a_layout_that_is_not_certain_must_be_given(tmp_path: Path) -> None:
    coords = np.ones((5, 20, 3))
    with pytest.raises(SkelfuseError, match=r"several layouts .*--skeleton"):
        _read(_npz(tmp_path, coords=coords))
    assert _read(_npz(tmp_path, coords=coords), skeleton=KINECT_V1)[0].skeleton == KINECT_V1
    with pytest.raises(SkelfuseError, match="no built-in layout"):
        _read(_npz(tmp_path, coords=np.ones((5, 16, 3))))


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"lengths": [2, 2]}, "expected 5 rows, found a sum of 4"),
        ({"lengths": [5, 0]}, "'lengths' are not the frames"),
        ({"lengths": [2.0, 3.0]}, "'lengths' are not the frames"),
        ({"lengths": None}, "no array 'lengths'"),
        ({"lengths": [2**62, 2**62]}, "found a sum of 9223372036854775808"),
        ({"coords": np.ones((5, 17))}, "'coords' of the wrong shape"),
        ({"coords": np.ones((5, 17, 4))}, "'coords' of the wrong shape"),
        ({"coords": np.full((5, 17, 2), "a")}, "coordinates that are not numbers"),
        ({"label": [0]}, "'label' needs one value a clip: expected 2, found 1"),
        ({"label": [0, 2], "class_names": ["a", "b"]}, "expected 0 to 1, found 2"),
        ({"label": [0, -1]}, "a label without a class"),
        ({"label": [0.5, 1]}, "'label' of the wrong kind"),
        ({"subjects": [1, 2]}, "unknown array 'subjects'; did you mean 'subject'?"),
        ({"split": ["train", "test"], "train": [True, False]}, "both 'split' and 'train'"),
        ({"train": [3, 4]}, "'train' needs True or False"),
        ({"fps": [30, 30, 30]}, "'fps' has more elements"),
        ({"joint_names": ["a"], "bones": [(0, 0)]}, "expected 17 names, found 1"),
        ({"bones": [1, 2], "joint_names": COCO_17.joints}, "'bones' of the wrong shape"),
        ({"confidence": np.ones(5)}, "'confidence' of the wrong shape"),
        ({"coords": np.full((5, 17, 2), np.inf)}, "infinite"),
        ({"coords": RAMP * 1e300}, "absurdly large"),
    ],
)
def test_a_bad_npz_is_told(arrays: dict[str, Any], problem: str, tmp_path: Path) -> None:
    path = _npz(tmp_path, **arrays)
    with pytest.raises(SkelfuseError, match=r"mine\.npz") as error:
        _read(path)
    assert problem in str(error.value)
    assert error.value.remedy


def test_a_bad_clip_does_not_end_the_file(tmp_path: Path) -> None:
    coords = RAMP.copy()
    coords[1, 3, 1] = np.inf
    clips = ragged_npz.read(_npz(tmp_path, coords=coords), ReadOptions())
    with pytest.raises(SkelfuseError, match=r"clip 'mine-00001': infinite .* frame 1"):
        next(clips)
    assert next(clips).name == "mine-00002"


def test_npz_notes_what_it_did_not_use(tmp_path: Path) -> None:
    assert "array 'bbox' not used" in _read(_npz(tmp_path, bbox=[1]))[0].notes


def _header(shape: str, dtype: str = "'<f8'") -> bytes:
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        _header("(1000000000000, 17, 2)"),
        _header("(99999999999999999999, 17, 2)"),
        _header("(-5, 17, 2)"),
        _header("(1000000000, 25, 3)", "'<U0'"),  # letters without bytes
        _header("(5,)", "'|S0'"),
        _header(f"(0, {2**70}, 2)", "'<f4'"),
        _header(str((0,) + (1,) * 69), "'<f4'"),
        _header("(True, 25, 3)", "'<f4'") + bytes(300),
        _header("(5, 17, 2)", "'|O'") + b"\x80\x04N.",
        _header("(5, 17, 2)", "[('a', 'O')]"),
        _header("(5, 17, 2)") + bytes(5),
        _header("(5, 17, 2)") + bytes(5000),
        b"\x93NUMPY\x01\x00\xff\xff{" + b"(" * 60_000,
        b"\x93NUMPY\x09\x00\x01\x00",
        b"NUMPY",
        b"",
    ],
)
def test_npy_bombs_and_ruins_are_errors(content: bytes, tmp_path: Path) -> None:
    path = _npz(tmp_path, coords=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("coords.npy", content)
    with pytest.raises(SkelfuseError, match=r"mine\.npz.*coords"):
        _read(path)
    (tmp_path / "a.npy").write_bytes(content)
    (tmp_path / "clips.csv").write_text("file\na.npy\n")
    with pytest.raises(SkelfuseError, match=r"a\.npy"):
        list(npy_folder.read(tmp_path / "clips.csv", ReadOptions()))


def test_an_array_of_python_2_is_read_without_a_warning() -> None:
    stream = io.BytesIO()
    np.save(stream, np.arange(6.0).reshape(2, 3))
    whole = stream.getvalue()
    old = whole.replace(b"(2, 3), }  ", b"(2L, 3L), }")
    assert len(old) == len(whole)
    assert old != whole
    assert read_array(io.BytesIO(old), len(old)).tolist() == [[0, 1, 2], [3, 4, 5]]
