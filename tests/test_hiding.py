"""Explanations by hiding: exact for every model and clip, bounded, and about the right joint."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from skelfuse.batches import Sampling
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.explain.hiding import explain_by_hiding
from skelfuse.explain.players import joint_players, moment_players
from skelfuse.explain.questions import Questions
from skelfuse.explain.seen import log_class_shares
from skelfuse.layouts import COCO_17, KINECT_V2
from skelfuse.predict import Recogniser, load
from skelfuse.run import Run
from skelfuse.skeleton import Skeleton
from skelfuse.training import Fit, ModelChoice, TrainConfig, build_model

TESTS = Path(__file__).parent
FIGURE = SimpleNamespace(**runpy.run_path(str(TESTS / "stick_figure.py")))
AS_TRAINED = SimpleNamespace(**runpy.run_path(str(TESTS / "as_trained.py"))).as_trained

MODELS = {
    "skelfuse": ModelChoice("skelfuse", "nano"),
    "pure": ModelChoice("pure", options={"directions": 3, "windows": (1,)}),
    "stgcn": ModelChoice("stgcn", options={"channels": (4, 8), "blocks": (1, 1)}),
    "ddnet": ModelChoice("ddnet", options={"filters": 4}),
}


class Stub(nn.Module):
    """A model that is a plain function."""

    def __init__(self, logits: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.logits, self.one = logits, nn.Parameter(torch.ones(1))
        self.largest = 0

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        self.largest = max(self.largest, mask.numel())
        return self.logits(x, mask)


def run_of(model: nn.Module, skeleton: Skeleton = COCO_17, **facts: Any) -> Run:
    sampling = Sampling(frames=facts.pop("frames", 16), centre=False)
    config = replace(TrainConfig(sampling=sampling), **facts.pop("config", {}))
    classes = facts.pop("classes", ("nod", "wave", "kick"))
    return Run(model, config, skeleton, classes, Path("run"), 1, {}, {}, {}, **facts)


def clip_of(
    skeleton: Skeleton = COCO_17, persons: int = 1, frames: int = 30, **fields: Any
) -> Clip:
    draw = np.random.default_rng(0)
    coords = draw.normal(size=(frames, persons, len(skeleton), skeleton.dimensions))
    return Clip(coords.astype(np.float32), skeleton, name="a", fps=10, **fields)


def speed_of(joint: int) -> Stub:
    """Return a model for which the speed of a joint decides between its first two classes."""

    def logits(x: Tensor, mask: Tensor) -> Tensor:
        both = mask[:, 1:, 0, joint] & mask[:, :-1, 0, joint]
        speed = torch.where(both, x[:, :, 0, joint].diff(dim=1).norm(dim=-1), 0).sum(dim=1)
        return torch.stack([0 * speed, speed, 0 * speed], dim=1)

    return Stub(logits)


@pytest.mark.parametrize("persons", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_the_shares_of_any_model_add_up_for_any_seed(
    name: str, persons: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skelfuse.explain.hiding.MOST", 1)
    torch.manual_seed(0)
    model = build_model(MODELS[name], COCO_17, 3)
    AS_TRAINED(model)
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


def test_what_is_explained_is_what_is_predicted(stick_run: Callable[[ModelChoice], Path]) -> None:
    recogniser = load(stick_run(MODELS["skelfuse"]), device="cpu")
    clip = FIGURE.clip_of(FIGURE.acted("wave", 60, seed=51))
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
    AS_TRAINED(model)
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


def test_twenty_joints_in_sixteen_rounds_take_so_many_questions() -> None:
    model = speed_of(10)
    calls = []
    model.register_forward_hook(lambda _, given, __: calls.append(len(given[0])))
    explain_by_hiding(run_of(model), clip_of())
    # 16 rounds of 16 sets, each joint hidden and held still, 64 sets of moments, and of limbs (32),
    # 64 of the strongest five, and the named ones.
    assert sum(calls) <= 16 * 16 + 17 + 17 + 64 + 32 + 64 + 5


def test_a_batch_is_bounded_however_much_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skelfuse.explain.questions.CELLS_AT_ONCE", {"cpu": 2000})
    model = speed_of(10)
    explain_by_hiding(run_of(model), clip_of(persons=2))
    assert 2000 - 16 * 2 * 17 < model.largest <= 2000
    monkeypatch.setattr("skelfuse.explain.questions.CELLS_AT_ONCE", {"cpu": 1})
    one = Stub(model.logits)
    found = explain_by_hiding(run_of(one), clip_of(persons=2))
    assert one.largest == 16 * 2 * 17  # a clip cannot be asked about in parts
    assert sum(found.joints.values()) == pytest.approx(found.total, abs=1e-5)


def test_a_long_clip_of_two_takes_less_than_a_gigabyte() -> None:
    script = """
import resource, numpy as np
from pathlib import Path
from skelfuse.clip import Clip
from skelfuse.layouts import KINECT_V2
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.training import ModelChoice, TrainConfig, build_model
config = TrainConfig(model=ModelChoice("skelfuse", "small"))
model = build_model(config.model, KINECT_V2, 60).eval()
run = Run(model, config, KINECT_V2, tuple(map(str, range(60))), Path("x"), 1, {}, {}, {})
coords = np.random.default_rng(0).normal(size=(50_000, 2, 25, 3)).astype(np.float32)
Recogniser(run).explain(Clip(coords, KINECT_V2, name="long"), players="limbs", rounds=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    kibibytes = int(done.stdout) / (1024 if sys.platform == "darwin" else 1)
    assert kibibytes < 1e9 / 1024


def test_players_are_disjoint_and_cover_what_was_seen() -> None:
    mask = torch.rand(2, 12, 2, 25, generator=torch.manual_seed(0)) < 0.4
    mask[:, 3:5] = False
    position = torch.linspace(0, 20, 12, dtype=torch.float64).expand(2, -1)
    parts, segments = moment_players(mask, position)
    for players in (parts, joint_players(mask, KINECT_V2)):
        owners = players.cells.expand(-1, 2, 12, 2, 25).sum(dim=0)
        assert (owners[mask] == 1).all()
        assert not bool(
            players.seen(np.zeros((1, len(players)), bool))[0].expand(mask.shape)[mask].any()
        )
        everybody = players.seen(np.ones((1, len(players)), bool))
        assert bool(everybody.all())
    assert [one.first for one in segments[1:]] == [one.last for one in segments[:-1]]


def test_a_joint_is_held_at_the_mean_of_where_it_was_seen() -> None:
    x = torch.arange(8.0).view(1, 4, 1, 2, 1)  # joint 0 at 0, 2, 4, 6; joint 1 at 1, 3, 5, 7
    mask = torch.ones(1, 4, 1, 2, dtype=torch.bool)
    mask[0, 3, 0, 0] = False
    given: list[tuple[Tensor, Tensor]] = []

    def model(x: Tensor, mask: Tensor) -> Tensor:
        given.append((x, mask))
        return torch.zeros(len(x), 2)

    which = torch.tensor([True, False]).view(1, 1, 1, 1, 2)
    Questions(model, x, mask).freezing(which)
    ((held, seen),) = given
    assert held[0, :, 0, :, 0].tolist() == [[2, 1], [2, 3], [2, 5], [2, 7]]
    assert torch.equal(seen, mask)
