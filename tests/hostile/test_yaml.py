"""YAML that means harm, or nothing: one clear line, within a second."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton
from skelfuse.training.config_file import read_config

BODY = "name: arm\nroot: a\njoints: [a, b]\nbones: [[b, a]]\n"
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]\n" for i in range(1, 10)
)
MANY = ", ".join(f"j{i}" for i in range(30_000))
BAD = {
    "a number that is none": ("dimensions: !!int x", 5),
    "a flag that is none": ("dimensions: !!bool x", 5),
    "a time that is none": ("dimensions: !!timestamp x", 5),
    "a day that is none": ("dimensions: 2001-99-99", 5),
    "a number of 5,000 digits": ("dimensions: " + "9" * 5000, 5),
    "a list within itself": ("dimensions: &a [*a]", 5),
    "a mapping within itself": ("dimensions: &a {b: *a}", 5),
    "a list that unfolds a billion times": (LAUGHS, None),
    "30,000 joints": (f"centre: [{MANY}]", None),
    "lists within lists": ("dimensions: " + "[" * 3000 + "]" * 3000, None),
    "an object": ("dimensions: !!python/object:os.system {}", 5),
}


@pytest.mark.parametrize("name", BAD)
def test_a_skeleton_that_means_harm_is_told_at_once(name: str, tmp_path: Path) -> None:
    text, line = BAD[name]
    path = tmp_path / "body.yaml"
    path.write_text(BODY + text)
    began = time.process_time()
    with pytest.raises(SkelfuseError) as error:
        Skeleton.from_yaml(path)
    assert time.process_time() - began < 1
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.line == line


@pytest.mark.parametrize("name", BAD)
def test_a_configuration_that_means_harm_is_told_at_once(name: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(BAD[name][0])
    began = time.process_time()
    with pytest.raises(SkelfuseError, match=r"c\.yaml"):
        read_config(path)
    assert time.process_time() - began < 1
    for setting in ("!!int x", "&a [*a]", "2001-99-99"):
        with pytest.raises(SkelfuseError, match="--set"):
            read_config(path.with_name("empty.yaml"), [f"seed={setting}"])


@pytest.fixture(autouse=True)
def empty(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")


def test_aliases_may_be_used(tmp_path: Path) -> None:
    path = tmp_path / "body.yaml"
    path.write_text(
        "name: arm\nroot: &root a\njoints: [*root, b]\nbones: [[b, *root]]\ncentre: [*root]\n"
    )
    assert Skeleton.from_yaml(path).parents == (0, 0)
