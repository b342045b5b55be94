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
import pytest

from helpers.recording_writers import as_text
from helpers.small_files import FILES
from helpers.video_extra import pretend
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.formats import FORMATS, recognise
from skelfuse.errors import SkelfuseError


def _whole(form: str) -> Callable[[Path], Path]:
    write, content = FILES[form][0]
    return lambda folder: write(folder, content)


MAKE = {form: _whole(form) for form in FILES}
MAKE["video"] = lambda folder: as_text("walk/a.mp4")(folder, "")
_ntu, _npz, _bare = (_whole(form) for form in ("ntu", "npz", "npy"))


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
    with pytest.raises(SkelfuseError, match="not six numbers in every line") as error:
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
    for name in ("set.tar.xz", "set.zip"):
        (tmp_path / name).write_text("")
        with pytest.raises(SkelfuseError, match="an archive; unpack it"):
            recognise(tmp_path / name)
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
