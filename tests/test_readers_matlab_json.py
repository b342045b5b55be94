"""NW-UCLA's JSON, and the MATLAB files of UTD-MHAD and Penn Action, built by hand."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import HAND_21

RAMP = np.arange(4 * 20 * 3, dtype=float).reshape(4, 20, 3) + 1
METRES = RAMP / 64


def _one(form: str, path: Path, **options: Any) -> Clip:
    (clip,) = read(form, path, **options)
    return clip


def _ucla(folder: Path, content: Any, name: str = "a08_s10_e02_v03") -> Path:
    path = folder / f"{name}.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_nw_ucla(tmp_path: Path) -> None:
    coords = METRES.copy()
    coords[2, 5] = 0
    clip = _one("nw-ucla", _ucla(tmp_path, {"skeletons": coords.tolist(), "label": 7}))
    assert clip.coords.shape == (4, 1, 20, 3)
    np.testing.assert_array_equal(clip.coords[3, 0], METRES[3])
    assert np.argwhere(~clip.mask).tolist() == [[2, 0, 5]]
    assert (clip.label, clip.subject, clip.camera) == ("a08 donning", "10", "3")
    assert (clip.replication, clip.name, clip.skeleton.name) == ("2", "a08_s10_e02_v03", "nw-ucla")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"skeletons": METRES.tolist(), "label": 11}, "expected a number from 1 to 10, found 11"),
        ({"skeletons": METRES.tolist()}, "no usable 'label'"),
        ({"skeletons": METRES[:, 1:].tolist(), "label": 1}, "found 4 x 19 x 3"),
        ({"skeletons": [], "label": 1}, "'skeletons' of the wrong shape"),
        ({"label": 1}, "'skeletons' of the wrong shape"),
        ([1], "expected named values"),
        ({"skeletons": [[[1, 2, 3]] * 20, [[1, 2, 3]] * 19], "label": 1}, "of 19 and of 20"),
        ({"skeletons": (METRES * 1e12).tolist(), "label": 1}, "no room holds the x of joint 0"),
        ({"skeletons": (-METRES * 1000).tolist(), "label": 1}, "expected -100 to 100 metres"),
        ('{"skeletons": [[[1, 2, "x"]]], "label": 1}', "found 'x'"),
        ('{"skeletons": [\n[[1, 2, Infinity]]], "label": 1}', "line 2: 'Infinity'"),
        ('{"skeletons": [[[1, 2', "not JSON"),
    ],
)
def test_bad_nw_ucla(content: Any, problem: str, tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match=r"a08_s10_e02_v03\.json") as error:
        _one("nw-ucla", _ucla(tmp_path, content))
    assert problem in str(error.value)
    assert error.value.remedy


def _utd(
    folder: Path, name: str = "a27_s3_t4_skeleton", packed: bool = False, **variables: Any
) -> Path:
    path = folder / f"{name}.mat"
    content = {"d_skel": METRES.transpose(1, 2, 0), **variables}
    scipy.io.savemat(path, content, do_compression=packed)
    return path


def test_utd_mhad(tmp_path: Path) -> None:
    clip = _one("utd-mhad", _utd(tmp_path, packed=True))
    np.testing.assert_array_equal(clip.coords[:, 0], METRES)
    assert (clip.label, clip.subject, clip.replication) == ("a27 squat", "3", "4")
    assert (clip.name, clip.fps, clip.skeleton.name) == ("a27_s3_t4", 30, "utd-mhad")


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"d_skel": np.ones((19, 3, 5))}, "found float64, 19 x 3 x 5"),
        ({"d_skel": np.ones((20, 3))}, "wrong shape"),
        ({"d_skel": np.ones((20, 3, 0))}, "variable 'd_skel'"),
        ({"d_skel": "text"}, "wrong shape or kind"),
        ({"d_skel": np.ones((20, 3, 5)) * 1j}, "'d_skel' is complex"),
        ({"d_skel": {"a": 1}}, "'d_skel' is a struct"),
        ({"d_skel": np.array([1, "a"], dtype=object)}, "'d_skel' is a cell array"),
        ({"d_skel": np.full((20, 3, 5), np.inf)}, "infinite"),
        ({"d_skel": METRES.transpose(1, 2, 0) * 1000}, "convert the file to metres"),
    ],
)
def test_bad_utd_mhad(variables: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match=r"a27_s3_t4_skeleton\.mat") as error:
        _one("utd-mhad", _utd(tmp_path, **variables))
    assert problem in str(error.value)
    assert error.value.remedy


def test_a_name_of_no_action_is_told(tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match="an action from 1 to 27"):
        _one("utd-mhad", _utd(tmp_path, name="a28_s1_t1_skeleton"))


@pytest.mark.parametrize(
    ("at", "new", "cut"),
    [
        (191, b"\xff\x00\x00\x01", 38),  # both ended the process when scipy read them
        (193, b"\xff\x04", 2),
        (267, b"\xff\x01\xff\xf7\xff|", 6),  # a signalling NaN
    ],
)
def test_a_damaged_mat_is_a_clip_or_an_error(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    path = _utd(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + new + whole[at + cut :])
    with suppress(SkelfuseError):
        assert _one("utd-mhad", path).frames


def _penn(folder: Path, **variables: Any) -> Path:
    x = RAMP[:, :13, 0]
    content = {
        "x": x,
        "y": x + 1000,
        "visibility": np.ones((4, 13)),
        "action": "bowl",
        "pose": "left",
        "train": 1,
        **variables,
    }
    path = folder / "0001.mat"
    scipy.io.savemat(path, {name: value for name, value in content.items() if value is not None})
    return path


def test_penn_action(tmp_path: Path) -> None:
    seen = np.ones((4, 13), dtype=np.uint8)
    seen[1, 2] = 0
    clip = _one("penn-action", _penn(tmp_path, visibility=seen, train=-1))
    assert clip.coords.shape == (4, 1, 13, 2)
    assert clip.coords[0, 0, 3].tolist() == [10, 1010]
    assert np.argwhere(~clip.mask).tolist() == [[1, 0, 2]]
    assert clip.confidence is not None
    assert clip.confidence[1, 0, :3].tolist() == [1, 1, 0]
    assert (clip.label, clip.camera, dict(clip.splits)) == ("bowl", "left", {"official": "test"})
    assert dict(_one("penn-action", _penn(tmp_path)).splits) == {"official": "train"}


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"y": np.ones((3, 13))}, "'y' has the wrong shape"),
        ({"x": np.ones((4, 14))}, "'x' has the wrong shape"),
        ({"visibility": None}, "no variable 'visibility'"),
        ({"action": 3}, "no usable variable 'action'"),
        ({"train": "yes"}, "'train' has the wrong shape or kind"),
    ],
)
def test_bad_penn_action(variables: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match=r"0001\.mat") as error:
        _one("penn-action", _penn(tmp_path, **variables))
    assert problem in str(error.value)
    assert error.value.remedy


def test_a_given_skeleton_takes_the_place_of_the_formats_own(tmp_path: Path) -> None:
    files = {
        "nw-ucla": _ucla(tmp_path, {"skeletons": METRES.tolist(), "label": 7}),
        "utd-mhad": _utd(tmp_path),
        "penn-action": _penn(tmp_path),
    }
    for form, path in files.items():
        own = _one(form, path)
        named = replace(own.skeleton, name="mine", dimensions=5 - own.skeleton.dimensions)
        clip = _one(form, path, skeleton=named)
        assert clip.skeleton == replace(own.skeleton, name="mine")
        np.testing.assert_array_equal(clip.coords, own.coords)
        with pytest.raises(SkelfuseError, match=r"expected 21 joints, found .*--skeleton") as error:
            _one(form, path, skeleton=HAND_21)
        assert error.value.file == str(path)


@pytest.mark.parametrize("content", [b"", b"text", b"MATLAB 5.0", b"MATLAB" + bytes(300)])
def test_what_is_no_matlab_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "0001.mat"
    path.write_bytes(content)
    with pytest.raises(SkelfuseError, match=r"0001\.mat"):
        _one("penn-action", path)
