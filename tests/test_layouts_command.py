"""`skelfuse layouts`: every body with its joints in order, as a file that can be used again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from helpers.commands import ran, refused
from skelfuse.layouts import LAYOUTS
from skelfuse.skeleton import Skeleton
from skelfuse.telling.layout_text import layout_text


def told(*arguments: str) -> str:
    return ran("layouts", *arguments).output


def test_every_layout_has_a_line() -> None:
    header, *lines = told().splitlines()
    assert header.split() == ["layout", "joints", "axes", "root", "begins", "with"]
    for line, (name, body) in zip(lines, LAYOUTS.items(), strict=True):
        assert line.split()[:3] == [name, str(len(body)), str(body.dimensions)]
        assert body.joints[0] in line


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_shown_is_the_same_layout_as_a_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(told(name), encoding="utf-8")
    assert Skeleton.from_yaml(file) == LAYOUTS[name]
    assert told(str(file)) == told(name)


def test_joints_stand_beside_their_place_in_an_array() -> None:
    lines = [
        line.split() for line in told("coco-17").splitlines() if "# 5" in line or "# 0" in line
    ]
    assert lines == [["-", "nose", "#", "0"], ["-", "left_shoulder", "#", "5"]]


def test_names_that_yaml_misreads_are_quoted(tmp_path: Path) -> None:
    odd = ("1", "yes", "a: b", "#", "é", "null", "two words", "[x]", "it's")
    body = Skeleton("no", odd, tuple((joint, "1") for joint in odd[1:]), root="1", dimensions=2)
    file = tmp_path / "odd.yaml"
    file.write_text(layout_text(body), encoding="utf-8")
    assert Skeleton.from_yaml(file) == body
    assert yaml.safe_load(layout_text(body))["joints"] == list(odd)


def test_an_unknown_layout_says_which_there_are() -> None:
    assert "did you mean 'coco-17'? There are: kinect-v2" in refused("layouts", "coco17")
