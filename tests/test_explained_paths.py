"""An explanation holds the model's own sums beside its shares, and they are exact."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch

from skelfuse.clip import Clip
from skelfuse.explain.hiding import explain_by_hiding
from skelfuse.layouts import COCO_17
from skelfuse.models.explainable import explainable
from skelfuse.run import Run
from skelfuse.training import TrainConfig, build_model
from skelfuse.training.config import ModelChoice

CLASSES = ("sit", "stand", "walk")


def run_of(name: str, size: str | None = None) -> Run:
    torch.manual_seed(0)
    config = TrainConfig(model=ModelChoice(name, size))
    model = build_model(config.model, COCO_17, len(CLASSES))
    model.train()
    for _ in range(3):  # running statistics of some clips
        model(torch.randn(4, 16, 1, 17, 2).cumsum(dim=1))
    return Run(model.eval(), config, COCO_17, CLASSES, Path("runs/x"), 1)


def walk() -> Clip:
    coords = np.random.default_rng(1).normal(size=(40, 1, 17, 2)).cumsum(axis=0)
    return Clip(coords.astype(np.float32), COCO_17, name="a", fps=30)


@pytest.mark.parametrize("size", ["nano", "pure"])
def test_own_and_together_are_what_the_logit_exceeds_the_average_by(size: str) -> None:
    run = run_of("skelfuse", size)
    found = explain_by_hiding(run, walk(), "stand", "sit", players="moments")
    assert found.own is not None
    assert found.together is not None
    given = torch.as_tensor(found.x, dtype=torch.float32)[None], torch.as_tensor(found.mask)[None]
    with torch.no_grad():
        logits = run.model(*given)[0]
        rest = explainable(run.model).by_joint(*given).rest
    beyond = (logits - rest)[1] - (logits - rest)[0]
    assert sum(found.own.values()) + found.together == pytest.approx(float(beyond), abs=1e-5)
    assert (found.together == 0) == (size == "pure")


def test_a_joints_statistics_are_its_own_but_for_the_usual() -> None:
    run = run_of("skelfuse", "pure")
    found = explain_by_hiding(run, walk(), "walk", players="moments")
    assert found.own is not None
    assert found.statistics is not None
    given = torch.as_tensor(found.x, dtype=torch.float32)[None], torch.as_tensor(found.mask)[None]
    usual = explainable(run.model).taken_apart(*given).usual[2]
    total: dict[str, float] = defaultdict(float)
    for (joint, _), value in found.statistics.items():
        total[joint] += value
    for n, (joint, own) in enumerate(found.own.items()):
        assert total[joint] - float(usual[n]) == pytest.approx(own, abs=1e-5)


def test_models_without_paths_say_nothing_of_them() -> None:
    found = explain_by_hiding(run_of("ddnet"), walk(), players="moments")
    assert found.own is None
    assert found.together is None
    assert found.statistics is None
