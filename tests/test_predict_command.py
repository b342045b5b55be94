"""`skelfuse predict` on files: what it prints and writes, and what it says of bad ones."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from helpers.commands import called, ran, refused
from helpers.stick_figure import JOINTS, acted, write_npz
from skelfuse.store.opening import is_store

pytestmark = pytest.mark.training


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return a file of two clips, its joints in another order than the run's."""
    clips = [acted("wave", 60, seed=51), acted("bow", 70, seed=52)]
    file: Path = write_npz(tmp_path / "new.npz", clips, ["wave", "bow"], JOINTS[::-1])
    return file


def test_the_table_tells_each_clip(run: Path, recorded: Path) -> None:
    result = ran("predict", run, recorded, "--shares", "--persons")
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["new-00001", "joints", "decided", "person"] + [
        "new-00002",
        "joints",
        "decided",
        "person",
    ]
    assert lines[0].split()[2] == "wave"
    assert lines[4].split()[2] == "bow"
    assert all(joint in lines[1] for joint in JOINTS)


def test_json_lines_and_csv_tell_the_same(run: Path, recorded: Path) -> None:
    common = ("predict", run, recorded, "--top", 2, "--persons", "--shares")
    told = [json.loads(line) for line in called(*common, "--format", "jsonl").stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(called(*common, "--format", "csv").stdout)))
    assert [one["label"] for one in told] == [one["class"] for one in told] == ["wave", "bow"]
    assert [row["person"] for row in rows] == ["", "1", "", "1"]
    for one, row in zip(told, rows[::2], strict=True):
        assert one["file"] == row["file"] == str(recorded)
        assert one["clip"] == row["clip"]
        assert [two["class"] for two in one["top"]] == [row["class"], row["class_2"]]
        assert float(row["probability_2"]) == one["top"][1]["probability"]
        assert len(one["persons"]) == 1
        assert {joint: float(row[f"share_{joint}"]) for joint in JOINTS} == one["joints"]


def test_the_timeline_of_a_file(run: Path, tmp_path: Path) -> None:
    glued = np.concatenate([acted("wave", 150, seed=7), acted("nod", 150, seed=8)])
    file = write_npz(tmp_path / "long.npz", [glued], ["two"])
    common = ("predict", run, file, "--window", "1s", "--stride", "0.25s")
    lines = called(*common).stdout.splitlines()
    assert [lines[i].split()[-1] for i in (0, 1, -1)] == ["long-00001", "wave", "nod"]
    assert lines[1].split()[:2] == ["0.0", "-"]
    assert lines[-1].split()[2:4] == ["10.0", "s"]
    assert len(lines) < 6  # neighbours are joined
    told = [json.loads(line) for line in called(*common, "--format", "jsonl").stdout.splitlines()]
    assert [one["frames"] for one in told][:2] == [[0, 30], [8, 38]]
    assert told[1]["start"] == pytest.approx(8 / 30, abs=1e-6)
    rows = list(csv.DictReader(io.StringIO(called(*common, "--format", "csv").stdout)))
    assert [row["class"] for row in rows] == [one["class"] for one in told]
    assert [[row["start"], row["end"]] for row in rows] == [
        [str(one["start"]), str(one["end"])] for one in told
    ]
    in_frames = called("predict", run, file, "--window", "40f")
    assert in_frames.stdout.splitlines()[1].split()[-1] == "wave"


def test_joints_of_windows_are_for_programs(run: Path, recorded: Path) -> None:
    common = ("predict", run, recorded, "--window", "1s", "--shares")
    told = [json.loads(line) for line in called(*common, "--format", "jsonl").stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(called(*common, "--format", "csv").stdout)))
    assert len(told) == len(rows) > 2
    for one, row in zip(told, rows, strict=True):
        assert {joint: float(row[f"share_{joint}"]) for joint in JOINTS} == one["joints"]
    refused = called(*common)
    assert refused.exit_code == 2
    assert "--shares of windows need --format jsonl or csv" in refused.stderr


def test_bad_files_are_told_and_the_rest_goes_on(run: Path, recorded: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, coords=np.zeros((9, 17, 2)), lengths=[9], label=["wave"])
    (tmp_path / "cut.npz").write_bytes(recorded.read_bytes()[:200])
    with np.load(recorded) as held:
        arrays = dict(held)
    far = tmp_path / "far.npz"
    np.savez(far, **{**arrays, "coords": arrays["coords"] * np.float32(1e20)})
    out = tmp_path / "out.jsonl"
    files = [other, tmp_path / "cut.npz", tmp_path / "nothing.npz", far, recorded]
    result = called(*("predict", run, *files), "--format", "jsonl", "--out", out)
    assert result.exit_code == 3, result.output
    assert [json.loads(line)["class"] for line in out.read_text().splitlines()] == ["wave", "bow"]
    errors = result.stderr.splitlines()
    assert errors[0] == "4 of 5 files had a problem:"
    assert errors[-1] == f"wrote {out}"
    assert len(errors) == 7  # one for each of two clips in the last bad file
    for file, told in (
        (far, "has coordinates that no recording has: expected at most 1e+09, found"),
        (other, "has another skeleton"),
        (tmp_path / "cut.npz", "not a .npz"),
        (tmp_path / "nothing.npz", "no such file"),
    ):
        assert [line for line in errors if str(file) in line and told in line], result.stderr


def test_a_store_is_taken_as_files_are(run: Path, recorded: Path, tmp_path: Path) -> None:
    store = tmp_path / "made.h5"
    ran("preprocess", recorded, "--out", store)
    by_form = {}
    for form in ("jsonl", "json"):
        both = ran("predict", run, store, recorded, "--format", form)
        by_form[form] = both.stdout
    told = [json.loads(line) for line in by_form["jsonl"].splitlines()]
    assert json.loads(by_form["json"]) == told
    assert [one.pop("file") for one in told] == [str(store)] * 2 + [str(recorded)] * 2
    assert told[:2] == told[2:]
    other = tmp_path / "other.h5"
    other.write_bytes(b"not a store either")
    for command in ("predict", "explain"):
        assert "no format recognises it" in called(command, run, other).stderr
    other.write_bytes(store.read_bytes()[:2000])
    assert f"{other}: " in refused("predict", run, other)


def test_the_last_epoch_can_be_asked(run: Path, recorded: Path) -> None:
    ran("predict", run, recorded, "--checkpoint", "last")


def test_what_was_written_before_stays_if_nothing_comes_of_it(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "an empty folder" in refused("predict", run, empty, "--out", out)
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "out.csv"]
    assert "cannot write" in refused("predict", run, empty, "--out", out / "in" / "a.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_line(run: Path, recorded: Path) -> None:
    assert "cannot write: No space left" in refused("predict", run, recorded, "--out", "/dev/full")
    assert Path("/dev/full").is_char_device()


def test_an_unreadable_run_is_one_line(run: Path, recorded: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes((run / "best.safetensors").read_bytes()[:5000])
    for path, told in (
        (tmp_path / "none", "no such run"),
        (tmp_path, "no checkpoint in this folder"),
        (cut, "not a checkpoint, or one cut short"),
        (recorded, "not a checkpoint, or one cut short"),
    ):
        assert told in refused("predict", path, recorded)
    assert "is not there" in refused("predict", run, recorded, "--device", "cuda:77")


@pytest.mark.parametrize(
    "options",
    [
        ("--window", "2"),
        ("--stride", "1s"),
        ("--window", "2s", "--persons"),
        ("--window", "2s", "--shares"),
        ("--window", "2s", "--shares", "--format", "table"),
        ("--top", "0"),
        ("-", "--format", "json"),
        ("-", "--shares", "--format", "table"),
    ],
)
def test_a_wrong_option_is_exit_code_2(run: Path, recorded: Path, options: tuple[str, ...]) -> None:
    files = [] if "-" in options else [recorded]
    assert called("predict", run, *files, *options).exit_code == 2


def test_a_recording_in_hdf5_is_not_taken_for_a_store(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["tracks"] = np.ones((1, 2, 2, 9))
        file["node_names"] = [b"nose", b"tail"]
    assert not is_store(path)
    ran("view", path, "--out", tmp_path / "a.html")
    assert (tmp_path / "a.html").exists()
