"""`skelfuse preprocess`, killed or interrupted midway: nothing lost, nothing left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.commands import ran
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.store import Store

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parent.parent
CLASSES = 4


def start(raw: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "skelfuse.cli", "preprocess", str(raw), "--out", str(out)]
    # Whoever runs the tests in the background has them ignore interrupts, and what they start.
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [*command, "--jobs", "2"], cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True
        )
    finally:
        signal.signal(signal.SIGINT, heard)


def wait_for_journal(out: Path, lines: int) -> None:
    journal = out.with_name(out.name + ".partial") / "journal"
    for _ in range(2000):
        if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.005)
    raise AssertionError("preprocess did not start to write")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return enough files that a kill hits the middle of the work."""
    folder = tmp_path_factory.mktemp("many")
    write_dataset(folder, clips=160, classes=CLASSES, seed=4, jobs=2)
    return folder


@pytest.mark.long
def test_killed_in_the_middle_and_resumed_is_as_if_never_killed(many: Path, tmp_path: Path) -> None:
    ran("preprocess", many, "--out", tmp_path / "whole.h5")
    out = tmp_path / "s.h5"
    ran("preprocess", next(many.glob("*.skeleton")), "--out", out)
    older = out.read_bytes()
    process = start(many, out)
    wait_for_journal(out, lines=60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert out.read_bytes() == older
    ran("preprocess", many, "--out", out, "--resume")
    assert out.read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.h5", "whole.h5"]


@pytest.mark.long
def test_an_interrupt_ends_it_cleanly(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.h5"
    process = start(many, out)
    wait_for_journal(out, lines=20)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"--resume" in told
    assert b"Traceback" not in told
    assert not out.exists()
    ran("preprocess", many, "--out", out, "--resume")
    assert len(Store(out)) == 160


@pytest.mark.long
def test_a_request_to_terminate_ends_it_cleanly(many: Path, tmp_path: Path) -> None:
    process = start(many, tmp_path / "s.h5")
    wait_for_journal(tmp_path / "s.h5", lines=20)
    process.terminate()
    _, told = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert told == b""  # no word of leaked semaphores either
    ran("preprocess", many, "--out", tmp_path / "s.h5", "--resume")


def workers_of(session: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:4]
        except OSError:
            continue  # it ended while we looked
        if int(of) == session and state != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_no_worker_outlives_a_killed_parent(many: Path, tmp_path: Path) -> None:
    process = start(many, tmp_path / "s.h5")
    wait_for_journal(tmp_path / "s.h5", lines=20)
    assert len(workers_of(process.pid)) > 1
    process.kill()
    process.wait()
    assert process.stderr is not None
    process.stderr.close()
    for _ in range(500):
        if not workers_of(process.pid):
            return
        time.sleep(0.01)
    raise AssertionError("workers live on")
