"""Folders behind links are searched, each once, wherever the links lead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.commands import ran
from skelfuse.datasets.reading.files import files_ending
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.store import Store


def touched(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def linked(link: Path, to: Path) -> None:
    try:
        link.symlink_to(to, target_is_directory=True)
    except OSError:
        pytest.skip("a system without links")


def found(folder: Path) -> list[str]:
    return [str(file.relative_to(folder)) for file in files_ending(folder, ".txt")]


def test_a_farm_of_links_is_searched(tmp_path: Path) -> None:
    farm = tmp_path / "farm"
    farm.mkdir()
    for name in ("a", "b"):
        touched(tmp_path / "elsewhere" / name / "deep", "x.txt")
        linked(farm / name, tmp_path / "elsewhere" / name)
    assert found(farm) == [f"a{os.sep}deep{os.sep}x.txt", f"b{os.sep}deep{os.sep}x.txt"]


def test_a_circle_ends_and_no_folder_comes_twice(tmp_path: Path) -> None:
    touched(tmp_path / "top" / "z", "x.txt")
    linked(tmp_path / "top" / "a", tmp_path / "top" / "z")  # what is there itself goes before
    linked(tmp_path / "top" / "z" / "back", tmp_path / "top")
    linked(tmp_path / "top" / "z" / "self", tmp_path / "top" / "z" / "self")
    touched(tmp_path / "aside", "y.txt")
    linked(tmp_path / "top" / "b", tmp_path / "aside")
    linked(tmp_path / "aside" / "again", tmp_path)
    assert found(tmp_path / "top") == [f"b{os.sep}y.txt", f"z{os.sep}x.txt"]


def test_a_hidden_link_and_one_to_nowhere_are_passed_over(tmp_path: Path) -> None:
    touched(tmp_path / "aside", "y.txt")
    touched(tmp_path / "top", "x.txt")
    linked(tmp_path / "top" / ".hidden", tmp_path / "aside")
    linked(tmp_path / "top" / "nowhere", tmp_path / "gone")
    assert found(tmp_path / "top") == ["x.txt"]


def test_a_store_is_made_of_what_is_behind_links(tmp_path: Path) -> None:
    write_dataset(tmp_path / "raw", clips=4, classes=2, seed=3)
    farm = tmp_path / "farm"
    farm.mkdir()
    linked(farm / "raw", tmp_path / "raw")
    linked(tmp_path / "raw" / "farm", farm)
    out = tmp_path / "s.h5"
    ran("preprocess", farm, "--out", out)
    assert len(Store(out)) == 4
