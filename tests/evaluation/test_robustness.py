"""What a run makes of worse recordings: the table, and the command that prints it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from helpers import trained_run
from helpers.commands import called, ran
from helpers.ramps import ramp
from skelfuse.batches import Sampling
from skelfuse.errors import SkelfuseError
from skelfuse.evaluation import Robustness, evaluate, evaluate_robustness, robustness_text
from skelfuse.evaluation.conditions import without_joints
from skelfuse.layouts import SBU_15
from skelfuse.models.model import Model
from skelfuse.run import Run
from skelfuse.store import Store
from skelfuse.training import TrainConfig

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def found(run: Run, store: Store, test_part: npt.NDArray[np.intp]) -> Robustness:
    told: list[int] = []
    found = evaluate_robustness([run], store, test_part, progress=told.append)
    assert told[-1] == len(test_part) * len(found.conditions)
    return found


@pytest.mark.long
def test_the_table_is_that_of_stores_that_were_recorded_so(
    found: Robustness, run: Run, store: Store, test_part: npt.NDArray[np.intp], tmp_path: Path
) -> None:
    assert found.clips == len(test_part)
    for test, top1 in list(zip(found.conditions, found.top1, strict=True))[::3]:
        changed = [test.change(clip) for clip in store]
        other = Store(trained_run.written(tmp_path / f"{test.kind}{test.strength}.h5", changed))
        assert evaluate([run], other, test_part).metrics.top1 == pytest.approx(top1, abs=1e-9)
    by_kind = {
        (one.kind, one.strength): top1
        for one, top1 in zip(found.conditions, found.top1, strict=True)
    }
    assert by_kind["unchanged", None] > 0.5, "the run has learned nothing: this would prove little"
    assert by_kind["mirror", None] < by_kind["unchanged", None]  # two actions are of one hand
    assert by_kind["missing", 0.5] < by_kind["unchanged", None]
    assert found.notes == ("nothing tells which axis is vertical: y is taken for it",)


@pytest.mark.long
def test_neither_the_order_of_clips_nor_a_second_copy_of_the_run_matters(
    found: Robustness, run: Run, store: Store, test_part: npt.NDArray[np.intp]
) -> None:
    assert evaluate_robustness([run, run], store, test_part[::-1]).top1 == found.top1
    assert evaluate_robustness([run], store, test_part, seed=5).top1 != found.top1


class Direction(Model):
    """Tells, without learning, whether the last joint ends up higher or lower than it began."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, -1.0]))

    def features(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        seen = torch.ones(x.shape[:2]) if mask is None else mask[:, :, 0, -1].float()  # [B,T]
        height = x[:, :, 0, -1, 1] * seen
        return height[:, -1:] - height[:, :1]

    def decide(self, features: torch.Tensor) -> torch.Tensor:
        return features * self.weight

    def reset_classifier(self, num_classes: int) -> None:
        raise NotImplementedError


def up_and_down(path: Path, labels: tuple[str, str] = ("up", "down"), **made: bool) -> Store:
    """Write clips whose last joint rises in their first half, then stays or falls far below."""
    clips = []
    for i in range(40):
        one = ramp(SBU_15, frames=21, label=labels[i % 2])
        coords = np.broadcast_to(one.coords[:1, :1], (21, 1, 15, 3)).copy()
        height = np.interp(np.arange(21), [0, 10, 20], [0, 3, 3 if i % 2 == 0 else -6])
        coords[:, 0, -1, 1] += height.astype(np.float32)
        clips.append(replace(one, coords=coords, name=f"clip{i}"))
    return Store(trained_run.written(path, clips, **made))


def test_a_rule_that_is_known_scores_what_can_be_foretold(tmp_path: Path) -> None:
    store = up_and_down(tmp_path / "s.h5")
    run = Run(
        Direction(),
        TrainConfig(sampling=Sampling(frames=21)),
        store.skeleton,
        ("up", "down"),
        tmp_path / "none",
        1,
    )
    found = evaluate_robustness([run], store, np.arange(40))
    by_name = {one.name: top1 for one, top1 in zip(found.conditions, found.top1, strict=True)}
    assert found.notes == ()
    assert by_name["first 50 % of the clip alone"] == 0.5  # nothing has fallen yet
    assert by_name["first 25 % of the clip alone"] == 0.5
    exact = ("as recorded", "first 75 %", "half the", "twice the", "camera", "jitter")
    for name, top1 in by_name.items():
        if name.startswith(exact):
            assert top1 == 1.0, name
    assert by_name["left and right swapped"] == 0.5  # the other foot stands still
    # Where the joint itself is gone nothing moves, and the first class is said, right or wrong.
    for share in (0.1, 0.3, 0.5):
        gone = [
            not without_joints(clip, share).mask[:, 0, -1].any() and clip.label == "down"
            for clip in store
        ]
        assert by_name[f"{100 * share:.0f} % of the joints missing"] == 1 - np.mean(gone)


def test_a_store_that_was_aligned_is_aligned_after_the_turn(tmp_path: Path) -> None:
    store = up_and_down(tmp_path / "s.h5", align=True)
    seen: list[torch.Tensor] = []

    class Watching(Direction):
        def features(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
            seen.append(x)
            return super().features(x, mask)

    run = Run(Watching(), TrainConfig(), store.skeleton, ("up", "down"), tmp_path / "none", 1)
    found = evaluate_robustness([run], store, np.arange(40))
    turns = [x for x, one in zip(seen, found.conditions, strict=True) if one.kind == "turn"]
    assert len(turns) == 3
    for x in turns:
        torch.testing.assert_close(x, turns[0], atol=1e-4, rtol=0)


def test_what_cannot_be_evaluated_is_told(
    run: Run, store: Store, test_part: npt.NDArray[np.intp], tmp_path: Path
) -> None:
    with pytest.raises(SkelfuseError, match="needs a run"):
        evaluate_robustness([], store, test_part)
    with pytest.raises(SkelfuseError, match="no labelled clip"):
        evaluate_robustness([run], store, test_part[:0])
    with pytest.raises(SkelfuseError, match="does not know the class 'up'"):
        evaluate_robustness([run], up_and_down(tmp_path / "a.h5"), [0])
    other = up_and_down(tmp_path / "b.h5", ("A9 kick", "A1 nod"))
    with pytest.raises(SkelfuseError, match="different skeletons"):
        evaluate_robustness([run], other, [0])


@pytest.mark.long
def test_the_command_prints_and_writes_the_table(
    folder: Path, tmp_path: Path, found: Robustness
) -> None:
    base = ["evaluate", str(folder / "run"), "--data", str(folder / "store.h5")]
    plain = ran(*base)
    assert "robustness, " not in plain.stdout
    text = ran(*base, "--robustness")
    assert text.stdout.startswith(plain.stdout)
    assert text.stdout.endswith(f"\n{robustness_text(found)}\n")
    out = tmp_path / "out"
    result = called(*base, "--robustness", "--json", "--out", out)
    told = json.loads(result.stdout)
    assert (
        told["robustness"] == found.as_dict() == json.loads((out / "robustness.json").read_text())
    )
    assert told["robustness"]["conditions"][0]["top1"] == told["metrics"]["top1"]
    assert not (folder / "run" / "robustness.json").exists()
