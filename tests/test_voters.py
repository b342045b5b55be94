"""Voters do not see each other, and their mean decides."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from skelfuse.errors import SkelfuseError
from skelfuse.layers import Directions, FrierenFuse, NonNegativeLinear
from skelfuse.layers.blocks import assembled
from skelfuse.layers.voting_linear import VotingLinear, decision
from skelfuse.layouts import KINECT_V2
from skelfuse.models import Size, SkelFuse
from skelfuse.models.together import Together
from skelfuse.training.losses import clip_losses
from skelfuse.training.mixing import Mixed

THREE = Size(channels=2, alone=(1, 2), summary=3, width=8, dilations=(1, 2), voters=3)


def heard(y: Tensor, x: Tensor, voters: int) -> list[list[bool]]:
    """Say which voter's output depends on which voter's input; both `[...,V·C]`."""
    outputs = torch.unflatten(y, -1, (voters, -1))
    table = []
    for voter in range(voters):
        (grad,) = torch.autograd.grad(outputs[..., voter, :].square().sum(), x, retain_graph=True)
        table.append(
            (torch.unflatten(grad, -1, (voters, -1)).abs().flatten(0, -3).sum((0, 2)) > 0).tolist()
        )
    return table


ALONE = [[True, False, False], [False, True, False], [False, False, True]]


@pytest.mark.parametrize("fuse", [True, False])
def test_together_paths_side_by_side_do_not_hear_each_other(fuse: bool) -> None:
    torch.manual_seed(0)
    together = Together(5, 2, 8, dilations=(1, 2), voters=3, directions=2, fuse=fuse).eval()
    x = torch.randn(2, 9, 5, 6, requires_grad=True)
    assert heard(together(x), x, 3) == ALONE


def test_voters_of_the_own_path_do_not_hear_each_other() -> None:
    torch.manual_seed(0)
    model = SkelFuse(KINECT_V2, 5, size=THREE).eval()
    h = torch.randn(2, 9, 25, 6, requires_grad=True)
    course = model.alone(h)
    assert heard(course, h, 3) == ALONE
    assert model.frieren is not None
    assert heard(model.frieren(course).y, h, 3) == ALONE


def test_groups_of_frieren_fuse_do_not_hear_each_other() -> None:
    torch.manual_seed(0)
    fuse = FrierenFuse(6, 12, groups=3)
    x = torch.randn(2, 9, 5, 6, requires_grad=True)
    found = fuse(x)
    assert heard(found.y, x, 3) == ALONE
    assert heard(found.h, x, 3) == ALONE


def test_a_group_is_a_frieren_fuse_of_its_own() -> None:
    torch.manual_seed(0)
    together, alone = FrierenFuse(6, 12, groups=3), FrierenFuse(2, 4)
    with torch.no_grad():
        alone.project.raw.copy_(together.project.raw[1:2])
        alone.head.raw.copy_(together.head.raw[1:2])
    x = torch.randn(2, 9, 5, 6)
    torch.testing.assert_close(together(x).y[..., 2:4], alone(x[..., 2:4]).y)
    own = [i for i, name in enumerate(together.feature_names) if 4 <= name.direction < 8]
    torch.testing.assert_close(together(x).features[..., own], alone(x[..., 2:4]).features)
    torch.testing.assert_close(together.weight()[own, 2:4], alone.weight())


def test_directions_are_orthonormal_and_weights_not_negative_in_groups() -> None:
    U = Directions(12, 6, groups=3)()
    torch.testing.assert_close(U.T @ U, torch.eye(6), atol=1e-5, rtol=0)
    assert (U.unflatten(0, (3, 4)).abs().amax((1, 2)) > 0).all()
    weight = NonNegativeLinear(12, 6, groups=3, turn=2).weight()
    assert (weight >= 0).all()
    assert int((weight > 0).sum()) == 12 * 6 // 3


@pytest.mark.parametrize("counts", [(7, 4), (8, 5)])
def test_what_cannot_be_shared_out_is_told(counts: tuple[int, int]) -> None:
    with pytest.raises(SkelfuseError, match="multiple of 4, the number of groups"):
        FrierenFuse(counts[0], counts[1] * 4 if counts[0] == 7 else 5, groups=4)


def test_blocks_take_turns() -> None:
    blocks = torch.arange(1.0, 17).view(2, 2, 2, 2)  # [G,Q,K,C]
    matrix = assembled(blocks)
    for q in range(2):
        for g in range(2):
            rows = slice(4 * q + 2 * g, 4 * q + 2 * g + 2)
            assert matrix[rows, 2 * g : 2 * g + 2].equal(blocks[g, q])
            assert not matrix[rows, 2 - 2 * g : 4 - 2 * g].any()


def test_the_decision_is_the_mean_of_the_votes() -> None:
    torch.manual_seed(0)
    layer = VotingLinear(24, 5, voters=3, channels=2)
    x = torch.randn(7, 24)
    votes = layer(x)
    assert votes.shape == (7, 3, 5)
    torch.testing.assert_close(votes.mean(1), layer.eval()(x))
    torch.testing.assert_close(decision(votes), layer(x))
    expected = x @ layer.decision_weight().T + layer.bias
    torch.testing.assert_close(layer(x), expected)
    own = x.view(7, 4, 3, 2)[:, :, 1].flatten(1)  # what voter 1 sees
    weight = layer.weight.view(5, 4, 3, 2)[:, :, 1].flatten(1)
    torch.testing.assert_close(votes[:, 1], own @ weight.T + layer.bias)


def test_a_model_of_voters_votes_in_training_and_decides_in_evaluation() -> None:
    torch.manual_seed(0)
    model = SkelFuse(KINECT_V2, 5, size=THREE)
    x = torch.randn(4, 12, 1, 25, 3)
    assert model(x).shape == (4, 6, 5)  # three of each path
    assert model.eval()(x).shape == (4, 5)


def test_each_voter_learns_by_its_own_loss() -> None:
    torch.manual_seed(0)
    votes = torch.randn(4, 3, 5)
    label = torch.tensor([0, 1, 2, 3])
    clips = Mixed(torch.zeros(4, 2, 1, 3, 3), torch.ones(4, 2, 1, 3, dtype=torch.bool), label)
    each = [clip_losses(votes[:, voter], clips, smoothing=0.1) for voter in range(3)]
    found = clip_losses(votes, clips, smoothing=0.1)
    torch.testing.assert_close(found, torch.stack(each).mean(0))
    assert (found - clip_losses(votes.mean(1), clips, smoothing=0.1)).abs().min() > 1e-3
    with pytest.raises(SkelfuseError, match="shared out among the voters"):
        VotingLinear(10, 2, voters=3)
