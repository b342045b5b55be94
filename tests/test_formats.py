"""Which files each format takes, and how a path is recognised."""

from __future__ import annotations

import pickle
import re
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
import pytest

from helpers.small_files import as_store
from helpers.small_recordings import FILES as RECORDINGS
from helpers.video_extra import pretend
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.formats import FORMATS, recognise
from skelfuse.errors import SkelfuseError


def _named(name: str, text: str = "") -> Callable[[Path], Path]:
    """Return a maker of a file, an empty one where its name tells of which format it is."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return make


LABEL = "0 0.5 0.5 0.2 0.2 " + "0.5 0.25 0.9 " * 17  # a person in YOLO's text
_ntu = _named("S001C001P001R001A001.skeleton")


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


def _frames(folder: Path) -> Path:
    clip = folder / "wave" / "0"
    clip.mkdir(parents=True)
    np.save(clip / "0.npy", np.ones(1662))
    return clip


def _bare(folder: Path) -> Path:
    path = folder / "a.npy"
    np.save(path, np.ones((2, 17, 2)))
    return path


def _recording(write: Callable[[Path, Any], Path], content: Any) -> Callable[[Path], Path]:
    return lambda folder: write(folder, content)


MAKE: dict[str, Callable[[Path], Path]] = {
    **{form: _recording(*files[0]) for form, files in RECORDINGS.items()},
    "ntu": _ntu,
    "nw-ucla": _named("a08_s10_e02_v03.json"),
    "utd-mhad": _named("a27_s3_t4_skeleton.mat"),
    "sbu": _named("s01s02/05/003/skeleton_pos.txt"),
    "penn-action": _named("0001.mat"),
    "jhmdb": _jhmdb,
    "annotations": _pickled,
    "openpose": _openpose,
    "keypoints": _keypoints,
    "npz": _npz,
    "npy-folder": _npy,
    "store": lambda folder: as_store(folder, {"coords": np.ones((4, 1, 17, 2))}),
    "npy": _bare,
    "mediapipe-npy": _frames,
    "mediapipe-csv": _named("a.csv", "frame,landmark,x,y,z\n0,NOSE,1,2,3\n"),
    "yolo": lambda folder: _named("labels/a_1.txt", LABEL)(folder).parent,
    "pose": _named("hello.pose"),
    "video": _named("walk/a.mp4"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_takes_its_own_files_and_no_others(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, there=True)
    deep = tmp_path / "some" / "folder"
    deep.mkdir(parents=True)
    (deep / "readme.txt").write_text("not a clip")
    source = MAKE[name](deep)
    if name == "store":  # one among raw files is what was made of them
        assert not any(FORMATS[other].find(tmp_path) for other in FORMATS)
        assert {other for other in FORMATS if FORMATS[other].find(source)} == {name}
        assert recognise(source) == recognise(tmp_path, name) == (FORMATS[name], [source])
        return
    if name == "table":  # which no file is taken for unless somebody says so
        assert not any(FORMATS[other].find(tmp_path) for other in FORMATS)
        assert recognise(tmp_path, name)[1] == [source, deep / "readme.txt"]
        return
    assert {other for other in FORMATS if FORMATS[other].find(tmp_path)} == {name}
    form, sources = recognise(tmp_path)
    assert (form.name, sources) == (name, [source])
    assert recognise(source) == (form, [source])
    assert recognise(tmp_path, name) == (form, [source])


@pytest.mark.parametrize("name", FORMATS)
def test_hidden_files_and_folders_are_not_clips(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, there=True)
    visible, hidden = tmp_path / "visible", tmp_path / "visible" / "a" / ".cache" / "deep"
    visible.mkdir()
    source = MAKE[name](visible)
    hidden.mkdir(parents=True)
    for file in [path for path in visible.rglob("*") if path.is_file()]:
        file.with_name(f"._{file.name}").write_bytes(file.read_bytes())
    MAKE[name](hidden)
    assert recognise(visible, name)[1] == [source]
    shutil.rmtree(visible / "a" / ".cache")
    (tmp_path / "top").mkdir()
    hidden.mkdir(parents=True)
    MAKE[name](hidden).rename(tmp_path / "top" / ".moved")
    with pytest.raises(SkelfuseError, match="an empty folder"):
        recognise(tmp_path / "top")


def test_the_ending_of_ntus_files_may_be_in_capitals(tmp_path: Path) -> None:
    body = "1 0 0 0 0 0 0 0 0 2\n25\n" + 25 * "1 2 3 0 0 0 0 0 0 0 0 2\n"
    file = tmp_path / "S001C001P001R001A001.SKELETON"
    file.write_text("1\n1\n" + body)
    form, sources = recognise(tmp_path)
    assert (form.name, sources) == ("ntu", [file])
    (clip,) = form.read(file, ReadOptions())
    assert (clip.name, clip.label) == ("S001C001P001R001A001", "A001 drink water")


def test_other_hdf5_files_and_a_folder_of_archives_are_told(tmp_path: Path) -> None:
    other = tmp_path / "mine.h5"
    with h5py.File(other, "w") as file:
        file.attrs["format"] = "anything"
    with pytest.raises(
        SkelfuseError, match=r"mine\.h5: an HDF5 file .*expected a store, or what D"
    ):
        recognise(other)
    other.unlink()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "S001.tgz").write_text("")
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(SkelfuseError, match=r"archives, .*found S001\.tgz; unpack them"):
        recognise(tmp_path)


def test_the_pages_example_of_a_format_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parent.parent / "docs" / "formats.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```\n", page, re.DOTALL)
    (code,) = (block for block in blocks if "FORMAT = " in block)
    form = SimpleNamespace(**_run(code, tmp_path)).FORMAT
    assert isinstance(form, Format)
    assert form.name not in FORMATS
    (tmp_path / "in" / ".cache").mkdir(parents=True)
    good, bad = tmp_path / "in" / "wave_ann.arms", tmp_path / "in" / "sit_bob.ARMS"
    good.write_text("0 1 2 3 4 5\n6 7 8 9 10 11\n")
    bad.write_text("0 1 2 3 4 five\n")
    (tmp_path / "in" / ".cache" / "wave_bob.arms").write_text("")
    assert form.find(tmp_path / "in") == [bad, good]
    (clip,) = form.read(good, ReadOptions())
    assert (clip.label, clip.subject, clip.coords.shape) == ("wave", "ann", (2, 1, 2, 3))
    assert clip.coords[1, 0, 1].tolist() == [9, 10, 11]
    with pytest.raises(SkelfuseError, match=r"sit_bob\.ARMS") as error:
        list(form.read(bad, ReadOptions()))
    assert error.value.remedy


def _run(code: str, folder: Path) -> dict[str, Any]:
    file = folder / "arms.py"
    file.write_text(code)
    return runpy.run_path(str(file))


def test_what_cannot_be_recognised(tmp_path: Path) -> None:
    with pytest.raises(SkelfuseError, match="nowhere: no such file or folder"):
        recognise(tmp_path / "nowhere")
    with pytest.raises(SkelfuseError, match="an empty folder"):
        recognise(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(
        SkelfuseError,
        match=r"no format recognises it: .* '\.txt'; nearest are .*formats\.md.*need:\n  yolo: ",
    ) as told:
        recognise(tmp_path)
    assert [len(line) < 90 for line in told.value.lines] == [True] * 3
    again = pickle.loads(pickle.dumps(told.value))  # as worker processes send it
    assert str(again) == str(again.with_context(within="")) == str(told.value)
    assert str(told.value).count("\n") == 3
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "README").write_text("hello")
    with pytest.raises(SkelfuseError, match=r"without an ending; nearest .*\n  npz: an .npz with"):
        recognise(tmp_path / "more")
    with pytest.raises(SkelfuseError, match="no files of the format 'sbu'"):
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


def test_bare_arrays_beside_a_data_set_are_not_its_clips(tmp_path: Path) -> None:
    _bare(tmp_path)
    assert recognise(tmp_path)[0].name == "npy"
    clips = [_ntu(tmp_path), _ntu(tmp_path / "more")]
    assert recognise(tmp_path) == (FORMATS["ntu"], sorted(clips))
    assert recognise(tmp_path, "npy")[1] == [tmp_path / "a.npy"]


def test_a_damaged_npz_is_read_to_say_so(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(b"PK\x03\x04 and no more")
    form, sources = recognise(path)
    with pytest.raises(SkelfuseError, match=r"mine\.npz: not a \.npz file"):
        list(form.read(sources[0], ReadOptions()))
