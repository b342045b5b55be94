"""What a run relies on, over a store: class by class, with the spread over people."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from helpers import stick_figure
from skelfuse.batches import Sampling
from skelfuse.cli.explain import explain
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.explain.answer import Explanation
from skelfuse.explain.reliance import Reliance, reliance_of
from skelfuse.explain.reliance_text import plot_reliance, reliance_text
from skelfuse.layouts import COCO_17
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.training import TrainConfig

ANKLE, WRIST = COCO_17.index("left_ankle"), COCO_17.index("right_wrist")


class Ankles(nn.Module):
    """A model that tells a wave by what the left ankle does, and a kick by nothing at all."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        speed = x[:, :, 0, ANKLE].diff(dim=1).norm(dim=-1) * mask[:, 1:, 0, ANKLE]
        wave = speed.sum(dim=1) * 100
        return torch.stack([0 * wave, wave], dim=1)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    config = TrainConfig(sampling=Sampling(frames=12, centre=False))
    return Recogniser(Run(Ankles(), config, COCO_17, ("kick", "wave"), Path("run"), 1))


def clips() -> list[Clip]:
    found = []
    for number in range(6):
        coords = np.zeros((12, 1, 17, 2), np.float32)
        coords[:, 0] = np.random.default_rng(0).normal(size=(17, 2))
        turn = np.arange(12) + number
        coords[:, 0, WRIST, 0] += np.sin(turn)  # it waves
        coords[:6, 0, ANKLE, 0] += 0.01 * (number + 1) * np.sin(turn[:6])  # early, a little
        label = ["wave", "wave", "wave", "wave", "kick", None][number]
        found.append(
            Clip(coords, COCO_17, name=str(number), label=label, subject="ab"[number % 2], fps=6)
        )
    return found


@pytest.fixture(scope="module")
def found(recogniser: Recogniser) -> Reliance:
    return reliance_of(
        lambda clip: recogniser.explain(clip, players="limbs"), clips(), COCO_17, run="r", store="s"
    )


def test_parts_add_up_and_what_is_odd_is_listed(found: Reliance) -> None:
    (wave,) = found.classes
    assert (wave.name, wave.clips, wave.correct, wave.counted, wave.people) == ("wave", 4, 4, 4, 2)
    assert wave.limbs.sum() == pytest.approx(1)
    assert wave.moments.sum() == pytest.approx(1)
    assert wave.moved.sum() == pytest.approx(1)
    leg = found.limbs.index("left leg")
    assert wave.limbs[leg] == pytest.approx(1)
    assert wave.moved[found.limbs.index("right arm")] > 0.9
    assert wave.moments[:3].sum() > 0.7
    assert [found.limbs[i] for i in wave.odd()] == ["left leg"]
    assert found.missed == ("kick",)
    text = reliance_text(found)
    assert "wave: left leg 100% of the decision" in text
    assert "Odd: 1 class relies on a limb that hardly moves" in text
    assert "Never recognised: kick." in text
    assert "not counted" not in text


@pytest.mark.parametrize("unsure", [{"0", "2"}, {"0", "1", "2", "3"}])
def test_a_correct_clip_without_anything_to_share_is_correct_and_told(
    unsure: set[str], recogniser: Recogniser
) -> None:
    def explain(clip: Clip) -> Explanation:
        found = recogniser.explain(clip, players="limbs", rounds=2)
        return replace(found, total=-0.1) if clip.name in unsure else found

    found = reliance_of(explain, clips(), COCO_17, run="r", store="s")
    assert found.missed == ("kick",)
    why = "as the class was at least as likely before anything was seen"
    if len(unsure) == 2:
        (wave,) = found.classes
        assert (wave.clips, wave.correct, wave.counted, wave.people) == (4, 4, 2, 1)
        assert f"Correct clips that are not counted, {why}: 2 of 4 of wave." in reliance_text(found)
        assert found.uncounted == ()
    else:
        assert (found.classes, found.uncounted) == ((), ("wave",))
        assert f"Correct clips that are not counted, {why}: all of wave." in reliance_text(found)
        with pytest.raises(SkelfuseError, match=r"nothing to draw: expected a clip .* among .* s;"):
            plot_reliance(found, "classes.png")


@pytest.mark.slow
def test_a_picture_is_drawn(found: Reliance, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot_reliance(found, tmp_path / "classes.png")
    assert (tmp_path / "classes.png").read_bytes()[1:4] == b"PNG"


def test_without_labels_there_is_nothing_to_tell() -> None:
    clip = Clip(np.zeros((3, 1, 17, 2), np.float32), COCO_17, name="a")
    with pytest.raises(SkelfuseError, match="no labelled clip to explain") as told:
        reliance_of(lambda _: pytest.fail("asked"), [clip], COCO_17, run="r", store="s")
    assert "\n" not in str(told.value)


@pytest.mark.long
@pytest.mark.training
def test_the_command_sums_up_a_store(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    clips = [stick_figure.acted(label, 60, seed=i) for i, label in enumerate(("wave", "nod"))]
    stick_figure.stored(
        stick_figure.write_npz(tmp_path / "raw.npz", clips, ["wave", "nod"]), tmp_path / "clips.h5"
    )
    arguments = [str(run), "--data", str(tmp_path / "clips.h5"), "--summary"]
    with pytest.raises(SkelfuseError, match="no protocol is given"):
        CliRunner().invoke(explain, arguments, catch_exceptions=False)
    arguments += ["--part", "all", "--json", "-o", str(tmp_path / "a.json")]
    arguments += ["--plot", str(tmp_path / "a.png")]
    done = CliRunner().invoke(explain, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    table = CliRunner().invoke(explain, [*arguments[:6], "--rounds", "2"], catch_exceptions=False)
    assert table.stdout.startswith("class  correct")
    assert re.search(r"^wave +1 of 1 ", table.stdout, re.MULTILINE)
    values = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert {one["class"] for one in values["classes"]} == {"wave", "nod"}
    assert (tmp_path / "a.png").exists()
