"""Files that are replaced: all of them or none, whatever stands at their places."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from skelfuse.errors import SkelfuseError
from skelfuse.telling.picture import new_picture, write_picture
from skelfuse.whole_files import replaced_together


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_none_is_replaced_before_all_are_written(tmp_path: Path) -> None:
    old, fresh = tmp_path / "a.txt", tmp_path / "b.txt"
    old.write_text("old")
    with replaced_together([old, fresh]) as (first, second):
        first.write_text("new")
        second.write_text("new")
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
        with replaced_together([old, fresh]) as (first, second):
            first.write_text("new")
            second.write_text("half")
            raise reason

    with pytest.raises(reason):
        stopped()
    assert old.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_what_was_not_written_stays(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old")
    with replaced_together([tmp_path / "a", tmp_path / "b"]) as (first, _):
        first.write_text("new")
    assert [(tmp_path / name).read_text() for name in "ab"] == ["new", "old"]


def test_a_link_stays_one_and_a_folder_is_refused_first(tmp_path: Path) -> None:
    real, link, folder = tmp_path / "real", tmp_path / "link", tmp_path / "folder"
    real.write_text("old")
    link.symlink_to(real)
    folder.mkdir()
    with replaced_together([link]) as (new,):
        new.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    with pytest.raises(IsADirectoryError), replaced_together([real, folder]):
        pytest.fail("nothing needs to be written then")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe, came = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: came.append(pipe.read_text()), daemon=True)
    reader.start()
    with replaced_together([pipe]) as (new,):
        new.write_text("words")
    reader.join(10)
    assert came == ["words"]
    assert pipe.is_fifo()
    assert names(tmp_path) == ["pipe"]


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="no /dev/fd on this system")
def test_a_pipe_without_a_name_is_one_too() -> None:
    reading, writing = os.pipe()
    with replaced_together([Path(f"/dev/fd/{writing}")]) as (new,):
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
        with pytest.raises(SkelfuseError, match="no such kind of picture"):
            write_picture(new_picture(1, 1), tmp_path / name)
    write_picture(new_picture(1, 1), old)
    assert old.read_bytes()[1:4] == b"PNG"
    assert names(tmp_path) == ["old.png"]
