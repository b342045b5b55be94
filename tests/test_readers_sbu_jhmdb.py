"""SBU's text files and J-HMDB's arrays, built by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS
from skelfuse.errors import SkelfuseError

RAMP = np.arange(4 * 20 * 3, dtype=float).reshape(4, 20, 3) + 1


def _one(form: str, path: Path) -> Clip:
    (clip,) = read(form, path)
    return clip


METRES = np.linspace(0.1, 1.2, 3 * 2 * 15 * 3).reshape(3, 2, 15, 3)
METRES[:, 0] *= 1.5  # the first one moves more


def _sbu(folder: Path, text: str | None = None, place: str = "s01s02/05/003") -> Path:
    normalised = (METRES - [1.28, 0.96, 0]) / [-2.56, -1.92, 10 / 7.8125]
    rows = zip((7, 8, 10), normalised.reshape(3, -1), strict=True)
    lines = [",".join([str(frame), *(f"{value:.9f}" for value in row)]) for frame, row in rows]
    path = folder / place / "skeleton_pos.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join(lines) + "\r\n" if text is None else text.replace("ROW", lines[0]))
    return path


def test_sbu(tmp_path: Path) -> None:
    clip = _one("sbu", _sbu(tmp_path))
    assert clip.coords.shape == (4, 2, 15, 3)
    np.testing.assert_allclose(clip.coords[[0, 1, 3]], METRES, atol=1e-6)
    assert not clip.mask[2].any()  # frame 9 is not in the file
    assert clip.notes == ("1 frame without a record",)
    assert (clip.label, clip.subject, clip.replication) == ("05 shaking hands", "s01s02", "3")
    assert (clip.name, clip.fps) == ("s01s02_05_003", 15)


def test_sbu_keeps_the_order_of_its_two_and_whoever_moves_most_alone(tmp_path: Path) -> None:
    path = _sbu(tmp_path)
    whole = _one("sbu", path)
    rows = [line.split(",") for line in path.read_text().split()]
    swapped = [",".join([row[0], *row[46:], *row[1:46]]) for row in rows]
    path.write_text("\n".join(swapped))
    np.testing.assert_array_equal(_one("sbu", path).coords, whole.coords[:, ::-1])
    (alone,) = FORMATS["sbu"].read(path, ReadOptions(max_persons=1))
    most = int(np.nanvar(whole.coords, axis=0).sum(axis=(1, 2)).argmax())
    np.testing.assert_array_equal(alone.coords, whole.coords[:, most : most + 1])
    assert "1 of 2 persons left out, the least active" in alone.notes


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no rows of numbers"),
        ("ROW\n1,2,3\n", "line 2: wrong number of columns: expected 91"),
        ("ROW\nx" + "ROW\n", "line 2: text among the numbers: expected a number, found 'x7'"),
        ("ROW\nROW\n", "frame numbers that do not increase"),
        ("nan" + "ROW"[3:] + ",1" * 90, "line 1: not a frame number"),
        ("7" + ",inf" * 90, "infinite"),
        ("ROW\n8" + ",0.5" * 89 + ",1e12", "no room holds the z of joint 14 in frame 1, person 1"),
        ("7" + ",3e38" * 90, "convert the file to metres"),
        ("é", "cannot read"),
    ],
)
def test_bad_sbu(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match=r"skeleton_pos\.txt") as error:
        _one("sbu", _sbu(tmp_path, text))
    assert problem in str(error.value)
    assert error.value.remedy


def _jhmdb(folder: Path, **changed: Any) -> Path:
    clips = [RAMP[:2, :15, :2], RAMP[1:4, :15, :2], RAMP[:2, :15, :2]]  # two that are equal
    labels = [1, 0, 1]
    content: dict[str, Any] = {"class_names": ["clap", "golf"]}
    for split, (train, test) in {1: ([0, 2], [1]), 2: ([1, 2], [0])}.items():
        for part, members in (("train", train), ("test", test)):
            content[f"{part}{split}_frames"] = np.concatenate([clips[i] for i in members])
            content[f"{part}{split}_lengths"] = [len(clips[i]) for i in members]
            content[f"{part}{split}_label"] = [labels[i] for i in members]
    path = folder / "jhmdb.npz"
    np.savez(path, **{**content, **changed})
    return path


def test_jhmdb(tmp_path: Path) -> None:
    clips = list(FORMATS["jhmdb"].read(_jhmdb(tmp_path), ReadOptions()))
    parts = sorted((clip.label or "", *clip.splits.items()) for clip in clips)
    assert parts == [
        ("clap", ("split1", "test"), ("split2", "train")),
        ("golf", ("split1", "train"), ("split2", "test")),
        ("golf", ("split1", "train"), ("split2", "train")),
    ]
    assert len({clip.name for clip in clips}) == len(clips)
    np.testing.assert_array_equal(clips[0].coords[:, 0], RAMP[:2, :15, :2])


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"train2_lengths": [3, 3]}, "'train2_frames' has the wrong shape"),
        ({"train1_label": [0]}, "'train1_lengths' and 'train1_label' do not fit"),
        ({"test1_label": [5]}, "expected 0 to 1, found 5"),
        ({"test1_frames": np.full((3, 15, 2), np.inf)}, "infinite"),
        ({"class_names": np.array([None])}, "an array of objects"),
    ],
)
def test_bad_jhmdb(changed: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match=r"jhmdb\.npz") as error:
        read("jhmdb", _jhmdb(tmp_path, **changed))
    assert problem in str(error.value)
    assert error.value.remedy
