"""Recordings in HDF5: no other file is read, and what crashes the library crashes not us."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from helpers.small_files import FILES
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.hdf5_file import array, names_in, opened, texts
from skelfuse.errors import SkelfuseError
from skelfuse.store import trial


def test_a_recording_reads_no_other_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1.0, 2.0]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = h5py.ExternalLink("other.h5", "x")
    with (
        pytest.raises(SkelfuseError, match="are in another file"),
        opened(tmp_path / "a.h5") as file,
    ):
        array(file, "x")


@pytest.mark.long
@pytest.mark.process
@pytest.mark.parametrize("kept", [{}, {"chunks": (2,)}, {"chunks": (2,), "compression": "gzip"}])
def test_a_text_longer_than_its_file_takes_no_memory(kept: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("t", data=["nose", "tail"], dtype=h5py.string_dtype(), **kept)
    with opened(path) as file:
        assert texts(file, "t") == ["nose", "tail"]
        if kept.get("compression"):
            return
    whole = path.read_bytes()
    # Two elements: the length of each text, where the letters are, and which of those there.
    found = re.search(rb"\x04\0\0\0(.{8}).{4}\x04\0\0\0\1", whole, re.DOTALL)
    assert found is not None
    at = found.start()
    path.write_bytes(whole[:at] + b"\0\0\0\x10" + whole[at + 4 :])
    with opened(path) as file, pytest.raises(SkelfuseError, match="a text longer than the file"):
        texts(file, "t")


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="no such signals there")
def test_what_crashes_the_library_crashes_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["group/x"] = [1.0, 2.0]
    assert names_in(path) == {"group"}
    os.utime(path, (1, 1))
    monkeypatch.setattr(trial, "TRIAL", "import os; os.kill(os.getpid(), 11)")
    with pytest.raises(SkelfuseError, match="HDF5 library ends with signal 11"), opened(path):
        pass
    assert names_in(path) is None


def test_a_list_of_axes_without_room_is_told(tmp_path: Path) -> None:
    write, content = FILES["movement"][0]
    path = write(tmp_path, content)
    with h5py.File(path, "r") as file:
        axes = file["confidence"].ndim
    whole = path.read_bytes()
    # How many axes the list of the axes' names has room for, now and at most: HDF5's own way to
    # the names reads beyond it.
    room, lie = (b"\1\1\1" + bytes(5) + struct.pack("<QQ", now, axes) for now in (axes, 0))
    assert room in whole
    path.write_bytes(whole.replace(room, lie))
    (problem,) = clips_in(path, "movement", ReadOptions())
    assert isinstance(problem, SkelfuseError)
    assert "not a sound HDF5 file" in str(problem)


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="no such limits there")
def test_a_piece_that_claims_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        packed = file.create_dataset("x", data=np.zeros(8), chunks=(8,), compression="gzip")
        size = packed.id.get_chunk_info(0).size
    whole = path.read_bytes()
    claim, lie = (struct.pack("<II", claimed, 0) for claimed in (size, 3 << 30))
    assert whole.count(claim) == 1  # the bytes of the piece, and that no filter is left out
    path.write_bytes(whole.replace(claim, lie))
    with pytest.raises(SkelfuseError, match="asks for more than 1 GB"), opened(path):
        pass
