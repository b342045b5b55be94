"""What a trained run says about clips and arrays, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.stick_figure import ACTIONS, BONES, JOINTS, STICK, acted, clip_of
from skelfuse.batches import Sampling
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17
from skelfuse.predict import Recogniser
from skelfuse.predict.recogniser import ROWS_AT_ONCE
from skelfuse.run import Run
from skelfuse.skeleton import Skeleton
from skelfuse.training import ModelChoice, TrainConfig, build_model

pytestmark = pytest.mark.training


def test_new_performances_are_recognised(recogniser: Recogniser) -> None:
    for action in ACTIONS:
        found = recogniser.predict(clip_of(acted(action, 80, seed=999)))
        assert found.best == action
        assert found.probability > 0.8
        assert found.probabilities.sum() == pytest.approx(1)
        assert found.classes == ACTIONS
        assert next(name for name, _ in found.top(99)) == action


def test_an_array_is_recognised_as_the_clip_of_it(recogniser: Recogniser) -> None:
    coords = acted("wave", 50, seed=5)
    expected = recogniser.predict(clip_of(coords)).probabilities
    for given in (coords, coords[:, None], coords.astype(np.float64)):
        found = recogniser.predict_array(given)
        np.testing.assert_array_equal(found.probabilities, expected)
    order = [3, 0, 4, 2, 1]
    shuffled = recogniser.predict_array(coords[:, order], joint_names=[JOINTS[i] for i in order])
    np.testing.assert_array_equal(shuffled.probabilities, expected)
    with pytest.raises(SkelfuseError, match="joints' names are not those"):
        recogniser.predict_array(coords, joint_names=["a", "b", "c", "d", "e"])
    with pytest.raises(SkelfuseError, match="must be numbers"):
        recogniser.predict_array(np.full((4, 5, 2), "x"))
    with pytest.raises(SkelfuseError, match="wrong shape"):
        recogniser.predict_array(coords[:, :4])


def test_joints_in_another_order_are_matched_by_their_names(recogniser: Recogniser) -> None:
    order = (4, 2, 0, 1, 3)
    coords = acted("nod", 50, seed=6)
    there = recogniser.predict(clip_of(coords))
    other = replace(STICK.permuted(order), name="somebody's own")
    here = recogniser.predict(clip_of(coords[:, list(order)], other))
    np.testing.assert_array_equal(here.probabilities, there.probabilities)


@pytest.mark.parametrize(
    ("skeleton", "told"),
    [
        (COCO_17, "'coco-17', 17 joints in 2 dimensions"),
        (replace(STICK, dimensions=3), "'stick', 5 joints in 3 dimensions"),
        (
            Skeleton("tail", (*JOINTS, "tail"), (*BONES, ("tail", "hip")), "hip", dimensions=2),
            "6 joints in 2 dimensions with tail",
        ),
    ],
)
def test_another_body_is_told(recogniser: Recogniser, skeleton: Skeleton, told: str) -> None:
    coords = np.zeros((9, len(skeleton), skeleton.dimensions))
    with pytest.raises(SkelfuseError, match="has another skeleton") as error:
        recogniser.predict(clip_of(coords, skeleton))
    assert told in str(error.value)


def test_missing_joints_are_no_obstacle_and_nobody_is_an_error(recogniser: Recogniser) -> None:
    coords = acted("wave", 60, seed=8)
    coords[10:14] = np.nan
    coords[:, 3] = np.nan
    coords[::7, 2] = np.nan
    assert recogniser.predict(clip_of(coords)).best == "wave"
    with pytest.raises(SkelfuseError, match="shows nobody"):
        recogniser.predict(clip_of(np.full_like(coords, np.nan)))


def test_a_run_that_samples_by_rate_needs_the_rate() -> None:
    config = TrainConfig(
        sampling=Sampling(frames=16, fps=15), model=ModelChoice("skelfuse", "nano")
    )
    run = Run(build_model(config.model, STICK, 3).eval(), config, STICK, ACTIONS, Path("x"), 1)
    recogniser = Recogniser(run)
    recogniser.predict_array(acted("wave"), fps=30)
    with pytest.raises(SkelfuseError, match="does not say its frame rate"):
        recogniser.predict_array(acted("wave"))


@pytest.mark.long
def test_thousands_of_clips_are_never_held_together(recogniser: Recogniser) -> None:
    read_ahead, ahead = 0, []

    def clips() -> Iterator[Clip]:
        nonlocal read_ahead
        for i in range(2000):
            read_ahead += 1
            yield clip_of(acted("wave", 4, seed=i), name=f"{i}")

    for i, found in enumerate(recogniser.predict_many(clips(), batch_size=50)):
        assert found.name == f"{i}"
        ahead.append(read_ahead - i)
    assert len(ahead) == 2000
    assert max(ahead) == 50

    def long_ones() -> Iterator[Clip]:
        nonlocal read_ahead
        long = np.zeros((ROWS_AT_ONCE // 2, 5, 2), np.float32)
        for _ in range(6):
            read_ahead += 1
            yield clip_of(long)

    read_ahead = 0
    for i, _ in enumerate(recogniser.predict_many(long_ones())):
        assert read_ahead - i <= 2


def test_a_bad_clip_ends_all_or_is_handed_over(recogniser: Recogniser) -> None:
    good = clip_of(acted("nod", seed=3), name="good")
    clips = [good, clip_of(np.zeros((5, 17, 2)), COCO_17, name="bad"), good]
    with pytest.raises(SkelfuseError, match="'bad' has another skeleton"):
        list(recogniser.predict_many(clips))
    bad: list[str] = []
    found = recogniser.predict_many(clips, on_error=lambda clip, _: bad.append(clip.name))
    assert [one.best for one in found] == ["nod", "nod"]
    assert bad == ["bad"]
    assert list(recogniser.predict_many([])) == []
