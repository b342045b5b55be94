"""A teacher sees the very clips of its student, says what it decides on, and must fit."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from helpers.moving_hand import moving_store, student
from skelfuse.batches import Batches, Sampling
from skelfuse.errors import SkelfuseError
from skelfuse.models import MODELS, SkelFuse
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import ModelChoice, TrainConfig, build_model, train
from skelfuse.training.checkpoint import LAST
from skelfuse.training.teacher import Teacher, load_teacher

pytestmark = pytest.mark.training

Parts = dict[str, Any]


def test_the_teacher_sees_the_very_clips_of_the_student_and_stays_as_it_is(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path
) -> None:
    given: list[Tensor] = []
    students: list[Tensor] = []

    evidence = SkelFuse.evidence  # which teacher and student are asked for

    def heard(self: SkelFuse, x: Tensor, mask: Tensor | None = None) -> Any:
        (students if self.training else given).append(x.clone())
        return evidence(self, x, mask)

    before = (teacher / LAST).read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SkelFuse, "evidence", heard)
        config = student(teacher, epochs=2, mixing="mixup", validation=0)
        train(config, store, parts, tmp_path / "s")
    assert len(students) == len(given) == 6
    for x, own in zip(given, students, strict=True):
        assert torch.equal(x, own)
    assert (teacher / LAST).read_bytes() == before


@pytest.mark.parametrize("name", sorted(MODELS))
def test_any_model_teaches_what_its_classifier_decides_on(name: str, store: Store) -> None:
    torch.manual_seed(0)
    model = build_model(ModelChoice(name), store.skeleton, 3).eval()
    x, mask = torch.randn(2, 16, 1, 3, 3), torch.rand(2, 16, 1, 3) > 0.1
    expected = model(x, mask)
    teacher = Teacher(model, columns=(2, 0, 1), sha256="")
    said = teacher(x, mask)
    assert said.features.shape == (2, teacher.features)
    assert not said.logits.requires_grad
    torch.testing.assert_close(said.logits, expected[:, [2, 0, 1]])
    torch.testing.assert_close(model.decide(said.features), expected)


@pytest.mark.parametrize("choice", [ModelChoice("ddnet", options={"filters": 8})])
def test_any_model_can_learn_from_one(
    choice: ModelChoice, teacher: Path, store: Store, parts: Parts, tmp_path: Path
) -> None:
    config = replace(student(teacher, epochs=1), model=choice)
    train(config, store, parts, tmp_path / "s")
    assert (tmp_path / "s" / LAST).exists()


def _loaded(teacher: Path, store: Store) -> Teacher:
    return load_teacher(str(teacher), Sampling(frames=16), store, torch.device("cpu"))


def test_classes_are_matched_by_name(
    teacher: Path, store: Store, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    (batch,) = Batches(store, parts["test"], sampling=Sampling(frames=16)).epoch()
    said = _loaded(teacher, store)
    plain = said(batch.x, batch.mask)
    monkeypatch.setattr(store, "class_names", store.class_names[::-1])
    turned = _loaded(teacher, store)
    torch.testing.assert_close(turned(batch.x, batch.mask).logits, plain.logits.flip(1))


def test_joints_are_matched_by_name(
    teacher: Path, store: Store, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    (batch,) = Batches(store, parts["test"], sampling=Sampling(frames=16)).epoch()
    said = _loaded(teacher, store)
    plain = said(batch.x, batch.mask)
    body = replace(store.skeleton.permuted((2, 0, 1)), name="mine")
    monkeypatch.setattr(store, "skeleton", body)
    turned = _loaded(teacher, store)
    found = turned(batch.x[:, :, :, [2, 0, 1]], batch.mask[..., [2, 0, 1]])
    torch.testing.assert_close(found, plain)


def test_what_cannot_teach_is_told(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path
) -> None:
    config = student(teacher, epochs=1)

    def told(choice: TrainConfig, of: Store = store) -> str:
        with pytest.raises(SkelfuseError) as error:
            train(choice, of, parts, tmp_path / "s")
        assert not (tmp_path / "s").exists()
        return str(error.value)

    missing = told(student(tmp_path / "none"))
    assert "none: the teacher (distill.teacher): no such run; name a run's folder" in missing
    frames = told(replace(config, sampling=Sampling(frames=24)))
    assert (
        "the teacher was trained with a different sampling.frames: expected 16, found 24" in frames
    )
    assert "--set sampling.frames=16" in frames
    drawn = Sampling(frames=16, crop=(0.5, 1.0), jitter=0.2)  # how clips are drawn may differ
    train(replace(config, sampling=drawn), store, parts, tmp_path / "drawn")
    twig = Skeleton("twig", joints=("a", "b"), bones=(("b", "a"),), root="a")
    other = told(config, moving_store(tmp_path / "twig.h5", skeleton=twig))
    assert "different skeletons" in other
    assert "expected twig (2 joints), found arm (3 joints): without 'a', 'b' and with" in other
    few = moving_store(tmp_path / "few.h5", clips=2)
    with pytest.raises(SkelfuseError, match=r"different classes.*not in both: along z"):
        train(config, few, {"train": np.arange(2)}, tmp_path / "s")


def test_another_teacher_in_its_place_is_told(
    teacher: Path, store: Store, parts: Parts, tmp_path: Path
) -> None:
    shutil.copytree(teacher, tmp_path / "t")
    config = student(tmp_path / "t", epochs=1)
    train(config, store, parts, tmp_path / "s")
    train(config, store, parts, tmp_path / "s", resume=True)
    shutil.rmtree(tmp_path / "t")
    train(
        replace(student(epochs=1), model=ModelChoice("skelfuse", "pure")),
        store,
        parts,
        tmp_path / "t",
    )
    with pytest.raises(SkelfuseError, match="the teacher is not as it was when the run began"):
        train(config, store, parts, tmp_path / "s", resume=True)
