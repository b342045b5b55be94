"""A disk that is full, and folders that may not be read or written: told, and nothing is lost."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from skelfuse.cli import main
from skelfuse.store import Store

NoRoom = Callable[[int], AbstractContextManager[None]]
QUICK = (
    "--config=generic",
    "--protocol=loso:1",
    "--device=cpu",
    "--set=model.size=nano",
    "--set=sampling.frames=16",
    "--set=train.epochs=2",
)


def called(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def told(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    lines = result.stderr.splitlines()
    assert [line for line in lines if line.startswith("Error: ")] == lines[-1:]
    return lines[-1]


@contextmanager
def bound_by_permissions() -> Iterator[None]:
    """Let the permissions of files hold for this thread, even where it is the superuser's.

    Linux lets it lay down the powers to write everywhere (CAP_DAC_OVERRIDE) and to read everywhere
    (CAP_DAC_READ_SEARCH), and take them up again.
    """
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("the superuser may read and write everywhere")
    system = ctypes.CDLL(None, use_errno=True)
    version3_of_this_thread = (ctypes.c_uint32 * 2)(0x20080522, 0)
    held = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then their upper halves
    assert system.capget(version3_of_this_thread, held) == 0
    fewer = (ctypes.c_uint32 * 6)(held[0] & ~0b110, *held[1:])
    assert system.capset(version3_of_this_thread, fewer) == 0
    try:
        yield
    finally:
        assert system.capset(version3_of_this_thread, held) == 0


@pytest.fixture(scope="module")
def whole(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a finished run."""
    out = tmp_path_factory.mktemp("whole") / "run"
    result = called("train", f"--data={store.path}", f"--out={out}", *QUICK)
    assert result.exit_code == 0, result.output
    return out


def checkpoints(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(run.glob("*.safetensors"))}


# From "not even the configuration" over records and TensorBoard's events to the last picture.
@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.3, 0.9])
def test_a_full_disk_stops_a_run_anywhere_and_it_goes_on(
    share: float, store: Store, whole: Path, tmp_path: Path, no_room_beyond: NoRoom
) -> None:
    largest = max(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    out = tmp_path / "run"
    command = ("train", f"--data={store.path}", f"--out={out}", *QUICK)
    with no_room_beyond(round(share * largest)):
        message = told(called(*command))
    assert "File too large" in message
    assert str(out) in message
    assert not list(out.glob("*.new"))  # what was half written takes no room
    again = called(*command, "--resume")
    assert again.exit_code == 0, again.output
    assert checkpoints(out) == checkpoints(whole)
    assert (out / "kernels.jsonl").read_bytes() == (whole / "kernels.jsonl").read_bytes()


def test_a_picture_that_finds_no_room_costs_nothing_else(
    store: Store, whole: Path, tmp_path: Path, no_room_beyond: NoRoom
) -> None:
    pytest.importorskip("matplotlib")
    run, out = tmp_path / "run", tmp_path / "out"
    shutil.copytree(whole, run)
    with no_room_beyond(10_000):
        message = told(called("evaluate", f"--run={run}", f"--data={store.path}", f"--out={out}"))
    assert "File too large" in message
    assert checkpoints(run) == checkpoints(whole)


def test_a_folder_without_permission_is_told(store: Store, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    for mode in (0o500, 0o000):  # not to be written to; not even to be looked into
        closed.chmod(mode)
        with bound_by_permissions():
            result = called("train", f"--data={store.path}", f"--out={closed / 'run'}", *QUICK)
        closed.chmod(0o700)
        assert "Permission denied" in told(result)
        assert str(closed / "run") in told(result)
        assert list(closed.iterdir()) == []


@pytest.mark.parametrize("command", ["train", "evaluate", "predict", "prune", "inspect-kernels"])
def test_a_run_that_may_not_be_read_is_told(
    command: str, store: Store, whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    before = checkpoints(run)
    arguments: dict[str, tuple[object, ...]] = {
        "train": (f"--data={store.path}", f"--out={run}", *QUICK, "--resume"),
        "evaluate": (f"--data={store.path}", f"--run={run}"),
        "predict": (f"--run={run}", store.path),
        "prune": (run, f"--out={tmp_path / 'small'}"),
        "inspect-kernels": (run,),
    }
    files = [*run.glob("*.safetensors")]
    for closed, mode in ((files, 0o644), ([run], 0o755)):
        for path in closed:
            path.chmod(0)
        with bound_by_permissions():
            result = called(command, *arguments[command])
        for path in closed:
            path.chmod(mode)
        message = told(result)
        assert "Permission denied" in message
        assert str(run) in message
    assert checkpoints(run) == before


def test_a_store_that_may_not_be_read_is_told(store: Store, whole: Path, tmp_path: Path) -> None:
    copy = tmp_path / "s.h5"
    shutil.copy(store.path, copy)
    copy.chmod(0)
    with bound_by_permissions():
        result = called("evaluate", f"--run={whole}", f"--data={copy}")
    assert f"{copy}: " in told(result)
    assert "Permission denied" in told(result)
