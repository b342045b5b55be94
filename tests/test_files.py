"""Files that are replaced: whole or not at all, whatever stands at their places."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from skelfuse.errors import SkelfuseError
from skelfuse.files import atomic_write, is_leftover, remove_leftovers
from skelfuse.telling.picture import new_picture, write_picture


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_none_is_replaced_before_all_are_written(tmp_path: Path) -> None:
    old, fresh = tmp_path / "a.txt", tmp_path / "b.txt"
    old.write_text("old")
    with ExitStack() as files:
        for path in (old, fresh):
            files.enter_context(atomic_write(path)).write_text("new")
        assert old.read_text() == "old"
        assert not fresh.exists()
    assert [old.read_text(), fresh.read_text()] == ["new", "new"]
    assert names(tmp_path) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("reason", [OSError, KeyboardInterrupt, ValueError])
def test_whatever_stops_it_leaves_all_as_it_was(
    reason: type[BaseException], tmp_path: Path
) -> None:
    old, fresh = tmp_path / "a.txt", tmp_path / "b.txt"
    old.write_text("old")

    def stopped() -> None:
        with atomic_write(old) as first, atomic_write(fresh) as second:
            first.write_text("new")
            second.write_text("half")
            raise reason

    with pytest.raises(reason):
        stopped()
    assert old.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_two_writers_at_once_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    meeting = threading.Barrier(2)

    def write(letter: str) -> None:
        with atomic_write(path) as new, new.open("w") as file:
            for _ in range(20):
                meeting.wait(10)
                file.write(f"{letter}\n")
                file.flush()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, "ab"))
    assert path.read_text() in ("a\n" * 20, "b\n" * 20)
    assert names(tmp_path) == ["a.txt"]


def test_what_lies_beside_is_never_written_to(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("years of work")
    for ending in (".new", ".partial", ".tmp"):
        (tmp_path / f"a.txt{ending}").symlink_to(mine)
    with atomic_write(tmp_path / "a.txt") as new:
        new.write_text("new")
    assert mine.read_text() == "years of work"
    assert len(names(tmp_path)) == 5


def test_a_link_stays_one_and_a_folder_is_refused(tmp_path: Path) -> None:
    real, link, folder = tmp_path / "real", tmp_path / "link", tmp_path / "folder"
    real.write_text("old")
    link.symlink_to(real)
    folder.mkdir()
    with atomic_write(link) as new:
        new.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    with pytest.raises(IsADirectoryError), atomic_write(folder):
        pytest.fail("nothing needs to be written then")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(OSError, match="symbolic links"), atomic_write(tmp_path / "circle"):
        pytest.fail("nothing needs to be written then")


@pytest.mark.skipif(os.name == "nt", reason="no such permissions there")
def test_permissions_are_kept_and_new_files_have_the_usual_ones(tmp_path: Path) -> None:
    old, fresh, usual = tmp_path / "old", tmp_path / "fresh", tmp_path / "usual"
    usual.touch()
    for mode in (0o600, 0o640, 0o444):
        old.touch()
        old.chmod(mode)
        with atomic_write(old) as new:
            assert not stat.S_IMODE(new.stat().st_mode) & 0o077 & ~mode  # not even meanwhile
            new.write_text("secret")
        assert stat.S_IMODE(old.stat().st_mode) == mode
    with atomic_write(fresh) as new:
        new.write_text("public")
    assert fresh.stat().st_mode == usual.stat().st_mode


def test_a_name_of_the_greatest_length_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    with atomic_write(path) as new:
        new.write_text("new")
    assert names(tmp_path) == [path.name]


def test_what_a_killed_writer_left_is_known_and_removed(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.txt") as new:
        left = new.name
    (tmp_path / left).write_text("half")
    (tmp_path / "mine.new").write_text("mine")
    assert is_leftover(left)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["a.txt", "mine.new"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe, came = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: came.append(pipe.read_text()), daemon=True)
    reader.start()
    with atomic_write(pipe) as new:
        new.write_text("words")
    reader.join(10)
    assert came == ["words"]
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="no /dev/fd on this system")
def test_a_pipe_without_a_name_is_one_too() -> None:
    reading, writing = os.pipe()
    with atomic_write(Path(f"/dev/fd/{writing}")) as new:
        new.write_text("words")
    assert os.read(reading, 100) == b"words"
    for end in (reading, writing):
        os.close(end)


def test_a_picture_that_cannot_be_drawn_costs_no_old_one(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    old = tmp_path / "old.png"
    old.write_bytes(b"old")

    class Full:
        def savefig(self, path: Path, **_: object) -> None:
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(SkelfuseError, match=r"old\.png: cannot write the picture: No space left"):
        write_picture(Full(), old)
    assert old.read_bytes() == b"old"
    for name in ("of no kind", "of.no_such"):
        with pytest.raises(SkelfuseError, match="unknown kind of figure"):
            write_picture(new_picture(1, 1), tmp_path / name)
    write_picture(new_picture(1, 1), old)
    assert old.read_bytes()[1:4] == b"PNG"
    assert names(tmp_path) == ["old.png"]
