"""A joint that a clip never shows counts as usual: nothing of it is told, learned or decided on."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from helpers.as_trained import as_trained
from skelfuse.layouts import KINECT_V2
from skelfuse.models import Size, SkelFuse

LITTLE = Size(channels=4, alone=(1,), summary=4, width=8, dilations=(1,))
LOST = [KINECT_V2.index(joint) for joint in ("left_wrist", "left_hand", "head")]


def clips(persons: int = 2) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    x = torch.randn(4, 12, persons, 25, 3).cumsum(dim=1) / 3
    mask = torch.ones(x.shape[:4], dtype=torch.bool)
    mask[:, :, :, LOST] = False
    return x, mask


@pytest.mark.parametrize("together", [0.0, 0.5])
@pytest.mark.parametrize("training", [False, True])
def test_wherever_a_joint_is_that_was_never_seen_nothing_changes(
    training: bool, together: float
) -> None:
    torch.manual_seed(0)
    model = SkelFuse(KINECT_V2, 3, size=LITTLE, together=together, dropout=0, evidence_dropout=0)
    model.train(training)
    x, mask = clips()
    other = x.clone()
    other[:, :, :, LOST] = 7.0
    assert torch.equal(model(x, mask), model(other, mask))


def test_its_features_in_other_clips_are_normalised_as_if_these_were_not_there() -> None:
    torch.manual_seed(0)
    model = SkelFuse(KINECT_V2, 3, size=LITTLE, streams=("joint", "bone"), together=0.0)
    x, mask = clips(1)
    everything = torch.ones_like(mask)
    both = torch.cat([x, x + 1]), torch.cat([mask, everything])
    bodies = model.fold(*both)
    features = model.features_of(bodies)
    assert features.known is not None
    normal = model.embed.norm(features.values, features.known)  # in training
    known = features.known.expand_as(normal)
    inside = [model.fold.skeleton.index(KINECT_V2.joints[n]) for n in LOST]
    assert not normal[:4, :, inside][..., :3].any()  # 0 is the average
    for feature in range(normal.shape[3]):
        of_known = normal[..., feature][known[..., feature]]
        torch.testing.assert_close(of_known.mean(), torch.zeros(()), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(of_known.std(), torch.ones(()), rtol=1e-2, atol=1e-2)


def test_what_it_usually_gives_is_not_asked_of_it() -> None:
    model = SkelFuse(KINECT_V2, 3, size=LITTLE, together=0.0)
    as_trained(model)
    x, mask = clips()
    found = model.taken_apart(x[:1], mask[:1])
    assert not found.usual[:, LOST].any()
    assert not found.worth[:, :, LOST].any()
    others = [n for n in range(25) if n not in LOST]
    assert found.usual[:, others].all()


def test_statistics_of_the_own_path_are_of_clips_that_show_the_joint() -> None:
    torch.manual_seed(0)
    model = SkelFuse(KINECT_V2, 3, size=LITTLE, together=0.0).train()
    x, mask = clips()
    assert model.own_norm.running_mean is not None
    model(x, mask)
    kept = model.own_norm.running_mean.view(2, 25, 4)  # joints in the model's own order
    inside = [model.fold.skeleton.index(KINECT_V2.joints[n]) for n in LOST]
    assert not kept[:, inside].any()
    assert kept.abs().sum(dim=(0, 2)).count_nonzero() == 25 - len(LOST)
