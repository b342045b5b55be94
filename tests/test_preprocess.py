"""`skelfuse preprocess` through the command itself, also fed with bad files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import called, ran, refused
from skelfuse.datasets.synth.dataset import plan_clips, write_dataset
from skelfuse.datasets.synth.sensor import render
from skelfuse.store import Store

CLIPS, CLASSES = 40, 4


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of synthetic NTU files with every sensor fault."""
    folder = tmp_path_factory.mktemp("raw")
    write_dataset(folder, clips=CLIPS, classes=CLASSES, seed=3)
    return folder


def copied(raw: Path, to: Path, count: int = 4) -> list[Path]:
    to.mkdir()
    files = sorted(raw.glob("*.skeleton"))[:count]
    for file in files:
        (to / file.name).write_bytes(file.read_bytes())
    return [to / file.name for file in files]


@pytest.mark.long
@pytest.mark.slow
def test_what_was_made_is_what_is_stored(tmp_path: Path) -> None:
    write_dataset(tmp_path / "raw", clips=60, classes=20, seed=1, noise=0)
    ran("preprocess", tmp_path / "raw", "--out", tmp_path / "s.h5", "--no-filters")
    store = Store(tmp_path / "s.h5")
    plans = {plan.name: plan for plan in plan_clips(60, 20, seed=1)}
    assert sorted(store.names) == sorted(plans)
    persons = set()
    for clip in store:
        plan = plans[clip.name]
        truth = render(plan, noise=0).truth  # [T,M,25,3]
        persons.add(clip.persons)
        assert clip.coords.shape == truth.shape
        # People are stored most active first: match them by where they are.
        order = [
            int(np.abs(truth - clip.coords[:, m : m + 1]).sum(axis=(0, 2, 3)).argmin())
            for m in range(clip.persons)
        ]
        assert sorted(order) == list(range(clip.persons))
        np.testing.assert_allclose(clip.coords, truth[:, order], rtol=2e-6, atol=1e-7)
        assert (clip.subject, clip.camera) == (str(plan.subject), str(plan.camera))
        assert (clip.setup, clip.replication) == (str(plan.setup), str(plan.replication))
        assert clip.label == f"A{plan.number:03d} {plan.action}"
        assert clip.fps == 30
    assert persons == {1, 2}


@pytest.mark.long
@pytest.mark.process
def test_processes_change_nothing(raw: Path, tmp_path: Path) -> None:
    for jobs in (1, 2):
        ran("preprocess", raw, "--out", tmp_path / f"{jobs}.h5", "--jobs", jobs)
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()
    assert len(Store(tmp_path / "1.h5")) == CLIPS


def lines_of(file: Path) -> list[bytes]:
    return file.read_bytes().split(b"\r\n")


def broken(at: int, text: bytes) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        lines = lines_of(file)
        lines[at - 1] = text
        file.write_bytes(b"\r\n".join(lines))

    return spoil


def cut(file: Path) -> None:
    file.write_bytes(b"\r\n".join(lines_of(file)[:40]))


def renamed(file: Path) -> None:
    file.rename(file.with_name("holiday.skeleton"))


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def nobody(file: Path) -> None:
    file.write_bytes(b"3\r\n0\r\n0\r\n0\r\n")


BAD_FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut short": (cut, "the file ends too early: expected"),
    "wrong joint count": (broken(4, b"24"), "line 4"),
    "text for a number": (broken(5, b"left " + b"0 " * 10 + b"2"), "line 5"),
    "NaN": (broken(5, b"NaN " + b"0 " * 10 + b"2"), "line 5"),
    "infinity": (broken(5, b"inf " + b"0 " * 10 + b"2"), "line 5"),
    "far away": (broken(5, b"1e9 " + b"0 " * 10 + b"2"), "line 5"),
    "absurd frame count": (broken(1, b"999999999999"), "999999999999 whole frames"),
    "nobody": (nobody, "no body"),
    "not NTU's name": (renamed, "holiday"),
    "empty": (emptied, "empty"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_told_and_the_rest_goes_on(raw: Path, tmp_path: Path, kind: str) -> None:
    spoil, told = BAD_FILES[kind]
    bad = copied(raw, tmp_path / "in")[1]
    spoil(bad)
    out, report = tmp_path / "s.h5", tmp_path / "r.json"
    result = called("preprocess", tmp_path / "in", "--out", out, "--report", report)
    assert result.exit_code == 3, result.output
    assert len(Store(out)) == 3
    assert told in result.stderr
    (problem,) = json.loads(report.read_text())["problems"]
    assert problem["message"] in result.stderr
    assert Path(problem["file"]).name in (bad.name, "holiday.skeleton")
    assert "\n" not in problem["message"]

    assert told in refused("preprocess", tmp_path / "in", "--out", tmp_path / "t.h5", "--strict")
    assert not (tmp_path / "t.h5").exists()


def test_strict_stops_at_the_first_bad_file(raw: Path, tmp_path: Path) -> None:
    first, second, third, last = copied(raw, tmp_path / "in")
    emptied(second)
    cut(third)
    report = tmp_path / "r.json"
    options = ("--out", tmp_path / "s.h5", "--strict", "--report", report)
    assert second.name in refused("preprocess", tmp_path / "in", *options)
    sources = json.loads(report.read_text())["sources"]
    assert [source["source"] for source in sources] == [first.name, second.name]
    assert not (tmp_path / "s.h5").exists()
    second.write_bytes(last.read_bytes())
    assert third.name in refused("preprocess", tmp_path / "in", *options, "--resume")


def test_a_name_that_comes_twice_is_kept_once(raw: Path, tmp_path: Path) -> None:
    first, other = copied(raw, tmp_path / "a", count=2)
    (again,) = copied(raw, tmp_path / "b", count=1)
    again.write_bytes(other.read_bytes())  # the same name, another motion
    out, report = tmp_path / "s.h5", tmp_path / "r.json"
    result = called("preprocess", first.parent, again.parent, "--out", out, "--report", report)
    assert result.exit_code == 3
    told = f"{again}: a clip named '{first.stem}' is there already: found the first one in {first};"
    assert told in result.stderr
    assert "1 of 3 files had a problem" in result.stderr
    (problem,) = json.loads(report.read_text())["problems"]
    assert (problem["file"], problem["line"]) == (str(again), None)
    assert problem["message"].startswith(told)
    store = Store(out)
    assert store.names == [first.stem, other.stem]
    called("preprocess", first, "--out", tmp_path / "first.h5")
    assert store.digests[0] == Store(tmp_path / "first.h5").digests[0]


def test_one_bad_clip_does_not_cost_its_neighbours(tmp_path: Path) -> None:
    coords = np.zeros((12, 17, 2), np.float32)
    coords[4:8] = np.inf  # the second clip of three
    coords[8:] = np.nan  # and nobody in the third
    np.savez(tmp_path / "x.npz", coords=coords, lengths=[4, 4, 4], label=["a", "b", "c"])
    result = called("preprocess", tmp_path / "x.npz", "--out", tmp_path / "s.h5")
    assert result.exit_code == 3, result.output
    assert len(Store(tmp_path / "s.h5")) == 1
    assert "infinite" in result.stderr
    assert "shows nobody" in result.stderr
    assert "1 of 1 files had a problem" in result.stderr


def test_nothing_usable_leaves_the_old_store(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.h5"
    files = copied(raw, tmp_path / "in", count=2)
    ran("preprocess", tmp_path / "in", "--out", out)
    before = out.read_bytes()
    for file in files:
        cut(file)
    assert "none of the 2 files gave a clip" in refused("preprocess", tmp_path / "in", "--out", out)
    assert out.read_bytes() == before


def test_inputs_that_are_not_there_or_empty(tmp_path: Path) -> None:
    (tmp_path / "blank").mkdir()
    for name, told in (("gone", "no such file or folder"), ("blank", "an empty folder")):
        line = refused("preprocess", tmp_path / name, "--out", tmp_path / "s.h5")
        assert line.startswith(f"Error: {tmp_path / name}: {told}; ")
        assert list(tmp_path.iterdir()) == [tmp_path / "blank"]


def test_align_and_scale_are_options_and_are_remembered(raw: Path, tmp_path: Path) -> None:
    copied(raw, tmp_path / "in")
    out = tmp_path / "s.h5"
    ran("preprocess", tmp_path / "in", "--out", out, "--align", "--scale")
    store = Store(out)
    assert store.provenance.align is True
    clip = store[0]
    left, right = (clip.skeleton.index(joint) for joint in clip.skeleton.hips)
    across = clip.coords[0, 0, left] - clip.coords[0, 0, right]
    assert abs(across[0]) > 5 * np.abs(across[1:]).max()  # the hips lie along x
    assert clip.notes
