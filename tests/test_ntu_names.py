from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelfuse.datasets.ntu_names import (
    NTU_CLASSES,
    NtuName,
    class_label,
    is_ntu_name,
    parse_ntu_name,
    read_class_names,
)
from skelfuse.datasets.ntu_skip import read_skip_list
from skelfuse.errors import SkelfuseError

numbers = st.integers(1, 999)


@given(numbers, numbers, numbers, numbers, numbers)
def test_a_name_comes_back_as_it_was_written(s: int, c: int, p: int, r: int, a: int) -> None:
    name = NtuName(s, c, p, r, a)
    assert parse_ntu_name(str(name)) == name
    assert is_ntu_name(str(name))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "walk",
        "S001C002P003R002A13",
        "S001C002P003R002A0013",
        "s001c002p003r002a013",
        "S001C002P003R002A013 ",
        "S001C002P003R002A013.skeleton",
        "S001C002P003R002A000",
        "S٠٠١C002P003R002A013",  # digits, but not these
    ],
)
def test_a_name_that_is_not_ntus_is_refused_with_the_pattern(name: str) -> None:
    assert not is_ntu_name(name)
    with pytest.raises(SkelfuseError, match="SsssCcccPpppRrrrAaaa") as error:
        parse_ntu_name(name, file="here.skeleton")
    assert error.value.file == "here.skeleton"
    assert error.value.remedy


def test_the_120_published_classes() -> None:
    assert list(NTU_CLASSES) == list(range(1, 121))
    assert len(set(NTU_CLASSES.values())) == 120
    known = {1: "drink water", 50: "punching/slapping other person", 58: "handshaking"}
    known |= {61: "put on headphone", 106: "hit other person with something"}
    assert {action: NTU_CLASSES[action] for action in known} == known
    labels = [class_label(action, NTU_CLASSES) for action in NTU_CLASSES]
    assert labels == sorted(labels)
    assert class_label(200, NTU_CLASSES) == "A200"


def test_class_names_are_read_and_read_again_when_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "class_names.txt"
    file.write_text("\ufeff# mine\n\nA001 wave\nA2. put on (a hat)\n", encoding="utf-8")
    assert dict(read_class_names(file)) == {1: "wave", 2: "put on (a hat)"}
    file.write_text("A001 wave with both hands\n", encoding="utf-8")
    assert dict(read_class_names(str(file))) == {1: "wave with both hands"}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("A001 wave\nbow\n", 2, "not a class name"),
        ("A001\n", 1, "not a class name"),
        ("A001 wave\nA002 bow\nA1 nod\n", 3, "named twice"),
        ("# nothing\n", None, "no class name"),
        ("\x80", 1, "cannot read"),
    ],
)
def test_bad_class_names_say_where(
    tmp_path: Path, text: str, line: int | None, problem: str
) -> None:
    file = tmp_path / "class_names.txt"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SkelfuseError, match=problem) as error:
        read_class_names(file)
    assert (error.value.file, error.value.line) == (str(file), line)
    with pytest.raises(SkelfuseError, match="cannot read"):
        read_class_names(tmp_path / "nowhere.txt")


def test_class_names_cannot_be_changed_by_one_who_read_them(tmp_path: Path) -> None:
    file = tmp_path / "class_names.txt"
    file.write_text("A001 wave\n")
    names = read_class_names(file)
    with pytest.raises(TypeError):
        names[2] = "bow"  # type: ignore[index]


def test_a_name_travels_between_processes() -> None:
    name = parse_ntu_name("S001C002P003R002A013")
    assert pickle.loads(pickle.dumps(name)) == name


HEADER = (
    '2 of the captured samples in the "NTU RGB+D" dataset have missing skeleton data.\n'
    "Please ignore these files.\n\n"
)


def test_a_skip_list_has_prose_then_names(tmp_path: Path) -> None:
    file = tmp_path / "skip.txt"
    names = {"S001C002P005R002A008", "S001C002P006R001A008"}
    own = {"S009C001P001R001A001"}
    file.write_text(HEADER + "\r\n".join(sorted(names)))
    assert read_skip_list(file) == names
    file.write_text(HEADER + "\n".join(sorted(names)) + "\n\nS009C001P001R001A001.skeleton\n")
    assert read_skip_list(file) == names | own
    file.write_text("S009C001P001R001A001")
    assert read_skip_list(file) == own


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        (HEADER + "S001C002P005R002A008\nS001C002P006R001A08\n", 5, "'S001C002P006R001A08'"),
        (HEADER + "S001C002P005R002A008\nand some more prose\n", 5, "'and some more prose'"),
        ("S001C002P005R002A08\n", 1, "'S001C002P005R002A08'"),
        (HEADER + "S001C002P005R002A008\n", None, 1),
        ("Nothing here.\n\n", 1, "'Nothing here.'"),
        ("a01_s01_e00_v01\nThese are bad, too:\na01_s01_e00_v02\n", 2, "'These are bad, too:'"),
        ("a01_s01_e00_v01\nS001C002P005R002A08\n", 1, "'a01_s01_e00_v01'"),
        ("302 of the captured samples are missing.\n", None, 0),
        ("\n \n", None, 0),
        ("", None, 0),
    ],
)
def test_a_damaged_skip_list_is_refused(
    tmp_path: Path, text: str, line: int | None, found: object
) -> None:
    file = tmp_path / "skip.txt"
    file.write_text(text)
    with pytest.raises(SkelfuseError) as error:
        read_skip_list(file)
    assert (error.value.file, error.value.line, error.value.found) == (str(file), line, found)
    assert error.value.remedy


def test_a_skip_list_may_have_any_names(tmp_path: Path) -> None:
    file = tmp_path / "skip.txt"
    file.write_text("\ufeffa01_s01_e00_v01\r\n\r\nA08_s10_e02_v03.json\r\n  s01s02_05_003 \n")
    assert read_skip_list(file) == {"a01_s01_e00_v01", "A08_s10_e02_v03", "s01s02_05_003"}
    file.write_text("drink water/clip 1\nclap-0001\na1_s1_t1.MAT\nv1.2_final\n0001")
    names = {"drink water/clip 1", "clap-0001", "a1_s1_t1", "v1.2_final", "0001"}
    assert read_skip_list(file) == names
    file.write_bytes(b"a\nb\xff\n")
    with pytest.raises(
        SkelfuseError, match="line 2: cannot read the skip list: its byte 4"
    ) as error:
        read_skip_list(file)
    assert error.value.remedy


@pytest.mark.parametrize(("classes", "count"), [(60, 302), (120, 535)])
def test_the_published_lists(real_data: Callable[[str], Path], classes: int, count: int) -> None:
    assert len(read_skip_list(real_data(f"ntu{classes}-missing-skeletons.txt"))) == count
