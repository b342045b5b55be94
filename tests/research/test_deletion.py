"""Deletion and insertion: what the evidence names is what the model needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helpers import stick_figure
from research.faithfulness.curves import By, Course, course_of, faithfulness, order_of, rankings
from skelfuse.batches import batch_of
from skelfuse.run import load_run
from skelfuse.training import ModelChoice

pytestmark = pytest.mark.training

HAND = stick_figure.JOINTS.index("right_hand")


@pytest.fixture(scope="module")
def pure(stick_run: Callable[[ModelChoice], Path]) -> SimpleNamespace:
    choice = ModelChoice("skelfuse", "pure", {"directions": 3, "streams": ("joint", "bone")})
    run = load_run(stick_run(choice))
    clip = stick_figure.clip_of(stick_figure.acted("wave", 60, seed=51))
    batch = batch_of([clip], sampling=run.config.sampling)
    return SimpleNamespace(model=run.model, x=batch.x, mask=batch.mask, class_names=run.class_names)


@pytest.mark.parametrize("by", ["joints", "frames"])
def test_curves_begin_and_end_with_the_whole_clip_and_with_nothing(
    pure: SimpleNamespace, by: By
) -> None:
    whole = pure.model(pure.x, pure.mask).softmax(1).max().item()
    nothing = pure.model(pure.x, torch.zeros_like(pure.mask)).softmax(1)[0]
    number = int(pure.model(pure.x, pure.mask).argmax())
    for course in faithfulness(pure.model, pure.x, pure.mask, by=by, steps=4).values():
        assert course.deletion[0] == pytest.approx(whole, abs=1e-5)
        assert course.insertion[-1] == pytest.approx(whole, abs=1e-5)
        assert course.deletion[-1] == pytest.approx(nothing[number].item(), abs=1e-5)
        assert course.insertion[0] == pytest.approx(nothing[number].item(), abs=1e-5)
        assert 0 <= course.deletion_area <= 1


def test_evidence_finds_the_joint_that_decides(pure: SimpleNamespace) -> None:
    number = pure.class_names.index("wave")
    scores = rankings(pure.model, pure.x, pure.mask, number, by="joints")
    order = order_of(scores["evidence"], pure.mask, "joints")
    assert HAND in order[:2]  # that the head is still speaks for a wave as well
    given = (pure.model, pure.x, pure.mask, number)
    best = course_of(*given, order, by="joints", steps=5)
    worst = course_of(*given, np.ascontiguousarray(order[::-1]), by="joints", steps=5)
    assert best.deletion_area < worst.deletion_area
    assert best.insertion_area > worst.insertion_area


def test_what_was_never_seen_has_no_place_in_the_order(pure: SimpleNamespace) -> None:
    mask = pure.mask.clone()
    mask[:, 3:5] = False
    order = order_of(np.arange(mask.shape[1]) * 1.0, mask, "frames")
    assert 3 not in order
    assert 4 not in order
    assert order[0] == mask.shape[1] - 1


def test_areas_are_those_of_known_curves() -> None:
    course = Course(np.array([1.0, 0, 0]), np.array([0, 1.0, 1]))
    assert (course.deletion_area, course.insertion_area) == (0.25, 0.75)
