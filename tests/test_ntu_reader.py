from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from helpers.recordings import read
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.ntu import FORMAT
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2
from skelfuse.skeleton import Skeleton

NAME = "S003C002P017R001A058"


def write(path: Path, frames: list[list[tuple[int, float]]]) -> Path:
    """Write a `.skeleton` file; each frame lists its bodies as (number, x of all joints)."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for number, x in bodies:
            lines += [f"{number} 0 0 0 0 0 0 0 0 2", "25"]
            lines += [f"{x} {joint / 10} 3 0 0 0 0 0 0 0 0 2" for joint in range(25)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_becomes_a_clip(tmp_path: Path) -> None:
    file = write(tmp_path / f"{NAME}.skeleton", [[(7, 0.5)], [], [(7, -0.25)]])
    (clip,) = FORMAT.read(file, ReadOptions())
    assert clip.skeleton is KINECT_V2
    assert clip.name == NAME
    assert clip.label == "A058 handshaking"
    assert (clip.setup, clip.camera, clip.subject, clip.replication) == ("3", "2", "17", "1")
    assert clip.fps == 30
    assert clip.coords.shape == (3, 1, 25, 3)
    np.testing.assert_array_equal(clip.coords[:, 0, 0, 0], [0.5, np.nan, -0.25])
    np.testing.assert_array_equal(clip.mask[:, 0, 0], [True, False, True])
    assert clip.confidence is not None
    np.testing.assert_array_equal(clip.confidence[:, 0, 0], [1, 0, 1])
    assert clip.notes == ("no body in 1 frame in between: kept as missing",)


def test_what_the_user_says_of_the_files(tmp_path: Path) -> None:
    many = [[(number, number * t / 100) for number in (1, 2, 3)] for t in range(8)]
    file = write(tmp_path / f"{NAME}.skeleton", many)
    own = Skeleton.from_dict({**KINECT_V2.to_dict(), "name": "mine"})
    options = ReadOptions(skeleton=own, fps=15.0, max_persons=3, filters=False)
    (clip,) = FORMAT.read(file, options)
    assert (clip.skeleton, clip.fps, clip.persons) == (own, 15.0, 3)
    (clip,) = FORMAT.read(file, ReadOptions())
    assert clip.persons == 1  # all of them are shorter than twelve frames


def test_where_class_names_come_from(tmp_path: Path) -> None:
    file = write(tmp_path / f"{NAME}.skeleton", [[(7, 0.5)]])
    beside, elsewhere = tmp_path / "class_names.txt", tmp_path / "other.txt"
    beside.write_text("A058 clink glasses\n")
    elsewhere.write_text("A058 hand over\n")
    (clip,) = FORMAT.read(file, ReadOptions())
    assert clip.label == "A058 clink glasses"
    (clip,) = FORMAT.read(file, ReadOptions(class_names=elsewhere))
    assert clip.label == "A058 hand over"
    elsewhere.write_text("A057 hand over\n")
    with pytest.raises(SkelfuseError, match="add a line 'A058"):
        next(FORMAT.read(file, ReadOptions(class_names=elsewhere)))
    with pytest.raises(SkelfuseError, match="cannot read the class names"):
        next(FORMAT.read(file, ReadOptions(class_names=tmp_path / "nowhere.txt")))


@pytest.mark.parametrize(
    ("name", "frames", "words"),
    [
        ("walk", [[(7, 0.5)]], "not a name of NTU"),
        (NAME, [[], []], "no body in any frame.*--skip-list"),
    ],
)
def test_errors_name_the_file(
    tmp_path: Path, name: str, frames: list[list[tuple[int, float]]], words: str
) -> None:
    file = write(tmp_path / f"{name}.skeleton", frames)
    with pytest.raises(SkelfuseError, match=words) as error:
        read("ntu", file)
    assert error.value.file == str(file)


def test_a_damaged_file_says_where(tmp_path: Path) -> None:
    file = write(tmp_path / f"{NAME}.skeleton", [[(7, 0.5)], [(7, 0.5)]])
    file.write_text("\n".join(file.read_text().splitlines()[:40]))
    with pytest.raises(SkelfuseError) as error:
        next(FORMAT.read(file, ReadOptions()))
    assert error.value.file == str(file)
    assert error.value.line is not None


def test_find_lists_skeleton_files_in_order_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a").mkdir()
    names = ["a/S001C001P001R001A002.skeleton", "b/S001C001P001R001A001.skeleton", "odd.skeleton"]
    for name in (*names, "class_names.txt", "a/notes.json", "b/._S001C001P001R001A001.skeleton"):
        (tmp_path / name).touch()
    found = FORMAT.find(tmp_path)
    assert found == sorted(found)
    assert {path.relative_to(tmp_path).as_posix() for path in found} == set(names)
    assert FORMAT.find(tmp_path / names[0]) == [tmp_path / names[0]]
    assert FORMAT.find(tmp_path / "class_names.txt") == []
    assert FORMAT.find(tmp_path / "nowhere") == []


def test_real_files(real_data: Callable[[str], Path]) -> None:
    sources = FORMAT.find(real_data("ntu-samples"))
    clips = [clip for source in sources for clip in FORMAT.read(source, ReadOptions())]
    assert [clip.label for clip in clips] == [
        "A011 reading",
        "A058 handshaking",
        "A003 brushing teeth",
        "A034 rub two hands together",
        "A017 take off a shoe",
    ]
    assert [clip.subject for clip in clips] == ["1", "8", "3", "15", "3"]
    assert [clip.persons for clip in clips] == [1, 2, 1, 1, 1]
    assert all(clip.mask.all() for clip in clips)
