"""What a run says that a person should know before waiting for its end."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.commands import ran
from helpers.moving_hand import configured
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store
from skelfuse.training import Distill, train

pytestmark = pytest.mark.training

QUICK = ("--device=cpu", "--protocol=loso:1", "--set=model.size=nano", "--set=sampling.frames=8")


def said(store: Store, out: Path, *more: str) -> str:
    return ran("train", f"--data={store.path}", f"--out={out}", *more).output


def test_a_validation_that_says_next_to_nothing_is_told(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    subject = np.array(store.subjects)
    of_x = np.flatnonzero((subject == "2") & (store.labels == 0))
    rest = np.flatnonzero(subject == "3")
    thin = {"train": np.union1d(of_x, rest), "val": of_x}  # one class of three
    few = {"train": np.union1d(rest[3:], rest[:2]), "val": rest[:2]}  # fewer clips than classes
    for name, these, said in (
        ("thin", thin, f"the validation has {len(of_x)} clips of 1 of 3 classes"),
        ("few", few, "the validation has 2 clips of 2 of 3 classes"),
    ):
        result = train(configured(epochs=1), store, these, tmp_path / name)
        (note,) = (note for note in result.notes if "next to chance" in note)
        assert note.startswith(said)
        assert note.endswith("; --set train.validation=0 takes the last epoch")
        without = configured(epochs=1, validation=0)
        assert "chance" not in str(train(without, store, these, tmp_path / f"{name}0").notes)
    of = [rest[store.labels[rest] == label] for label in range(3)]
    single = {"train": np.sort([*of[0][:3], of[1][0], of[2][0]])}  # two classes have but one clip
    held_out = train(configured(epochs=1), store, single, tmp_path / "held_out")
    (note,) = (note for note in held_out.notes if "next to chance" in note)
    assert note.endswith("; --set train.validation=0 trains on them too, and takes the last epoch")
    enough = train(configured(epochs=1), store, parts, tmp_path / "enough")
    assert not any("next to chance" in note for note in enough.notes)


def test_a_lesson_without_a_teacher_is_told(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    config = configured(epochs=1)
    taught = replace(config, distill=Distill(logits=3.0, temperature=2.0))
    result = train(taught, store, parts, tmp_path / "a")
    told = "not used without distill.teacher: distill.logits, distill.temperature"
    assert told in result.notes
    assert not any("distill" in note for note in train(config, store, parts, tmp_path / "b").notes)


@pytest.mark.long
def test_a_finished_run_says_that_it_is(store: Store, tmp_path: Path) -> None:
    run = tmp_path / "run"
    first = said(store, run, *QUICK, "--set=train.epochs=2")
    assert "already" not in first
    again = said(store, run, "--resume", "--device=cpu")
    assert "2 epochs of " in again
    assert "finished already, after 2" in again
    assert "from epoch" not in again
    # One that stopped early has epochs left that nobody will train.
    stopped = tmp_path / "stopped"
    patient = ("--set=train={epochs: 30, patience: 1, validation: 0.3, learning_rate: 1e-12}",)
    assert "stopped early" in said(store, stopped, *QUICK, *patient)
    again = said(store, stopped, "--resume", "--device=cpu")
    assert "finished already" in again
    assert "from epoch" not in again


def test_a_teacher_that_is_not_there_is_told_with_the_whole_path_that_was_tried(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    here = Path.cwd()
    teacher = train(configured(epochs=1), store, parts, tmp_path / "teacher").folder
    config = replace(configured(epochs=1), distill=Distill(teacher="teacher"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    try:
        os.chdir(tmp_path)
        train(config, store, parts, tmp_path / "run")
        os.chdir(elsewhere)
        with pytest.raises(SkelfuseError) as error:
            train(None, store, parts, tmp_path / "run", resume=True)
        assert f"{elsewhere / 'teacher'}: the teacher (distill.teacher): no such run" in str(
            error.value
        )
        assert "resumed from the folder that it was begun in" in str(error.value)
        os.chdir(teacher.parent)
        assert train(None, store, parts, tmp_path / "run", resume=True).epochs == 1
    finally:
        os.chdir(here)
