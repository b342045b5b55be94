"""What a model is asked of a clip: no more than is needed, and never too much at once."""

from __future__ import annotations

import sys
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from helpers.asked_models import Stub, clip_of, run_of, speed_of
from helpers.commands import in_new_process
from skelfuse.batches import Sampling
from skelfuse.explain.hiding import explain_by_hiding
from skelfuse.explain.players import Kind, joint_players, moment_players
from skelfuse.explain.questions import Questions
from skelfuse.layouts import KINECT_V2
from skelfuse.predict import Recogniser


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


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="memory is told by /proc")
def test_a_long_clip_of_two_takes_less_than_a_gigabyte() -> None:
    script = """
import numpy as np
from pathlib import Path
from skelfuse.clip import Clip
from skelfuse.layouts import KINECT_V2
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.training import ModelChoice, TrainConfig, build_model
config = TrainConfig(model=ModelChoice("skelfuse", "small"))
model = build_model(config.model, KINECT_V2, 60).eval()
run = Run(model, config, KINECT_V2, tuple(map(str, range(60))), Path("x"), 1)
coords = np.random.default_rng(0).normal(size=(50_000, 2, 25, 3)).astype(np.float32)
Recogniser(run).explain(Clip(coords, KINECT_V2, name="long"), players="limbs", rounds=2)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
    # The kernel's own account of this process: `ru_maxrss` begins with what its parent had used.
    kibibytes = int(in_new_process(script).stdout)
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


def test_what_a_crop_does_not_show_once_something_is_hidden_is_not_asked_about() -> None:
    blank: list[bool] = []

    def logits(x: Tensor, mask: Tensor) -> Tensor:
        blank.extend((~mask.flatten(1).any(dim=1)).tolist())
        seen = mask.float().mean(dim=(1, 2, 3))
        return torch.stack([0 * seen, 3 * seen, 0 * seen], dim=1)

    sampling = Sampling(frames=16, crop=(0.3, 0.3))  # three crops that hardly overlap
    run = run_of(Stub(logits), config={"sampling": sampling}, class_counts=(6, 2, 1))
    for players in get_args(Kind):
        found = explain_by_hiding(run, clip_of(persons=2), players=players, rounds=2, crops=3)
        assert sum(found.shares.values()) == pytest.approx(found.total, abs=1e-5)
    assert not any(blank)


def test_a_crop_in_which_nobody_is_seen_counts_as_it_does_in_a_prediction() -> None:
    def logits(x: Tensor, mask: Tensor) -> Tensor:
        seen = mask.float().mean(dim=(1, 2, 3))
        return torch.stack([0 * seen, 3 * seen, 1 - seen], dim=1)

    clip = clip_of()
    clip.coords[:15] = np.nan
    sampling = Sampling(frames=16, crop=(0.3, 0.3), centre=False)
    recogniser = Recogniser(run_of(Stub(logits), config={"sampling": sampling}), crops=3)
    found = recogniser.explain(clip, players="limbs", rounds=2)
    said = recogniser.predict(clip)
    np.testing.assert_allclose(found.probabilities, said.probabilities, atol=1e-6)
    assert sum(found.limbs.values()) == pytest.approx(found.total, abs=1e-5)


def test_a_joint_is_held_at_the_mean_of_where_it_was_seen() -> None:
    x = torch.arange(8.0).view(1, 4, 1, 2, 1)  # joint 0 at 0, 2, 4, 6; joint 1 at 1, 3, 5, 7
    mask = torch.ones(1, 4, 1, 2, dtype=torch.bool)
    mask[0, 3, 0, 0] = False
    given: list[tuple[Tensor, Tensor]] = []

    def model(x: Tensor, mask: Tensor) -> Tensor:
        given.append((x, mask))
        return torch.zeros(len(x), 2)

    which = torch.tensor([True, False]).view(1, 1, 1, 1, 2)
    Questions(model, x, mask, np.log([0.5, 0.5])).freezing(which)
    ((held, seen),) = given
    assert held[0, :, 0, :, 0].tolist() == [[2, 1], [2, 3], [2, 5], [2, 7]]
    assert torch.equal(seen, mask)
