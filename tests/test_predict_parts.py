"""What a trained run says about each person, each joint, and each part of a long recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import skelfuse
from helpers import stick_figure
from helpers.stick_figure import ACTIONS, STICK, acted, clip_of
from skelfuse.batches import batch_of
from skelfuse.errors import SkelfuseError
from skelfuse.models import SkelFuse
from skelfuse.models.paths import Parts, own_share
from skelfuse.predict import Recogniser
from skelfuse.predict.windows import merged
from skelfuse.run import Run
from skelfuse.training import ModelChoice, TrainConfig, build_model

pytestmark = pytest.mark.training


def test_persons_are_also_recognised_alone(recogniser: Recogniser) -> None:
    people = [acted("nod", 60, seed=1), acted("wave", 60, seed=2), np.full((60, 5, 2), np.nan)]
    found = recogniser.predict(clip_of(np.stack(people, axis=1)), persons=True)
    first, second, nobody = found.persons
    assert first is not None
    assert second is not None
    assert (first.best, second.best, nobody) == ("nod", "wave", None)
    for who, alone in ((people[0], first), (people[1], second)):
        expected = recogniser.predict(clip_of(who)).probabilities
        np.testing.assert_allclose(alone.probabilities, expected, atol=1e-6)
    whole = recogniser.predict(clip_of(np.stack(people, axis=1)))
    np.testing.assert_allclose(found.probabilities, whole.probabilities, atol=1e-6)
    assert whole.persons == ()


@pytest.mark.long
def test_joints_say_what_they_add(stick_run: Callable[[ModelChoice], Path]) -> None:
    recogniser = skelfuse.load(stick_run(stick_figure.PURE), device="cpu")
    found = recogniser.predict(clip_of(acted("wave", 60, seed=3)), joints=True)
    assert found.best == "wave"
    assert "right_hand" in [joint for joint, _ in found.by_joint()[:2]]
    assert found.by_joint() == found.by_joint("wave") != found.by_joint("nod")
    plain = recogniser.predict(clip_of(acted("wave", 60, seed=3)))
    np.testing.assert_allclose(found.probabilities, plain.probabilities, atol=1e-6)
    assert (found.own_share, plain.own_share) == (1.0, None)  # there is no other path
    with pytest.raises(SkelfuseError, match="not asked for"):
        plain.by_joint()
    with pytest.raises(SkelfuseError, match="no class 'jump'"):
        found.by_joint("jump")


def test_the_share_of_each_path_is_that_of_its_part_in_the_decision(
    recogniser: Recogniser,
) -> None:
    clip = clip_of(acted("wave", 60, seed=4))
    found = recogniser.predict(clip, joints=True)
    batch = batch_of([clip], sampling=recogniser.run.config.sampling)
    model = recogniser.run.model
    assert isinstance(model, SkelFuse)
    with torch.no_grad():
        features = model.features(batch.x, batch.mask)
        own, together = (part[0].double().numpy() for part in model.paths(features))
    first, second = np.argsort(-(own + together))[:2]
    mine, ours = own[first] - own[second], together[first] - together[second]
    assert found.own_share == pytest.approx(abs(mine) / (abs(mine) + abs(ours)), abs=1e-4)
    assert found.own_share is not None
    assert 0 < found.own_share < 1


def test_a_share_counts_what_speaks_for_and_against() -> None:
    own = torch.tensor([[3.0, 0, 1], [1, 0, 0], [0, 0, 0]])
    together = torch.tensor([[1.0, 0, 2], [0, 0, 0], [0, 0, 0]])
    share = own_share(Parts(own, together))
    torch.testing.assert_close(share, torch.tensor([2 / 3, 1, 1]))
    torch.testing.assert_close(own_share(Parts(together, own))[:2], torch.tensor([1 / 3, 0]))
    torch.testing.assert_close(own_share(Parts(own[:, :1], together[:, :1]))[:2], torch.ones(2))


def test_models_that_do_not_split_say_so() -> None:
    config = TrainConfig(model=ModelChoice("ddnet", options={"filters": 8}))
    model = build_model(config.model, STICK, 3).eval()
    run = Run(model, config, STICK, ACTIONS, Path("x"), 1)
    Recogniser(run).predict(clip_of(acted("wave")))
    with pytest.raises(SkelfuseError, match=r"decisions of DDNet are no sum over joints"):
        Recogniser(run).predict(clip_of(acted("wave")), joints=True)


def test_a_long_recording_is_taken_apart(recogniser: Recogniser) -> None:
    glued = np.concatenate([acted("wave", 150, seed=7), acted("nod", 150, seed=8)])
    clip = clip_of(glued)
    windows = recogniser.timeline(clip, window="1s", stride="0.25s")
    assert windows[0].begins == 0
    assert windows[-1].ends == 10
    for window in windows:  # where one action goes over into the other it may look like anything
        if window.after <= 150 or window.first >= 150:
            assert window.best == ("wave" if window.after <= 150 else "nod")
    parts = merged(windows)
    assert (parts[0].best, parts[-1].best) == ("wave", "nod")
    assert (parts[0].begins, parts[-1].ends) == (0, 10)
    assert [one.ends for one in parts[:-1]] == [one.begins for one in parts[1:]]
    for time in (parts[0].ends, parts[-1].begins):
        assert time == pytest.approx(5, abs=1)
    # A window is a clip of its own.
    alone = recogniser.predict(clip_of(glued[windows[3].first : windows[3].after]))
    assert windows[3].prediction is not None
    np.testing.assert_allclose(windows[3].prediction.probabilities, alone.probabilities, atol=1e-6)


def test_a_window_without_anybody_has_no_class(recogniser: Recogniser) -> None:
    coords = acted("wave", 180, seed=9)
    coords[60:120] = np.nan
    windows = recogniser.timeline(clip_of(coords), window="30f", stride="30f")
    assert [window.best for window in windows] == ["wave"] * 2 + [None] * 2 + ["wave"] * 2
    assert [part.best for part in merged(windows)] == ["wave", None, "wave"]
    with pytest.raises(SkelfuseError, match="need a frame rate"):
        recogniser.timeline(replace(clip_of(coords), fps=None), window="2s")
