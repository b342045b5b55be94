"""Stores from strangers: nothing but their own bytes is read, and damage is one kind of error."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2
from skelfuse.store import Store, journal, seal, trial
from skelfuse.store.opening import is_store
from skelfuse.store.writer import StoreWriter, packed

SECRET = b"root:x:0:0:root:/root:/bin/bash\n" * 100


def write(path: Path, *, finish: bool = True) -> None:
    with StoreWriter(path, provenance={}, resume=False) as writer:
        draw = np.random.default_rng(0)
        for source in "ab":
            coords = draw.normal(size=(5, 1, 25, 3)).astype(np.float32)
            writer.accept(KINECT_V2)
            writer.add(*packed(Clip(coords, KINECT_V2, name=source, label="wave")), source=source)
            facts = {"source": source, "bytes": 1, "sha256": "", "clips": 1, "problems": []}
            writer.finish_source(facts)
        if finish:
            writer.finish()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("store") / "s.h5"
    write(path)
    return path.read_bytes()


def read(path: Path) -> None:
    store = Store(path)
    for clip in store:
        assert clip.coords.shape[2:] == (25, 3)
    assert (store.names, store.splits) == (["a", "b"], [{}, {}])
    assert [facts["source"] for facts in store.sources] == ["a", "b"]


def elsewhere(file: h5py.File) -> None:
    del file["offset"]
    secret = str(Path(file.filename).with_name("secret"))
    file.create_dataset("offset", shape=(3,), dtype="i8", external=[(secret, 0, 24)])


def linked(file: h5py.File) -> None:
    del file["name"]
    file["name"] = h5py.ExternalLink(str(Path(file.filename).with_name("other.h5")), "name")


def soft(file: h5py.File) -> None:
    del file["name"]
    file["name"] = h5py.SoftLink("/subject")


def virtual(file: h5py.File) -> None:
    del file["offset"]
    layout = h5py.VirtualLayout((3,), "i8")
    other = str(Path(file.filename).with_name("other.h5"))
    layout[:] = h5py.VirtualSource(other, "offset", (3,))
    file.create_virtual_dataset("offset", layout)


def packed_bomb(file: h5py.File) -> None:
    del file["coords"]
    shape = (3_000_000, 25, 3)
    file.create_dataset("coords", shape, "f4", chunks=(10_000, 25, 3), compression="gzip")


def empty_bomb(file: h5py.File) -> None:
    del file["coords"]
    file.create_dataset("coords", (10**9, 25, 3), "f4")


def group(file: h5py.File) -> None:
    del file["name"]
    file.create_group("name")


STRANGE = (elsewhere, linked, soft, virtual, packed_bomb, empty_bomb, group)


@pytest.mark.parametrize("change", STRANGE, ids=lambda change: change.__name__)
def test_a_store_reaches_nothing_but_its_own_bytes(
    change: Callable[[h5py.File], None], whole: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "s.h5"
    for name, content in (("s.h5", whole), ("other.h5", whole), ("secret", SECRET)):
        (tmp_path / name).write_bytes(content)
    read(path)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(SkelfuseError, match=r"s\.h5: not a store as skelfuse makes them"):
        Store(path)


def test_a_packed_store_of_reasonable_size_is_read(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    path.write_bytes(whole)
    with h5py.File(path, "r+") as file:
        coords = file["coords"][:]
        del file["coords"]
        file.create_dataset("coords", data=coords, compression="gzip", shuffle=True)
    read(path)


def test_damage_is_found_before_the_library_opens_the_file(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: object) -> None:
        pytest.fail("a damaged file reached the HDF5 library")

    path, draw = tmp_path / "s.h5", np.random.default_rng(1)
    with h5py.File(tmp_path / "s2.h5", "w"):
        pass
    path.write_bytes(whole)
    start = h5py.File(path, "r")["coords"].id.get_offset()
    size = 2 * 5 * 75 * 4
    monkeypatch.setattr(h5py, "File", opened)
    for turn in range(100):
        at = int(draw.integers(0, len(whole) - size - seal.SIZE))
        at += size if at >= start else 0
        damaged = bytearray(whole)
        damaged[at] ^= 1 + int(draw.integers(255))
        path.write_bytes(damaged)
        os.utime(path, (turn, turn))
        with pytest.raises(SkelfuseError, match="the store is damaged"):
            Store(path)
        assert is_store(path) or at < 8


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="no such signals there")
def test_what_crashes_the_library_crashes_another_process(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.h5"
    path.write_bytes(whole[: -seal.SIZE])  # as an earlier version wrote it
    read(path)
    os.utime(path, (1, 1))
    monkeypatch.setattr(trial, "TRIAL", "import os; os.kill(os.getpid(), 11)")
    with pytest.raises(SkelfuseError, match="the HDF5 library ends with signal 11"):
        Store(path)
    os.utime(path, (2, 2))  # what was found of a file holds until it is changed
    monkeypatch.setattr(trial, "TRIAL", "import time; time.sleep(60)")
    monkeypatch.setattr(trial, "PATIENCE", 0.025)
    with pytest.raises(SkelfuseError, match="busy without end"):
        Store(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_is_no_store(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "s.h5")
    with pytest.raises(SkelfuseError, match="not a file"):
        Store(tmp_path / "s.h5")
    assert not is_store(tmp_path / "s.h5")


@pytest.mark.slow
def test_a_changed_journal_never_gets_into_a_store(tmp_path: Path) -> None:
    write(tmp_path / "s.h5", finish=False)
    folder, draw = tmp_path / "s.h5.partial", np.random.default_rng(2)
    whole = (folder / "journal").read_bytes()

    def taken() -> Any:
        return journal.take_up(folder, half=False, unchanged=lambda *_: True).done

    before = taken()
    assert [facts["source"] for facts in before] == ["a", "b"]
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[int(draw.integers(len(whole)))] ^= 1 + int(draw.integers(255))
        (folder / "journal").write_bytes(damaged)
        try:
            found = taken()
        except SkelfuseError as error:
            assert "what the interrupted run left is damaged" in str(error)  # noqa: PT017
        else:
            assert found == before[: len(found)]


def test_a_link_in_the_folder_of_an_unfinished_store_is_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("years of work")
    folder = tmp_path / "s.h5.partial"
    folder.mkdir()
    (folder / "plan.json").write_text("{}")
    (folder / "store.h5").symlink_to(mine)
    with pytest.raises(SkelfuseError, match=r"something else in it: found store\.h5"):
        write(tmp_path / "s.h5")
    assert mine.read_text() == "years of work"
