"""Explanations by hiding: exact for every model and clip, bounded, and about the right joint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from helpers import stick_figure
from helpers.as_trained import as_trained
from helpers.asked_models import Stub, clip_of, run_of, speed_of
from skelfuse.batches import Sampling
from skelfuse.errors import SkelfuseError
from skelfuse.explain.hiding import explain_by_hiding
from skelfuse.explain.limbs import limbs_of
from skelfuse.explain.seen import log_class_shares
from skelfuse.layouts import COCO_17
from skelfuse.models.persons import keep_to
from skelfuse.predict import Recogniser, load
from skelfuse.training import Fit, ModelChoice, TrainConfig, build_model

TESTS = Path(__file__).parent

MODELS = {
    "skelfuse": ModelChoice("skelfuse", "nano"),
    "pure": stick_figure.PURE,
    "stgcn": ModelChoice("stgcn", options={"channels": (4, 8), "blocks": (1, 1)}),
    "ddnet": ModelChoice("ddnet", options={"filters": 4}),
}


@pytest.mark.slow
@pytest.mark.parametrize("persons", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_the_shares_of_any_model_add_up_for_any_seed(
    name: str, persons: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skelfuse.explain.asked.MOST", 1)
    torch.manual_seed(0)
    model = build_model(MODELS[name], COCO_17, 3)
    as_trained(model)
    clip = clip_of(persons=persons)
    for seed in (0, 1):
        found = explain_by_hiding(run_of(model), clip, rounds=2, seed=seed)
        assert found.total == pytest.approx(np.log(found.probability * 3), abs=1e-6)
        assert sum(found.joints.values()) == pytest.approx(found.total, abs=1e-5)
        assert sum(found.limbs.values()) == pytest.approx(found.total, abs=1e-5)
        assert sum(one.share for one in found.moments) == pytest.approx(found.total, abs=1e-5)
        assert len(found.joints) == 17 * persons
    assert ("nose, person 2" in found.joints) == (persons == 2)
    rather = explain_by_hiding(run_of(model), clip, "nod", "kick", rounds=2)
    p = dict(zip(rather.classes, rather.probabilities, strict=True))
    assert rather.total == pytest.approx(np.log(p["nod"] / p["kick"]), abs=1e-6)
    assert sum(rather.joints.values()) == pytest.approx(rather.total, abs=1e-5)


@pytest.mark.training
def test_what_is_explained_is_what_is_predicted(stick_run: Callable[[ModelChoice], Path]) -> None:
    recogniser = load(stick_run(MODELS["skelfuse"]), device="cpu")
    clip = stick_figure.clip_of(stick_figure.acted("wave", 60, seed=51))
    said, found = recogniser.predict(clip), recogniser.explain(clip)
    np.testing.assert_allclose(found.probabilities, said.probabilities, atol=1e-6)
    assert (found.target, found.clip, found.players) == (said.best, "a", "joints")
    assert found.rounds == 0  # five joints: every set was asked
    assert repr(found).startswith(f"Explanation('a': wave, {said.probability:.1%}; right_hand +")
    again = recogniser.explain(clip)
    assert again.joints == found.joints


def test_crops_are_averaged_as_in_predictions() -> None:
    torch.manual_seed(0)
    model = build_model(MODELS["skelfuse"], COCO_17, 3)
    as_trained(model)
    sampling = Sampling(frames=16, crop=(0.5, 0.8))
    recogniser = Recogniser(run_of(model, config={"sampling": sampling}), crops=3)
    found = recogniser.explain(clip_of(), rounds=2)
    said = recogniser.predict(clip_of())
    np.testing.assert_allclose(found.probabilities, said.probabilities, atol=1e-6)
    assert sum(one.share for one in found.moments) == pytest.approx(found.total, abs=1e-5)


def test_nothing_seen_is_what_the_training_clips_say() -> None:
    counted = run_of(Stub(lambda x, mask: x), class_counts=(6, 2, 0))
    np.testing.assert_allclose(np.exp(log_class_shares(counted)), np.array([6, 2, 0.5]) / 8.5)
    for other in (
        replace(counted, class_counts=None),
        replace(counted, config=TrainConfig(train=Fit(class_weights="balanced"))),
    ):
        np.testing.assert_allclose(np.exp(log_class_shares(other)), np.full(3, 1 / 3))
    found = explain_by_hiding(replace(counted, model=speed_of(3)), clip_of(), rounds=2)
    assert found.total == pytest.approx(np.log(found.probability / (2 / 8.5)), abs=1e-6)


def test_a_joint_that_alone_decides_has_every_share_and_is_named() -> None:
    found = explain_by_hiding(run_of(speed_of(10)), clip_of())
    assert found.joints["right_wrist"] == pytest.approx(found.total)
    others = {name: share for name, share in found.joints.items() if name != "right_wrist"}
    assert max(map(abs, others.values())) < 1e-9
    assert found.named is not None
    assert found.named.names == ("right_wrist",)
    # Held still, or hidden, nothing is left but the uniform answer; alone it is all there is.
    assert found.named.frozen == pytest.approx(1 / 3)
    assert found.named.hidden == pytest.approx(1 / 3)
    assert found.named.only == pytest.approx(found.probability)
    assert found.frozen["nose"] == pytest.approx(found.probability)
    assert found.hidden["nose"] == pytest.approx(found.probability)
    assert max(map(abs, found.pairs.values())) < 1e-9


def test_two_joints_that_do_the_same_have_equal_shares_and_a_synergy_below_zero() -> None:
    def either(x: Tensor, mask: Tensor) -> Tensor:
        seen = mask[:, :, 0, 9].any(dim=1) | mask[:, :, 0, 10].any(dim=1)
        return torch.stack([0.0 * seen, 3.0 * seen, 0.0 * seen], dim=1)

    found = explain_by_hiding(run_of(Stub(either)), clip_of())
    left, right = found.joints["left_wrist"], found.joints["right_wrist"]
    noise = 4 * np.hypot(found.error["left_wrist"], found.error["right_wrist"]) + 1e-9
    assert left == pytest.approx(right, abs=noise)
    pair, synergy = next(iter(found.pairs.items()))
    assert set(pair) == {"left_wrist", "right_wrist"}
    assert synergy == pytest.approx(-found.total)


def test_moments_say_when_in_seconds() -> None:
    def late(x: Tensor, mask: Tensor) -> Tensor:
        seen = mask[:, 10:12].flatten(1).any(dim=1)
        return torch.stack([0.0 * seen, 3.0 * seen, 0.0 * seen], dim=1)

    found = explain_by_hiding(run_of(Stub(late)), clip_of(), players="moments")
    assert (found.moments[0].begins, found.moments[-1].ends) == pytest.approx((0, 2.9))
    shares = [one.share for one in found.moments]
    assert int(np.argmax(shares)) == 4  # frames 10 and 11 of 16: 1.93 to 2.13 of 2.9 s
    assert shares[4] == pytest.approx(found.total)
    assert found.named is not None
    assert found.named.frozen is None
    assert (found.joints, found.limbs, found.frozen) == ({}, {}, {})


def test_what_was_never_seen_is_no_player() -> None:
    clip = clip_of(persons=2)
    clip.coords[:, 0, 5] = np.nan
    clip.coords[:, 1] = np.nan
    found = explain_by_hiding(run_of(speed_of(10)), clip, rounds=2)
    assert len(found.joints) == 16
    assert "left_shoulder" not in found.joints
    assert "right_wrist" in found.joints  # nobody else is there: without "person 1"
    clip.coords[:, 0, :10] = clip.coords[:, 0, 11:] = np.nan
    alone = explain_by_hiding(run_of(speed_of(10)), clip, rounds=2)
    assert alone.joints == {"right_wrist": pytest.approx(alone.total)}
    assert alone.error == {"right_wrist": 0}
    assert alone.pairs == {}


def test_a_joint_that_no_training_clip_showed_has_no_share() -> None:
    torch.manual_seed(0)
    model = build_model(MODELS["skelfuse"], COCO_17, 3)
    as_trained(model)
    known = [joint for joint in COCO_17.joints if joint not in limbs_of(COCO_17)["head"]]
    keep_to(model, known, persons=1)
    recogniser = Recogniser(run_of(model, class_counts=(1, 2, 3)))
    found = recogniser.explain(clip_of(persons=2), rounds=2)
    assert set(found.joints) == set(known)  # of one person: nobody else is looked at
    assert "head" not in found.limbs
    assert sum(found.joints.values()) == pytest.approx(found.total, abs=1e-5)
    said = recogniser.predict(clip_of(persons=2), limbs=True)
    np.testing.assert_allclose(found.probabilities, said.probabilities, atol=1e-6)
    assert said.limbs is not None
    assert set(said.limbs) == set(found.limbs)
    assert sum(said.limbs.values()) == pytest.approx(found.total, abs=1e-5)


def test_what_cannot_be_explained_is_told_in_one_line() -> None:
    run, clip = run_of(speed_of(10)), clip_of()
    nobody = replace(clip, coords=np.full_like(clip.coords, np.nan))
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: Recogniser(run).explain(nobody), "clip 'a' shows nobody"),
        (lambda: explain_by_hiding(run, nobody), "clip 'a' shows nobody"),
        (lambda: explain_by_hiding(run, clip, "kik"), "no class 'kik' .did you mean 'kick'"),
        (lambda: explain_by_hiding(run, clip, "nod", "nod"), "compared with itself"),
        (lambda: explain_by_hiding(run, clip, players="bones"), "expected joints, limbs, moments"),  # type: ignore[arg-type]
        (lambda: explain_by_hiding(run, clip, rounds=1), "too few rounds"),
        (lambda: explain_by_hiding(run_of(speed_of(1), classes=("a",)), clip), "a single class"),
    ]
    for call, words in calls:
        with pytest.raises(SkelfuseError, match=words) as found:
            call()
        assert "\n" not in str(found.value)
    broken = Stub(lambda x, mask: torch.full((len(x), 3), torch.nan))
    with pytest.raises(SkelfuseError, match="run: the model's scores are not numbers"):
        explain_by_hiding(run_of(broken), clip)
