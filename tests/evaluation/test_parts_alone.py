"""A store need not hold the clips that nobody asked for; and another body is told before all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import trained_run
from helpers.commands import ran, refused
from skelfuse.clip import Clip
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.errors import SkelfuseError
from skelfuse.evaluation import evaluate
from skelfuse.layouts import COCO_17
from skelfuse.run import load_run
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store

pytestmark = pytest.mark.training


def clips(**changed: Any) -> list[Clip]:
    return [replace(trained_run.clip(i, a), **changed) for a in range(6) for i in range(14)]


@pytest.mark.parametrize("protocol", ["official", "odd-even", "loso:s2"])
def test_a_test_in_a_store_of_its_own_is_evaluated_as_in_the_whole(
    folder: Path, tmp_path: Path, protocol: str
) -> None:
    whole = trained_run.written(tmp_path / "whole.h5", clips())
    test = set(split(clip_table(Store(whole)), protocol)["test"].tolist())
    alone = trained_run.written(
        tmp_path / "alone.h5", [one for i, one in enumerate(clips()) if i in test]
    )
    assert len(Store(alone)) == len(test) < len(Store(whole))
    told = []
    for store in (whole, alone):
        result = ran("evaluate", folder / "run", "--data", store, "--protocol", protocol, "--json")
        found = json.loads(result.stdout)
        del found["test"]["store"]
        del found["notes"]  # only the whole store knows who is in both parts
        told.append(found)
    assert told[0] == told[1]


def test_a_part_that_is_not_there_is_told_without_another_protocols_name(
    folder: Path, tmp_path: Path
) -> None:
    odd = trained_run.written(
        tmp_path / "odd.h5", [c for c in clips() if c.subject in ("s1", "s3")]
    )
    run = ("evaluate", folder / "run", "--data", odd)
    line = refused(*run, "--protocol", "odd-even")
    assert f"{odd}: protocol 'odd-even' leaves the part 'test' empty here; --part all takes" in line
    assert "did you mean" not in line
    ran(*run, "--protocol", "odd-even", "--part", "train")
    # Folds follow from who is there: of a part of the people they would be other ones.
    only = trained_run.written(tmp_path / "only.h5", clips(subject="s1"))
    assert "kfold" in refused("evaluate", folder / "run", "--data", only, "--protocol", "kfold:4/1")


def other_body(path: Path, body: Skeleton = COCO_17) -> Path:
    """Write clips of another body, of classes that no run knows and no subject of any number."""
    coords = np.random.default_rng(0).normal(size=(9, 1, len(body), body.dimensions))
    made = [Clip(coords, body, name=f"{i}", label=f"juggle {i % 2}", fps=50) for i in range(4)]
    written: Path = trained_run.written(path, made)
    return written


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "RUN"),
        ("evaluate", "RUN", "--protocol", "kfold:4/1"),
        ("evaluate", "RUN", "--part", "all", "--ignore-unknown"),
        ("inspect-head", "RUN"),
        ("inspect-kernels", "RUN"),
    ],
    ids=" ".join,
)
def test_a_store_of_another_body_is_told_before_its_protocols_and_classes(
    folder: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    other = other_body(tmp_path / "other.h5")
    run = [folder / "run" if word == "RUN" else word for word in arguments]
    line = refused(*run, "--data", other)
    assert f"{other}: store and run have different skeletons: expected five" in line
    assert "found coco-17 (17 joints)" in line


def test_python_is_told_of_the_body_before_the_classes(folder: Path, tmp_path: Path) -> None:
    store = Store(other_body(tmp_path / "other.h5"))
    with pytest.raises(SkelfuseError, match="store and run have different skeletons"):
        evaluate([load_run(folder / "run")], store, [0, 1])


def test_a_resumed_run_is_told_of_the_body_before_anything_else(
    folder: Path, tmp_path: Path
) -> None:
    other = other_body(tmp_path / "other.h5")
    for more in ([], ["--protocol=kfold:4/1"], ["--set=augment.rotate=[0.1, 0.1, 0.1]"]):
        line = refused("train", "--data", other, "--out", folder / "run", "--resume", *more)
        assert f"{other}: cannot resume: the store's skeleton is not the run's" in line
