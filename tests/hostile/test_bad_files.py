"""One bad file never stops the rest, and a small file takes neither the memory nor the time."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import sys
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from skelfuse.cli import main
from skelfuse.datasets import clips
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS, recognise
from skelfuse.datasets.frame_lines import parse_line
from skelfuse.datasets.reading.json_file import check_light
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2
from skelfuse.store import Store

DRAW = np.random.default_rng(0)
GOOD = (DRAW.normal(size=(1, 25, 3)) + DRAW.normal(0, 0.01, (6, 25, 3))).astype(np.float32)
MB = 1 << 20


def called(*arguments: object) -> Result:
    if arguments[0] == "preprocess":  # noise is no body that would be guessed
        arguments += ("--skeleton", "kinect-v2")
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@contextmanager
def bounded(*, seconds: float = 5.0, bytes_: int = 400 * MB) -> Iterator[None]:
    """Fail where what is done takes more time or memory."""
    began = time.process_time()
    tracemalloc.start()
    try:
        yield
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < bytes_, f"{most / MB:.0f} MB"
    assert time.process_time() - began < seconds


def error_of(path: Path, form: str) -> SkelfuseError:
    """Return the error of a file that gives no clip."""
    found = list(clips_in(path, form, ReadOptions()))
    errors = [one for one in found if isinstance(one, SkelfuseError)]
    assert len(errors) == len(found) > 0, found
    assert str(path.parent) in str(errors[0])
    return errors[0]


def npy(header: str) -> bytes:
    """Return a .npy file of which there is nothing but the header."""
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def npy_of(descr: str, shape: str) -> bytes:
    return npy(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}")


@pytest.mark.parametrize(
    "file",
    [
        *(".", "/", "//", ".."),
        pytest.param(
            "a\0b",
            marks=pytest.mark.skipif(
                sys.version_info < (3, 11), reason="Python's csv refuses the whole table there"
            ),
        ),
    ],
)
def test_a_row_without_a_file_stops_no_other(file: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", GOOD)
    (tmp_path / "clips.csv").write_text(f"file,label\na.npy,wave\n{file},sit\na.npy,wave\n")
    found = list(clips_in(tmp_path / "clips.csv", "npy-folder", ReadOptions(skeleton=KINECT_V2)))
    assert [isinstance(one, SkelfuseError) for one in found] == [False, True, False]


@pytest.mark.parametrize(
    "text", ["name: !!timestamp x", "name: !!bool x", "name: &a [*a]", "joints: [!!int x]"]
)
def test_a_bad_skeleton_beside_clips_is_told(text: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", GOOD)
    (tmp_path / "clips.csv").write_text("file,label\na.npy,wave\n")
    (tmp_path / "skeleton.yaml").write_text(text)
    assert "skeleton.yaml" in str(error_of(tmp_path / "clips.csv", "npy-folder"))


@pytest.mark.parametrize("levels", [9, 33, 70, 5000])
def test_lists_within_lists_are_told(levels: int, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"keypoints": ' + "[" * levels + '"x"' + "]" * levels + "}")
    error_of(path, "keypoints")


def pickled(**changed: Any) -> bytes:
    one = {"frame_dir": "a", "label": 1, "total_frames": 6, "keypoint": GOOD[None], **changed}
    return pickle.dumps({"split": {}, "annotations": [one]}, protocol=4)


_NUMERIC = getattr(getattr(np, "_core", None), "numeric", None)
FROM_BUFFER: Any = getattr(_NUMERIC, "_frombuffer", None)


def reduced(dtype: str, shape: tuple[int, ...], data: bytes) -> Any:
    """Return what pickles as an array that NumPy itself would not make."""

    class Forged:
        def __reduce__(self) -> Any:
            return FROM_BUFFER, (data, np.dtype(dtype), shape, "C")

    return Forged()


PICKLES = {
    "label": pickled(label=256**2000),
    "total": pickled(total_frames=256**2000),
    "empty text": pickled(keypoint=reduced("<U0", (1, 10**9, 17, 3), b"")),
    "nothing": pickled(keypoint=reduced("<f4", (1, 0, 2**63, 3), b"")),
    "no letter": pickled(keypoint=reduced("<U1", (1, 1, 1, 1), b"\xff\xff\xff\x7f")),
}


@pytest.mark.skipif(not hasattr(np, "_core"), reason="NumPy 2 alone writes such pickles")
@pytest.mark.parametrize("name", PICKLES)
def test_a_forged_pickle_is_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(PICKLES[name])
    with bounded():
        error_of(path, "annotations")


HEAVY_JSON = {
    "lists": "[" + 4_000_000 * "[]," + "[]]",
    "names": "[" + 2_000_000 * '{"":0},' + "{}]",
}


@pytest.mark.parametrize("name", HEAVY_JSON)
def test_json_of_lists_takes_no_memory(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(f'{{"keypoints": {HEAVY_JSON[name]}}}')
    with bounded():
        assert "much more memory" in str(error_of(tmp_path / "a.json", "keypoints"))
    with pytest.raises(SkelfuseError, match="much more memory"):
        parse_line(HEAVY_JSON[name], KINECT_V2)


def test_json_of_many_coordinates_is_no_attack() -> None:
    frame = json.dumps(np.random.default_rng(0).normal(size=(25, 3)).round(3).tolist())
    points = json.dumps([{"x": 0.123456, "y": 0.654321, "z": -0.1, "visibility": 0.99}] * 33)
    pixels = json.dumps([[412, 288]] * 17, separators=(",", ":"))
    for one in (frame, points, pixels):
        check_light("[" + ",".join([one] * (20_000_000 // len(one))) + "]")


HEAVY_PICKLES = {
    "lists": 2_000_000 * b"]",
    "names": 2_000_000 * b"}",
    "marks": 2_000_000 * b"(",
    "pairs": 2_000_000 * b"N\x85",
    "remembered": b"N" + 2_000_000 * b"\x94",
}


@pytest.mark.long
@pytest.mark.parametrize("name", HEAVY_PICKLES)
def test_a_pickle_of_lists_takes_no_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x04" + HEAVY_PICKLES[name] + b".")
    with bounded(seconds=20):  # to count each costs most of it
        assert "much more memory" in str(error_of(path, "annotations"))


@pytest.mark.slow
def test_lists_within_lists_a_billion_times_are_told_at_once(tmp_path: Path) -> None:
    clip: Any = ["a"]
    for _ in range(9):
        clip = [clip] * 10
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"split": {"train": [clip]}, "annotations": [{}]}))
    with bounded():
        assert "lists what is no name" in str(error_of(path, "annotations"))


def test_letters_that_are_none_are_told(tmp_path: Path) -> None:
    names = np.frombuffer(b"\0\0\x11\0" * 2, dtype="<U1")
    np.savez(tmp_path / "a.npz", coords=GOOD, lengths=[3, 3], name=names)
    assert "invalid characters" in str(error_of(tmp_path / "a.npz", "npz"))


@pytest.mark.parametrize("kind", [ValueError, MemoryError, RecursionError, AssertionError])
def test_whatever_a_reader_raises_is_its_files_error(
    kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, out = tmp_path / "raw", tmp_path / "s.h5"
    raw.mkdir()
    for name in "abc":
        np.save(raw / f"{name}.npy", GOOD)

    def read(path: Path, options: ReadOptions) -> Iterator[Any]:
        if path.stem == "b":
            raise kind("what nobody has thought of")
        return own.read(path, options)

    own = FORMATS["npy"]
    odd = type(own)(own.name, own.title, own.find, read)
    monkeypatch.setattr(clips, "FORMATS", {"npy": odd})
    for options in ((), ("--resume",)):
        result = called("preprocess", raw, "--out", out, *options)
        assert result.exit_code in (0, 3), result.output
        assert Store(out).names == ["a", "c"]
        assert f"{raw / 'b.npy'}: cannot be read" in result.stderr


def zipped(**arrays: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", array)
    return content.getvalue()


def saved(array: Any) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


@pytest.mark.slow
def test_an_archive_that_would_grow_is_refused_before_it_does(tmp_path: Path) -> None:
    path, coords, one = tmp_path / "a.npz", saved(GOOD), saved(np.array([6]))
    many = npy_of("|i1", "(30000000,)") + bytes(30_000_000)
    bombs: dict[str, bytes] = {
        "labels": zipped(coords=coords, lengths=one, label=many),
        "lengths": zipped(coords=coords, lengths=many),
        "classes": zipped(
            coords=coords,
            lengths=one,
            label=one,
            class_names=npy_of("|S1", "(30000000,)") + bytes(30_000_000),
        ),
        "coords": zipped(
            coords=npy_of("|u1", "(400000, 25, 3)") + bytes(30_000_000),
            lengths=saved(np.array([400_000])),
        ),
    }
    for name, bomb in bombs.items():
        assert len(bomb) < 500_000
        path.write_bytes(bomb)
        with bounded(bytes_=100 * MB):
            error = error_of(path, "npz")
        assert "more elements than there can be" in str(error) or "would grow" in str(error), name


def variable(name: bytes, kind: int, storage: int, size: int, content: bytes) -> bytes:
    """Return a compressed variable of a MATLAB file."""
    padded = name.ljust(-(-len(name) // 8) * 8, b"\0")
    inside = struct.pack("<IIII", 6, 8, kind, 0) + struct.pack("<IIii", 5, 8, 1, size)
    inside += struct.pack("<II", 1, len(name)) + padded + struct.pack("<II", storage, len(content))
    inside += content.ljust(-(-len(content) // 8) * 8, b"\0")
    packed = zlib.compress(struct.pack("<II", 14, len(inside)) + inside)
    return struct.pack("<II", 15, len(packed)) + packed


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


@pytest.mark.slow
def test_unasked_variables_of_a_matlab_file_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a1_s1_t1_skeleton.mat"
    waste = variable(b"waste", 9, 2, 50_000_000, bytes(50_000_000))
    path.write_bytes(HEADER + waste * 100)
    with bounded(seconds=2, bytes_=20 * MB):
        error_of(path, "utd-mhad")
    path.write_bytes(HEADER + variable(b"d_skel", 4, 16, 30_000_000, b"a" * 30_000_000))
    with bounded(bytes_=100 * MB):
        assert "a text of" in str(error_of(path, "utd-mhad"))


@pytest.mark.parametrize("start", [b"MATLAB 7.3 MAT-file", b"\x89HDF\r\n\x1a\n"])
def test_matlab_7_3_is_told_how_to_be_saved(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a1_s1_t1_skeleton.mat"
    path.write_bytes(start.ljust(600, b"\0"))
    assert "'-v7'" in str(error_of(path, "utd-mhad"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs files with holes")
def test_a_file_of_holes_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        file.write(npy_of("<f4", "(100000000, 25, 3)"))
        file.truncate(file.tell() + 4 * 100_000_000 * 75)
    with bounded(bytes_=20 * MB):
        assert "holes" in str(error_of(path, "npy"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_pipes_and_devices_among_the_files_are_told(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "s.h5"
    raw.mkdir()
    np.save(raw / "a.npy", GOOD)
    os.mkfifo(raw / "b.npy")
    (raw / "c.npy").symlink_to("/dev/zero")
    with bounded():
        result = called("preprocess", raw, "--out", out)
    assert Store(out).names == ["a"], result.output
    for name in "bc":
        assert f"{raw / name}.npy: not a file" in result.stderr
    for name in ("a.json", "a.npz", "a.pkl"):  # what has to be looked into to be known
        os.mkfifo(tmp_path / name)
        with bounded(), pytest.raises(SkelfuseError):
            recognise(tmp_path / name)
    (tmp_path / "raw" / "c.json").write_text(json.dumps({"keypoints": GOOD.tolist()}))
    os.mkfifo(tmp_path / "raw" / "d.json")
    with bounded():
        assert [form.name for form in [recognise(raw)[0]]] == ["keypoints"]


def test_thousands_of_people_of_a_frame_each_take_no_memory(tmp_path: Path) -> None:
    table = "track,frame_idx,instance.score,nose.x,nose.y,nose.score,tail.x,tail.y,tail.score\n"
    rows = [f"track_{t},{t},1,{t},2,1,3,4,1\n" for t in range(2000)]
    (tmp_path / "a.csv").write_text(table + "".join(rows))
    with bounded(bytes_=40 * MB):
        (clip,) = clips_in(tmp_path / "a.csv", "sleap-csv", ReadOptions())
    assert not isinstance(clip, SkelfuseError)
    assert clip.coords.shape == (2000, 2, 2, 2)


def test_a_crowd_in_one_frame_of_many_takes_no_memory(tmp_path: Path) -> None:
    def words(*texts: str) -> bytes:
        return b"".join(struct.pack("<H", len(text)) + text.encode() for text in texts)

    head = struct.pack("<fHHHH", 0.0, 9, 9, 0, 1) + words("POSE", "XYC")
    head += struct.pack("<HHH", 2, 0, 0) + words("nose", "neck")
    person = struct.pack("<h", -1) + struct.pack("<6f", 1, 2, 0.9, 3, 4, 0.9)
    frames = struct.pack("<H", 2000) + person * 2000 + struct.pack("<H", 0) * 5000
    (tmp_path / "a.pose").write_bytes(head + struct.pack("<HH", 25, 5001) + frames)
    with bounded(bytes_=40 * MB):
        (clip,) = clips_in(tmp_path / "a.pose", "pose", ReadOptions())
    assert not isinstance(clip, SkelfuseError)
    assert clip.coords.shape == (5001, 2, 2, 2)
