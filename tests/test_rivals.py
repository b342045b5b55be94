"""A class against its rivals with the same questions, and limbs quickly enough to be told live."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from skelfuse.clip import Clip
from skelfuse.explain.asked import Asked
from skelfuse.explain.hiding import explain_by_hiding, explain_with_rivals
from skelfuse.explain.limb_shares import AFFORDED, limb_shares
from skelfuse.explain.limbs import limbs_of
from skelfuse.layouts import HAND_21, KINECT_V2, UTD_MHAD
from skelfuse.run import Run
from skelfuse.skeleton import Skeleton

CLASSES = ("bow", "kick", "nod", "sit", "wave")


@pytest.fixture(scope="module")
def run() -> Run:
    from skelfuse.training import build_model, config_from_dict

    torch.manual_seed(3)
    config = config_from_dict({"sampling": {"frames": 16}, "model": {"size": "nano"}})
    model = build_model(config.model, KINECT_V2, len(CLASSES)).eval()
    for name, weight in model.named_parameters():
        if "classifier" in name:
            weight.data *= 30  # it is sure of itself, at least
    return Run(model, config, KINECT_V2, CLASSES, Path("runs/x"), 1)


@pytest.fixture(scope="module")
def clip() -> Clip:
    moving = np.random.default_rng(0).normal(size=(40, 1, 25, 3)).cumsum(axis=0) / 9
    return Clip(moving, KINECT_V2, name="a", fps=30)


@pytest.mark.long
def test_each_rival_gets_what_it_would_get_alone(run: Run, clip: Clip) -> None:
    found = explain_with_rivals(run, clip, "sit", "nod", rounds=4)
    assert [one.target for one in found] == ["sit"] * 5
    assert [one.against for one in found[:2]] == [None, "nod"]
    likely = sorted(
        set(CLASSES) - {"sit", "nod"}, key=lambda name: -found[0].probabilities[CLASSES.index(name)]
    )
    assert [one.against for one in found[2:]] == likely
    for one in found:
        alone = explain_by_hiding(run, clip, "sit", one.against, rounds=4)
        assert one.joints == pytest.approx(alone.joints, abs=1e-4)
        assert one.limbs == pytest.approx(alone.limbs, abs=1e-4)
        assert one.hidden == pytest.approx(alone.hidden, abs=1e-5)
        assert sum(one.joints.values()) == pytest.approx(one.total, abs=1e-5)
        assert (one.named is None) == (alone.named is None)


def test_rivals_cost_hardly_a_question(run: Run, clip: Clip) -> None:
    asked = Asked(run, clip, rounds=2, seed=0, crops=1)
    first = asked.explanation("sit", None, "limbs")
    once = asked.questions.asked
    for rival in ("bow", "kick", "nod", "wave"):
        assert asked.explanation("sit", rival, "limbs").hidden == first.hidden
    assert asked.questions.asked - once <= 4 * 40  # the strongest pairs may be others


@pytest.mark.parametrize("body", [UTD_MHAD, KINECT_V2, HAND_21])
@pytest.mark.parametrize("frames", [32, 64, 200])
def test_a_window_costs_what_can_be_afforded(body: Skeleton, frames: int) -> None:
    cells = [0]

    def model(x: Tensor, mask: Tensor) -> Tensor:
        cells[0] += mask.numel()
        seen = mask.float().mean((1, 2))  # [B,N]
        return torch.stack([3 * seen.mean(dim=1), seen[:, 0]], dim=1)

    x = torch.zeros(1, frames, 1, len(body), body.dimensions)
    mask = torch.ones(x.shape[:-1], dtype=torch.bool)
    nothing = np.log([0.5, 0.5])
    shares = limb_shares(model, x, mask, body, nothing, 0)
    assert list(shares) == list(limbs_of(body))
    whole = model(x, mask).double().log_softmax(dim=1)[0, 0].item()
    assert sum(shares.values()) == pytest.approx(whole - nothing[0], abs=1e-6)
    players = len(shares)
    least = (2 * (players - 1) + 1) * mask.numel()  # two orders, whatever they cost
    assert cells[0] - mask.numel() <= max(AFFORDED + mask.numel(), least)


def test_a_limb_is_that_of_everybody() -> None:
    def model(x: Tensor, mask: Tensor) -> Tensor:
        wrists = mask[..., KINECT_V2.index("right_wrist")].float().sum((1, 2))
        return torch.stack([wrists, torch.zeros(len(x))], dim=1)

    x, mask = torch.zeros(1, 4, 2, 25, 3), torch.ones(1, 4, 2, 25, dtype=torch.bool)
    mask[:, :, 0, KINECT_V2.index("right_wrist")] = False  # the other one's counts alike
    shares = limb_shares(model, x, mask, KINECT_V2, np.log([0.5, 0.5]), 0)
    assert max(shares, key=lambda name: shares[name]) == "right arm"
    assert [name for name, share in shares.items() if abs(share) > 1e-9] == ["right arm"]
    assert limb_shares(model, x, torch.zeros_like(mask), KINECT_V2, np.log([0.5, 0.5]), 0) == {}
