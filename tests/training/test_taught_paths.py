"""The own path learns from what the together path says, and never the other way round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from helpers.moving_hand import configured
from skelfuse.batches import Batches
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17
from skelfuse.models import STGCN, SkelFuse
from skelfuse.models.paths import own_votes
from skelfuse.run import load_run
from skelfuse.store import Store
from skelfuse.training import Fit, ModelChoice, train
from skelfuse.training.checkpoint import WEIGHT, read_checkpoint
from skelfuse.training.losses import TEACHING_TEMPERATURE, path_losses, softened_divergence


def by_hand(own: Tensor, teacher: Tensor) -> Tensor:
    """Return T² Σ p log(p / q) of one vote's logits."""
    p, q = ((logits / TEACHING_TEMPERATURE).softmax(0) for logits in (teacher, own))
    return TEACHING_TEMPERATURE**2 * (p * (p / q).log()).sum()


def test_it_is_the_mean_over_the_own_paths_votes() -> None:
    votes = torch.randn(3, 5, 4)  # two votes of the own path, three of the other
    found = path_losses(votes, 2)
    expected = [
        torch.stack([by_hand(own, clip[2:].mean(0)) for own in clip[:2]]).mean() for clip in votes
    ]
    torch.testing.assert_close(found, torch.stack(expected))


def test_where_both_say_the_same_there_is_nothing_to_learn() -> None:
    votes = torch.randn(3, 1, 4).expand(3, 6, 4)
    torch.testing.assert_close(path_losses(votes, 3), torch.zeros(3))


def test_the_teacher_learns_nothing() -> None:
    votes = torch.randn(3, 5, 4, requires_grad=True)
    torch.autograd.backward(path_losses(votes, 2).sum())
    assert votes.grad is not None
    assert votes.grad[:, :2].abs().min() > 0
    assert votes.grad[:, 2:].abs().max() == 0


def test_votes_are_the_own_paths_first() -> None:
    model = SkelFuse(COCO_17, 3, size="nano")
    x = torch.randn(4, 8, 1, 17, 2)
    votes = model(x)
    count = own_votes(model)
    assert count is not None
    own = model.own_classifier
    with torch.no_grad():
        own.weight.zero_()
        own.bias.zero_()
    again = model(x)
    assert again[:, :count].abs().max() == 0
    assert again[:, count:].abs().min() > 0
    assert votes.shape == again.shape
    assert own_votes(SkelFuse(COCO_17, 3, size="pure")) is None
    assert own_votes(STGCN(COCO_17, 3)) is None


@pytest.mark.training
def test_a_taught_own_path_agrees_more_with_the_other(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    def apart(teach_own: float) -> float:
        config = configured(
            ModelChoice("skelfuse", "nano"), average=0, epochs=30, teach_own=teach_own
        )
        run = train(config, store, parts, tmp_path / f"{teach_own}", device="cpu")
        model: Any = load_run(run.folder).model
        (batch,) = Batches(
            store, range(len(store)), sampling=config.sampling, batch_size=len(store)
        ).epoch()
        with torch.no_grad():
            own, together = model.paths(model.features(batch.x, batch.mask))
        return float(softened_divergence(own / model.own_share, together / model.share, 1.0).mean())

    assert apart(20.0) < 0.85 * apart(0.0)


@pytest.mark.training
def test_a_model_of_one_path_learns_the_same(
    store: Store, parts: dict[str, Any], tmp_path: Path
) -> None:
    def weights(teach_own: float) -> dict[str, Tensor]:
        config = configured(ModelChoice("skelfuse", "pure"), epochs=1, teach_own=teach_own)
        run = train(config, store, parts, tmp_path / f"{teach_own}", device="cpu")
        return read_checkpoint(run.folder / "last.safetensors", only=WEIGHT)[1]

    plain, taught = weights(0.0), weights(1.0)
    assert all(torch.equal(value, taught[name]) for name, value in plain.items())


def test_less_than_nothing_is_refused() -> None:
    with pytest.raises(SkelfuseError, match="'teach_own' is out of range"):
        replace(Fit(), teach_own=-1.0)
