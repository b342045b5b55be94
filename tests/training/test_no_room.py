"""A disk that is full, and folders that may not be read or written: told, and nothing is lost."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from helpers.anyone import as_anyone
from helpers.commands import called, ran
from helpers.full_disk import no_room_beyond
from skelfuse.store import Store

ARM, BONES = ["shoulder", "elbow", "hand"], [["elbow", "shoulder"], ["hand", "elbow"]]
QUICK = (
    "--config=generic",
    "--protocol=loso:1",
    "--device=cpu",
    "--set=model.size=nano",
    "--set=sampling.frames=16",
    "--set=train.epochs=2",
)


def told(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), result.exception
    lines = result.stderr.splitlines()
    assert [line for line in lines if line.startswith("Error: ")] == lines[-1:]
    return lines[-1]


def record(path: Path) -> None:
    """Write a clip of the body that the run knows."""
    coords = np.random.default_rng(0).normal(size=(20, 3, 3))
    np.savez(path, coords=coords, lengths=[20], joint_names=ARM, bones=BONES)


def called_by_anyone(*arguments: object) -> Result:
    """Call a command so that the permissions of files hold."""
    result: Result = as_anyone(called, *arguments)
    return result


@pytest.fixture(scope="module")
def whole(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a finished run."""
    out = tmp_path_factory.mktemp("whole") / "run"
    ran("train", f"--data={store.path}", f"--out={out}", *QUICK)
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    return out


def checkpoints(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(run.glob("*.safetensors"))}


pytestmark = [pytest.mark.curves, pytest.mark.training]  # the largest of a run's files


# From "not even the configuration" over records and TensorBoard's events to the last picture.
@pytest.mark.long
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_full_disk_stops_a_run_anywhere_and_it_goes_on(
    share: float, store: Store, whole: Path, tmp_path: Path
) -> None:
    largest = max(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    out = tmp_path / "run"
    command = ("train", f"--data={store.path}", f"--out={out}", *QUICK)
    with no_room_beyond(round(share * largest)):
        message = told(called(*command))
    assert "File too large" in message
    assert str(out) in message
    assert not list(out.glob(".*.new"))  # what was half written takes no room
    out.mkdir(exist_ok=True)
    left = out / ".last.safetensors.0123456789abcdef.new"
    left.write_bytes(b"what a killed run leaves")
    ran(*command, "--resume")
    assert not left.exists()
    assert checkpoints(out) == checkpoints(whole)
    assert (out / "kernels.jsonl").read_bytes() == (whole / "kernels.jsonl").read_bytes()


def test_a_picture_that_finds_no_room_costs_nothing_else(
    store: Store, whole: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    run, out = tmp_path / "run", tmp_path / "out"
    shutil.copytree(whole, run)
    with no_room_beyond(10_000):
        message = told(called("evaluate", run, f"--data={store.path}", f"--out={out}"))
    assert "File too large" in message
    assert checkpoints(run) == checkpoints(whole)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.long
def test_an_evaluation_takes_the_place_of_an_old_one_as_a_whole(
    store: Store, whole: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    run, out = tmp_path / "run", tmp_path / "out"
    shutil.copytree(whole, run)
    command = ("evaluate", run, f"--data={store.path}", f"--out={out}")
    ran(*command)
    new = contents(out)
    assert len(new) == 5
    old = dict.fromkeys(new, b"old")
    for name, content in old.items():
        (out / name).write_bytes(content)
    *others, picture = sorted(map(len, new.values()))
    assert others[-1] < len(new["confusion.png"]) == picture
    for size in (0, others[1], picture - 1):
        with no_room_beyond(size):
            message = told(called(*command))
        assert f"{out}: cannot write the evaluation: File too large; make room" in message
        assert contents(out) == old
    ran(*command)
    assert contents(out).keys() == new.keys()
    assert not any(content == b"old" for content in contents(out).values())


@pytest.mark.long
@pytest.mark.parametrize("option", ["--html=a.html", "--out=a.txt", "--plot=a.png"])
def test_pictures_and_pages_take_the_place_of_old_ones_when_whole(
    option: str, whole: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    name = option.partition("=")[2]
    file, out = tmp_path / "new.npz", tmp_path / "out"
    record(file)
    command = ("explain", whole, file, option.replace(name, str(out / name)))
    out.mkdir()
    (tmp_path / "real").write_bytes(b"old")
    (out / name).symlink_to(tmp_path / "real")
    for size in (0, 3000):
        with no_room_beyond(size):
            message = told(called(*command))
        assert re.search(rf"{out / name}: cannot write the \w+: File too large; make room", message)
        assert contents(out) == {name: b"old"}
    ran(*command)
    assert (out / name).is_symlink()
    assert [*contents(out)] == [name]
    assert len((tmp_path / "real").read_bytes()) > 3000
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".new"]


def test_a_folder_without_permission_is_told(store: Store, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    for mode in (0o500, 0o000):  # not to be written to; not even to be looked into
        closed.chmod(mode)
        command = ("train", f"--data={store.path}", f"--out={closed / 'run'}", *QUICK)
        result = called_by_anyone(*command)
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
        "evaluate": (run, f"--data={store.path}"),
        "predict": (run, store.path),
        "prune": (run, f"--out={tmp_path / 'small'}"),
        "inspect-kernels": (run,),
    }
    files = [*run.glob("*.safetensors")]
    for closed, mode in ((files, 0o644), ([run], 0o755)):
        for path in closed:
            path.chmod(0)
        result = called_by_anyone(command, *arguments[command])
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
    result = called_by_anyone("evaluate", whole, f"--data={copy}")
    assert f"{copy}: " in told(result)
    assert "Permission denied" in told(result)


# What is recognised by its name alone, what has to be opened to know its format, and many files.
@pytest.mark.parametrize("name", ["a.npz", "a.skeleton", "a.mat", "folder"])
def test_one_file_that_may_not_be_read_stops_no_other(
    name: str, whole: Path, tmp_path: Path
) -> None:
    good, closed = [tmp_path / "good.npz", tmp_path / "fine.npz"], tmp_path / name
    for path in good:
        record(path)
    closed.mkdir() if name == "folder" else closed.write_bytes(good[0].read_bytes())
    closed.chmod(0)
    result = called_by_anyone("predict", whole, good[0], closed, good[1])
    closed.chmod(0o700)
    assert result.exit_code == 3, result.output
    told_of = [line.split()[0] for line in result.stdout.splitlines()]
    assert told_of == ["good-00001", "fine-00001"]
    heading, problem = result.stderr.splitlines()
    assert heading == "1 of 3 files had a problem:"
    assert f"{closed}: " in problem
    assert "Permission denied" in problem
