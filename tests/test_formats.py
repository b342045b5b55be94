"""Which files each format takes, and how a path is recognised."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS, recognise
from skelfuse.errors import SkelfuseError


def _named(name: str) -> Callable[[Path], Path]:
    """Return a maker of an empty file: most formats are known by the names of their files."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        return path

    return make


_ntu = _named("S001C001P001R001A001.skeleton")
_ucla = _named("a08_s10_e02_v03.json")


def _jhmdb(folder: Path) -> Path:
    path = folder / "jhmdb.npz"
    np.savez(path, train1_frames=np.ones((2, 15, 2)))
    return path


def _pickled(folder: Path) -> Path:
    path = folder / "set.pkl"
    annotation = {"frame_dir": "a", "label": 0, "keypoint": np.ones((1, 2, 17, 2))}
    path.write_bytes(pickle.dumps({"split": {}, "annotations": [annotation]}))
    return path


def _openpose(folder: Path) -> Path:
    clip = folder / "wave" / "clip1"
    clip.mkdir(parents=True)
    (clip / "clip1_000_keypoints.json").write_text('{"people": []}')
    return clip


def _keypoints(folder: Path) -> Path:
    path = folder / "clip.json"
    path.write_text('{"label": "a", "keypoints": []}')
    return path


def _npz(folder: Path) -> Path:
    path = folder / "mine.npz"
    np.savez(path, coords=np.ones((2, 17, 2)), lengths=[2], label=[0])
    return path


def _npy(folder: Path) -> Path:
    np.save(folder / "a.npy", np.ones((2, 17, 2)))
    path = folder / "clips.csv"
    path.write_text("file,label\na.npy,x\n")
    return path


MAKE: dict[str, Callable[[Path], Path]] = {
    "ntu": _ntu,
    "nw-ucla": _ucla,
    "utd-mhad": _named("a27_s3_t4_skeleton.mat"),
    "sbu": _named("s01s02/05/003/skeleton_pos.txt"),
    "penn-action": _named("0001.mat"),
    "jhmdb": _jhmdb,
    "annotations": _pickled,
    "openpose": _openpose,
    "keypoints": _keypoints,
    "npz": _npz,
    "npy-folder": _npy,
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_takes_its_own_files_and_no_others(name: str, tmp_path: Path) -> None:
    deep = tmp_path / "some" / "folder"
    deep.mkdir(parents=True)
    (deep / "readme.txt").write_text("not a clip")
    source = MAKE[name](deep)
    assert {other for other in FORMATS if FORMATS[other].find(tmp_path)} == {name}
    form, sources = recognise(tmp_path)
    assert (form.name, sources) == (name, [source])
    assert recognise(source) == (form, [source])
    assert recognise(tmp_path, name) == (form, [source])


def test_hidden_files_are_not_clips(tmp_path: Path) -> None:
    for name in ("._a08_s10_e02_v03.json", ".hidden/a08_s10_e02_v03.json"):
        _named(name)(tmp_path)
    with pytest.raises(SkelfuseError, match="an empty folder"):
        recognise(tmp_path)


def test_what_cannot_be_recognised(tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match="nowhere: no such file or folder"):
        recognise(tmp_path / "nowhere")
    with pytest.raises(SkelfuseError, match="an empty folder"):
        recognise(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(SkelfuseError, match=r"no format recognises it; .*ntu .*npy-folder"):
        recognise(tmp_path)
    with pytest.raises(SkelfuseError, match="nothing of the format 'sbu'"):
        recognise(tmp_path, "sbu")
    with pytest.raises(SkelfuseError, match="did you mean 'nw-ucla'"):
        recognise(tmp_path, "nwucla")
    (tmp_path / "set.tar.xz").write_text("")
    with pytest.raises(SkelfuseError, match="an archive; unpack it"):
        recognise(tmp_path / "set.tar.xz")
    _ntu(tmp_path)
    _npz(tmp_path)
    with pytest.raises(SkelfuseError, match=r"several formats: found ntu: 1, .*; npz: 1, "):
        recognise(tmp_path)
    assert recognise(tmp_path, "npz")[0].name == "npz"


def test_a_damaged_npz_is_read_to_say_so(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(b"PK\x03\x04 and no more")
    form, sources = recognise(path)
    with pytest.raises(SkelfuseError, match=r"mine\.npz: not a \.npz file"):
        list(form.read(sources[0], ReadOptions()))


def test_find_looks_at_few_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(400):
        (tmp_path / f"{i:04d}.json").write_text('{"keypoints": []}')
    opened: list[Path] = []
    really = Path.open

    def watched(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(path)
        return really(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", watched)
    assert len(recognise(tmp_path)[1]) == 400
    assert len(opened) <= 200
