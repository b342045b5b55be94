"""Voters that are given one kind of feature do not see the others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from skelfuse.layers.normed_linear import NormedLinear
from skelfuse.layouts import KINECT_V2
from skelfuse.models import Size, SkelFuse

JOINTS, BONES, DISTANCES, ALL = range(4)
SIZE = Size(channels=4, width=8, dilations=(1,), voters=4)


def votes(x: Tensor, *, specialists: bool = True) -> Tensor:
    """Return the votes `[B,V,classes]` of a model that is the same each time."""
    torch.manual_seed(0)
    model = SkelFuse(
        KINECT_V2, 5, size=SIZE, specialists=specialists, dropout=0, evidence_dropout=0
    )
    found: Tensor = model.train()(x)
    return found


@pytest.fixture
def clips() -> Tensor:
    torch.manual_seed(1)
    return torch.randn(6, 8, 2, 25, 3).cumsum(dim=1)  # [B,T,M,N,D], of two people


@pytest.mark.parametrize(
    ("changed", "unmoved"), [("moved", {BONES, DISTANCES}), ("turned", {DISTANCES})]
)
def test_each_sees_what_it_is_given_and_no_more(
    clips: Tensor, changed: str, unmoved: set[int]
) -> None:
    along = torch.tensor([0.0, 1.0, 0.0])
    steps = torch.linspace(0, 5, 6)[:, None, None, None, None]  # BatchNorm hides equal ones
    turns = torch.linalg.matrix_exp(torch.randn(6, 3, 3) * torch.tensor([1.0, 0.5, 2.0]))
    turns = torch.linalg.qr(turns)[0][:, None, None]  # [B,1,1,3,3]
    other = clips + steps * along if changed == "moved" else clips @ turns
    before, after = votes(clips), votes(other)
    same = {v for v in range(4) if torch.allclose(before[:, v], after[:, v], atol=1e-3)}
    assert same == unmoved
    before, after = votes(clips, specialists=False), votes(other, specialists=False)
    assert not any(torch.allclose(before[:, v], after[:, v], atol=1e-3) for v in range(4))


def test_distances_are_given_to_their_voter_and_to_the_last() -> None:
    model = SkelFuse(KINECT_V2, 5, size=SIZE)
    assert model.embed.given is not None
    moving = model.streams.out_channels
    others, distances = model.embed.given[:, :moving], model.embed.given[:, moving:]
    for part, knowing in ((others, {JOINTS, BONES, ALL}), (distances, {DISTANCES, ALL})):
        of_voters = part.view(4, SIZE.channels, -1)
        assert {v for v in range(4) if of_voters[v].any()} == knowing
        assert of_voters[ALL].all()
    assert distances.view(4, SIZE.channels, -1)[DISTANCES].all()


def test_a_voter_alone_is_given_everything(clips: Tensor) -> None:
    one = Size(channels=4, width=8, dilations=(1,), voters=1)
    assert SkelFuse(KINECT_V2, 5, size=one).embed.given.all()  # type: ignore[union-attr]
    given = SkelFuse(KINECT_V2, 5, size=SIZE, distances=False).embed.given
    assert given is not None
    assert len(set(given.sum(dim=1).tolist())) == 3  # joints and the partner, bones, all


def test_what_is_not_given_counts_for_nothing() -> None:
    torch.manual_seed(0)
    given = torch.tensor([[True, False, True], [False, True, False]])
    layer = NormedLinear(3, 2, given)
    x = torch.randn(40, 3, requires_grad=True)
    for training in (True, False):
        layer.train(training)
        for output in range(2):
            (gradient,) = torch.autograd.grad(layer(x)[:, output].square().sum(), x)
            assert (gradient.abs().sum(dim=0) > 0).equal(given[output])
    nn.init.constant_(layer.linear.weight, 1e6)
    assert layer.folded()[0].ne(0).equal(given)


def test_who_is_given_less_starts_with_as_much() -> None:
    torch.manual_seed(0)
    given = torch.ones(400, 100, dtype=torch.bool)
    given[:200, 4:] = False
    mapped = NormedLinear(100, 400, given).eval()(torch.randn(500, 100))
    few, everything = mapped[:, :200].std().item(), mapped[:, 200:].std().item()
    assert few == pytest.approx(everything, rel=0.1)
