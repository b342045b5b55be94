"""What `skelfuse evaluate` refuses, in one clear line: other classes, other bodies, bad files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers import trained_run
from helpers.commands import called, ran, refused
from helpers.trained_run import ACTIONS, BODY
from skelfuse.clip import Clip
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store

pytestmark = pytest.mark.training


def test_a_class_unknown_to_the_run(folder: Path, tmp_path: Path) -> None:
    clips = [trained_run.clip(i, a) for a in range(3) for i in range(6)]
    clips += [replace(trained_run.clip(50 + i, 3), label="A0 juggle") for i in range(6)]
    odd = trained_run.written(tmp_path / "odd.h5", clips)
    run = (folder / "run", "--data", odd)
    line = refused("evaluate", *run)
    assert str(odd) in line
    assert "'A0 juggle'" in line
    assert "--ignore-unknown" in line
    result = called("evaluate", *run, "--ignore-unknown", "--json")
    told = json.loads(result.stdout)
    with_it = len(split(clip_table(Store(odd)), "official")["test"])
    left_out = with_it - told["metrics"]["clips"]
    assert 0 < left_out < with_it
    assert (
        f"{left_out} clips of classes unknown to the run are left out: A0 juggle" in result.stderr
    )
    # Unknown classes that are not in the part that is asked for are nobody's business.
    elsewhere = [replace(one, splits={"official": "train"}) for one in clips[-6:]]
    fine = trained_run.written(tmp_path / "fine.h5", clips[:-6] + elsewhere)
    ran("evaluate", folder / "run", "--data", fine)


def no_head(body: Skeleton) -> Skeleton:
    joints = tuple("neck" if joint == "head" else joint for joint in body.joints)
    bones = tuple(tuple("neck" if j == "head" else j for j in bone) for bone in body.bones)
    return replace(body, joints=joints, bones=bones)  # type: ignore[arg-type]


BODIES: dict[str, tuple[Skeleton, str]] = {
    "other joints": (no_head(BODY), "without 'head' and with 'neck' besides"),
    "other bones": (
        replace(BODY, bones=(*BODY.bones[:3], ("foot", "head"))),
        "other bones",
    ),
    "other centre": (replace(BODY, centre=("foot",)), "other centre"),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_store_of_another_skeleton(folder: Path, tmp_path: Path, what: str) -> None:
    body, told = BODIES[what]
    coords = np.zeros((9, 1, 5, 3), np.float32)
    parts = ({"official": "train"}, {"official": "test"}, {"official": "test"})
    clips = [
        Clip(coords, body, name=f"{i}", label=ACTIONS[0], splits=part)
        for i, part in enumerate(parts)
    ]
    other = trained_run.written(tmp_path / "other.h5", clips)
    line = refused("evaluate", folder / "run", "--data", other)
    assert "different skeletons" in line
    assert str(other) in line
    assert told in line


def cut(folder: Path, to: Path) -> Path:
    to.mkdir()
    content = (folder / "run" / "best.safetensors").read_bytes()
    (to / "best.safetensors").write_bytes(content[: len(content) // 2])
    return to


def not_numbers(facts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    tensors["weight/own_classifier.bias"] = torch.full((6,), torch.nan)


def fewer_classes(facts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    facts["class_names"] = ["A0 juggle", *facts["class_names"][1:]]


def test_one_line_for_whatever_is_wrong(folder: Path, tmp_path: Path) -> None:
    run, data = (folder / "run",), ("--data", folder / "store.h5")
    missing = tmp_path / "missing"
    assert f"{missing}: no such run" in refused("evaluate", missing, *data)
    assert f"{missing}: no such run" in refused("evaluate", missing, *data, "--checkpoint", "last")
    assert f"{missing}.h5: no such store" in refused("evaluate", *run, "--data", f"{missing}.h5")
    assert "no checkpoint" in refused("evaluate", tmp_path, *data)
    assert "cut short" in refused("evaluate", cut(folder, tmp_path / "cut"), *data)
    assert "not a checkpoint" in refused("evaluate", folder / "store.h5", *data)
    assert "no part 'exam'" in refused("evaluate", *run, *data, "--part", "exam")
    assert "did you mean 'official'" in refused("evaluate", *run, *data, "--protocol", "oficial")
    assert "no such device" in refused("evaluate", *run, *data, "--device", "tpu")
    (tmp_path / "file").write_text("")
    assert "cannot write here" in refused(
        "evaluate", *run, *data, "--out", tmp_path / "file" / "below"
    )
    sick = trained_run.rewritten(folder / "run", tmp_path / "sick", not_numbers)
    assert "scores for clip" in refused("evaluate", sick, *data)
    other = trained_run.rewritten(folder / "run", tmp_path / "other", fewer_classes)
    line = refused("evaluate", *run, other, *data)
    assert "runs with different classes" in line
    assert "'A0 juggle', 'A1 nod'" in line
    unlabelled = [replace(trained_run.clip(i, 0), label=None) for i in range(8)]
    nothing = trained_run.written(tmp_path / "nothing.h5", unlabelled)
    line = refused("evaluate", *run, "--data", nothing)
    assert "no labelled clip to evaluate on" in line
    assert "of them without a label" in line
