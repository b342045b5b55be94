"""Whatever is wrong with a file of any format: a SkelfuseError that says where and what to do."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.small_files import FILES
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.formats import FORMATS
from skelfuse.datasets.reading import hdf5_file
from skelfuse.errors import SkelfuseError

MUTATIONS = 120  # of each kind, in each format
FEWER = {"store": 25}  # it is written anew each time, and flushed to the disk
FEWEST = {"c3d": 3}  # different problems that must be told, where it is not 4
Content = Any  # dictionaries, lists, arrays, texts: what a file of the format is made of

JUNK: tuple[Any, ...] = (
    *(None, True, "x", "", "7", -1, 10**30, 1e300, float("nan"), float("inf")),
    *([], {}, [[]], [{}]),
)
ARRAYS = (
    np.array([]),
    np.array(0),
    np.array(["x", "y"]),
    np.array([1.5, 2.5]),
    np.full((4, 13), np.inf),
    np.array([[1, 2], [3, 4]]),
    np.full((4, 17, 2), 1e300),
    np.ones((20, 3, 4)) * 1e6,
    np.array([True]),
    np.array([None]),
    np.array([-1, 1]),
)


def places(content: Content, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List where there is something in a content."""
    if at:
        yield at
    if isinstance(content, (dict, list)):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from places(value, (*at, key))


def changed_text(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    number = chance.randrange(len(lines))
    fields = lines[number].replace(",", " ").split()
    what = chance.choice(["field", "field", "field", "line", "again", "cut", "bytes"])
    if what == "field" and fields:
        junk = chance.choice(["x", "nan", "inf", "1e9", "-1", "9999999999", "2.5", ""])
        lines[number] = lines[number].replace(chance.choice(fields), junk, 1)
    elif what == "line":
        del lines[number]
    elif what == "again":
        lines.insert(number, lines[number])
    elif what == "cut":
        return text[: chance.randrange(len(text))]
    else:
        lines[number] += "\udcff"
    return "\n".join(lines)


def changed(content: Content, chance: random.Random) -> Content:
    """Return a copy in which one thing is something else, or gone."""
    if isinstance(content, str):
        return changed_text(content, chance)
    every = list(places(content))
    level = chance.choice(sorted({len(place) for place in every}))  # the few at the top as often
    place = chance.choice([place for place in every if len(place) == level])
    spoiled = copy.deepcopy(content)
    *above, last = place
    inner = spoiled
    for key in above:
        inner = inner[key]
    if chance.random() < 0.2:
        del inner[last]
    elif isinstance(inner[last], np.ndarray):
        inner[last] = chance.choice(ARRAYS)
    else:
        inner[last] = chance.choice(JUNK)
    return spoiled


def problems(form: str, source: Path) -> Iterator[SkelfuseError]:
    for clip in clips_in(source, form, ReadOptions()):
        if isinstance(clip, SkelfuseError):
            yield clip


@pytest.mark.campaign
@pytest.mark.parametrize("form", FILES)
def test_every_problem_says_where_and_what_to_do(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whether HDF5 itself survives a file has tests of its own, and takes a process for each file.
    monkeypatch.setattr(hdf5_file, "hdf5_fails", lambda path, seconds: None)
    told: set[str] = set()
    for write, content in FILES[form]:
        chance = random.Random(form)
        source = write(tmp_path, content)
        assert len(list(problems(form, source))) == (form == "npy-folder")  # b.npy holds text
        file = next(source.iterdir()) if source.is_dir() else source
        whole = file.read_bytes()
        for _ in range(FEWER.get(form, MUTATIONS)):
            at, length = chance.randrange(len(whole)), chance.choice([1, 1, 9, len(whole)])
            junk = chance.choice([b"", b"\xff", b"[", b"x,", b"-", b"0", b"9", b"}", b'"'])
            file.write_bytes(whole[:at] + junk + whole[at + length :])
            told |= {check(error, tmp_path) for error in problems(form, source)}
        for _ in range(FEWER.get(form, MUTATIONS)):
            other = changed(content, chance)
            try:
                source = write(tmp_path, other)
            except (ValueError, TypeError, OverflowError):  # what cannot be written at all
                continue
            told |= {check(error, tmp_path) for error in problems(form, source)}
    assert len(told) >= FEWEST.get(form, 4), told


def test_every_format_is_among_them() -> None:
    assert {*FORMATS} - {*FILES} == {"video"}  # which tests of its own damage


def check(error: SkelfuseError, folder: Path) -> str:
    assert error.remedy, f"what to do? {error}"
    assert "cannot be read: " not in error.problem, f"an exception of no reader's own: {error}"
    assert error.file, f"where? {error}"
    assert Path(error.file).is_relative_to(folder)
    assert "\n" not in str(error)
    assert len(str(error).replace(str(folder), "")) < 600
    return re.sub(r"\d+", "#", error.problem)


@pytest.mark.parametrize("form", FILES)
def test_a_file_that_is_gone_by_now_says_so(form: str, tmp_path: Path) -> None:
    write, content = FILES[form][0]
    source = write(tmp_path, content)
    for file in source.iterdir() if source.is_dir() else [source]:
        file.unlink()
    (problem,) = problems(form, source)
    check(problem, tmp_path)
