"""A user's own data as a folder of .npy clips with clips.csv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.recordings import read
from skelfuse.clip import Clip
from skelfuse.datasets import npy_folder
from skelfuse.datasets.format import ReadOptions
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

RAMP = np.arange(5 * 17 * 2, dtype=np.float64).reshape(5, 17, 2)


def _folder(tmp_path: Path, table: str, **clips: Any) -> Path:
    for name, coords in clips.items():
        np.save(tmp_path / f"{name}.npy", coords)
    path = tmp_path / "clips.csv"
    path.write_text(table, encoding="utf-8-sig")
    return path


def _rows(path: Path, **options: Any) -> list[Clip]:
    return read("npy-folder", path, **options)


def test_a_folder_of_npy_clips(tmp_path: Path) -> None:
    table = _folder(
        tmp_path,
        'file, label, subject, fps, train\na.npy, wave, Ann, 30, 1\nb.npy,"sit, down",,,no\n',
        a=RAMP[:2],
        b=np.stack([RAMP[2:], RAMP[2:] + 1], axis=1),
    )
    assert npy_folder.find(tmp_path) == [table]
    a, b = _rows(table)
    assert (a.coords.shape, b.coords.shape) == ((2, 1, 17, 2), (3, 2, 17, 2))
    np.testing.assert_array_equal(b.coords[:, 1], RAMP[2:].astype(np.float32) + 1)
    assert (a.name, a.label, a.subject, a.fps) == ("a", "wave", "Ann", 30)
    assert (b.name, b.label, b.subject, b.fps) == ("b", "sit, down", None, None)
    assert (dict(a.splits), dict(b.splits)) == ({"file": "train"}, {"file": "test"})


def test_a_folder_may_bring_its_skeleton(tmp_path: Path) -> None:
    table = _folder(tmp_path, "file,label\na.npy,x\n", a=np.ones((4, 2, 2)))
    with pytest.raises(SkelfuseError, match="--skeleton"):
        _rows(table)
    (tmp_path / "skeleton.yaml").write_text(
        "name: stick\njoints: [top, end]\nbones: [[end, top]]\nroot: top\n"
    )
    stick = Skeleton("stick", ("top", "end"), (("end", "top"),), "top", dimensions=2)
    assert _rows(table)[0].skeleton == stick


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", "first line must name the columns"),
        ("label\nwave\n", "line 1: the first line must name the columns"),
        ("file,lable\na.npy,x\n", "line 1: unknown column 'lable'; did you mean 'label'?"),
        ("file,file\na.npy,x\n", "two columns of one name"),
        ("file,split,train\na.npy,x,1\n", "not both"),
        ("file,label\n", "a table without clips"),
        ("file,label\na.npy\n", "line 2: a line with too many or too few"),
        ("file,label\na.npy,x,y\n", "line 2: a line with too many or too few"),
        ("file,label\n,x\n", "line 2: a line without a file"),
        ("file,label\n\nb.npy,x\n", "line 3: a clip that is not there"),
        ("file,fps\na.npy,fast\n", "line 2: 'fps' is no rate"),
        ("file,train\na.npy,perhaps\n", "line 2: 'train' is no flag"),
        ("file,label\na.npy," + "x" * 200_000, "cannot read the table: field larger than"),
    ],
)
def test_a_bad_table_is_told(table: str, problem: str, tmp_path: Path) -> None:
    path = _folder(tmp_path, table, a=RAMP)
    with pytest.raises(SkelfuseError, match=r"clips\.csv") as error:
        _rows(path)
    assert problem in str(error.value)
    assert error.value.remedy


def test_a_bad_clip_does_not_end_the_table(tmp_path: Path) -> None:
    table = _folder(tmp_path, "file\na.npy\nb.npy\nc.npy\n", a=RAMP, b=np.array(["text"]), c=RAMP)
    clips = npy_folder.read(table, ReadOptions())
    assert next(clips).name == "a"
    with pytest.raises(SkelfuseError, match=r"b\.npy: coordinates that are not numbers"):
        next(clips)
    assert [clip.name for clip in clips] == ["c"]
