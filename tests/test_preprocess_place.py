"""`skelfuse preprocess` writes where nothing is lost by it, and one run at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from helpers.commands import called, ran, refused
from helpers.full_disk import no_room_beyond
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.store import Store
from skelfuse.store.place import Place

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parent.parent
CLIPS = 6


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    write_dataset(folder, clips=CLIPS, classes=3, seed=3)
    return folder


@pytest.fixture
def another_run(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Hold the place of `s.h5` in another process."""
    script = (
        "import sys; from pathlib import Path; from skelfuse.store.place import Place\n"
        "place = Place(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "s.h5")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="no flock there")
def test_a_store_has_one_writer(
    raw: Path, tmp_path: Path, another_run: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "s.h5.partial" / "journal").write_text("what the other run has done\n")
    for options in ((), ("--resume",)):
        told = refused("preprocess", raw, "--out", tmp_path / "s.h5", *options)
        assert "another run is writing this store; wait until" in told
    journal = tmp_path / "s.h5.partial" / "journal"
    assert journal.read_text() == "what the other run has done\n"
    ran("preprocess", raw, "--out", tmp_path / "other.h5")
    os.kill(another_run.pid, signal.SIGKILL)  # the lock goes with the process
    another_run.wait()
    ran("preprocess", raw, "--out", tmp_path / "s.h5")
    assert (tmp_path / "s.h5").read_bytes() == (tmp_path / "other.h5").read_bytes()


def test_runs_at_one_moment_give_one_whole_store(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.h5"
    command = [sys.executable, "-m", "skelfuse.cli", "preprocess", str(raw), "--out", str(out)]
    runs = [
        subprocess.Popen(
            [*command, "--jobs", "1"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    ends = [(one.communicate()[1], one.returncode) for one in runs]
    assert 0 in [code for _, code in ends]
    for told, code in ends:
        assert code == 0 or b"another run is writing this store" in told
    ran("info", out, "--verify")
    assert len(Store(out)) == CLIPS
    assert list(tmp_path.iterdir()) == [out]


def test_a_place_is_free_again_when_it_was_left(tmp_path: Path) -> None:
    Place(tmp_path / "s.h5").leave()
    Place(tmp_path / "s.h5").remove()
    assert list(tmp_path.iterdir()) == []


def test_nothing_but_a_store_is_replaced_by_one(raw: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "precious.npz", x=[1])
    (tmp_path / "notes.h5").write_text("mine")
    source = next(raw.glob("*.skeleton"))
    for path in (tmp_path / "precious.npz", tmp_path / "notes.h5", source):
        before = path.read_bytes()
        assert "there is a file already, and it is no store" in refused(
            "preprocess", raw, "--out", path
        )
        assert path.read_bytes() == before
        assert not path.with_name(path.name + ".partial").exists()
    out = tmp_path / "s.h5"
    out.touch()  # as mktemp makes it
    ran("preprocess", raw, "--out", out)
    whole = out.read_bytes()
    for damaged in (whole[:3000], whole[:1000] + b"\xff" * 50 + whole[1050:], whole):
        out.write_bytes(damaged)  # what a store's own message says: make it anew
        ran("preprocess", raw, "--out", out)
        assert out.read_bytes() == whole


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names there")
def test_what_is_no_file_is_not_replaced(raw: Path, tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "gone")
    for path in (pipe, link):
        assert "it is no store" in refused("preprocess", raw, "--out", path)
    assert pipe.is_fifo()
    assert link.is_symlink()


def test_a_folder_of_somebody_else_stays(raw: Path, tmp_path: Path) -> None:
    mine = tmp_path / "s.h5.partial"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    told = refused("preprocess", raw, "--out", tmp_path / "s.h5")
    assert "there is something else in it: found thesis.txt; move it away" in told
    (mine / "thesis.txt").rename(mine / "journal")  # one of our names does not make it ours
    assert "found journal" in refused("preprocess", raw, "--out", tmp_path / "s.h5")
    assert [file.read_text() for file in mine.iterdir()] == ["years of work"]


def test_a_report_replaces_a_report_alone(raw: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "s.h5", tmp_path / "r.json"
    assert "would replace the store" in refused("preprocess", raw, "--out", out, "--report", out)
    report.write_text('{"learning rate": 0.1}')
    told = refused("preprocess", raw, "--out", out, "--report", report)
    assert "it is not a report of preprocess; give the report another name" in told
    assert report.read_text() == '{"learning rate": 0.1}'
    source = next(raw.glob("*.skeleton"))
    assert "it is not a report" in refused("preprocess", raw, "--out", out, "--report", source)
    assert not out.exists()
    report.unlink()
    for _ in range(2):
        ran("preprocess", raw, "--out", out, "--report", report)
        assert len(json.loads(report.read_text())["sources"]) == CLIPS


def test_a_report_that_cannot_be_written_is_told_before_the_work(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = refused(
        "preprocess", raw, "--out", tmp_path / "s.h5", "--report", tmp_path / "file" / "r.json"
    )
    assert "cannot write the report" in told
    assert not (tmp_path / "s.h5").exists()
    report = tmp_path / "new" / "folder" / "r.json"
    ran("preprocess", raw, "--out", tmp_path / "s.h5", "--report", report)
    assert json.loads(report.read_text())["store"] == str(tmp_path / "s.h5")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk, as Linux offers it")
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.95, 1.0])
def test_a_full_disk_ends_in_one_line_and_resume_goes_on(
    share: float, raw: Path, tmp_path: Path
) -> None:
    whole, out = tmp_path / "whole.h5", tmp_path / "s.h5"
    call = ("preprocess", raw, "--jobs", 1, "--out")
    ran(*call, whole)
    coords = sum(Store(whole).coords(i).nbytes for i in range(CLIPS))
    out.write_bytes(old := whole.read_bytes()[:-100])
    # at the end there is room for the coordinates, and none for the store that is made of them
    with no_room_beyond(1000 + round(share * coords)):
        told = refused("preprocess", raw, "--jobs", 1, "--out", out)
    assert f"{out}.partial: cannot write the store: " in told
    assert told.endswith("; make room, then go on with --resume")
    assert out.read_bytes() == old
    ran(*call, out, "--resume")
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.h5", "whole.h5"]


def test_a_full_disk_costs_the_report_and_not_the_summary(raw: Path, tmp_path: Path) -> None:
    result = called("preprocess", raw, "--out", tmp_path / "s.h5", "--report", "/dev/full")
    assert result.exit_code == 1
    assert "cannot write the report: No space left" in result.stderr
    assert f"{CLIPS} clips of" in result.stdout
