"""Voters that are given one kind of feature do not see the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from skelfuse.layouts import KINECT_V2
from skelfuse.models import Size, SkelFuse
from skelfuse.models.embed import JointEmbedding
from skelfuse.models.motion_features import Features

JOINTS, BONES, DISTANCES, ALL = range(4)
SIZE = Size(channels=4, alone=(1,), summary=4, width=8, dilations=(1,), voters=4)


def votes(x: Tensor, *, specialists: bool = True) -> Tensor:
    """Return the votes `[B,V,2·classes]`, both paths', of a model that is the same each time."""
    torch.manual_seed(0)
    model = SkelFuse(
        KINECT_V2, 5, size=SIZE, specialists=specialists, dropout=0, evidence_dropout=0
    )
    found: Tensor = model.train()(x)  # [B,2·V,classes]
    return torch.cat(found.chunk(2, dim=1), dim=2)


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


def given_by_stream(model: SkelFuse) -> dict[str, set[int]]:
    """Say to which voters each stream is given, all of it or nothing."""
    assert model.embed.given is not None
    each = model.embed.given.view(4, SIZE.channels, -1)
    told: dict[str, set[int]] = {}
    for name in model.features_of.streams:
        own = [stream == name for stream in model.features_of.stream_of]
        of_voters = each[:, :, own].flatten(1)
        assert (of_voters.any(dim=1) == of_voters.all(dim=1)).all()
        told[name] = {v for v in range(4) if of_voters[v].all()}
    return told


def test_each_stream_is_given_to_its_voter_and_to_the_last() -> None:
    assert given_by_stream(SkelFuse(KINECT_V2, 5, size=SIZE)) == {
        "joint": {JOINTS, ALL},
        "partner": {JOINTS, ALL},
        "bone": {BONES, ALL},
        "distances": {DISTANCES, ALL},
        "partner_distances": {DISTANCES, ALL},
    }


def test_whose_stream_is_not_there_is_given_everything() -> None:
    model = SkelFuse(KINECT_V2, 5, size=SIZE, streams=("joint", "bone"))
    assert given_by_stream(model) == {
        "joint": {JOINTS, DISTANCES, ALL},
        "bone": {BONES, DISTANCES, ALL},
    }


def test_a_voter_alone_is_given_everything() -> None:
    one = replace(SIZE, voters=1)
    assert SkelFuse(KINECT_V2, 5, size=one).embed.given.all()  # type: ignore[union-attr]
    assert SkelFuse(KINECT_V2, 5, size=SIZE, specialists=False).embed.given is None


def test_what_is_not_given_counts_for_nothing() -> None:
    torch.manual_seed(0)
    given = torch.tensor([[True, False, True], [False, True, False]])
    layer = JointEmbedding(3, 1, 2, given)
    x = torch.randn(40, 1, 1, 3, requires_grad=True)
    for training in (True, False):
        layer.train(training)
        for output in range(2):
            mapped = layer(Features(x, None))[..., output]
            (gradient,) = torch.autograd.grad(mapped.square().sum(), x)
            assert (gradient.abs().sum(dim=(0, 1, 2)) > 0).equal(given[output])
    nn.init.constant_(layer.free, 1e6)
    assert layer.weight().ne(0).equal(given)


def test_who_is_given_less_starts_with_as_much() -> None:
    torch.manual_seed(0)
    given = torch.ones(400, 100, dtype=torch.bool)
    given[:200, 4:] = False
    layer = JointEmbedding(100, 1, 400, given).eval()
    mapped = layer(Features(torch.randn(500, 1, 1, 100), None)) - layer.identity
    few, everything = mapped[..., :200].std().item(), mapped[..., 200:].std().item()
    assert few == pytest.approx(everything, rel=0.1)


def test_an_embedding_is_its_parts() -> None:
    torch.manual_seed(0)
    layer = JointEmbedding(6, 3, 4)
    x, known = torch.randn(5, 7, 3, 6) * 3 + 1, torch.rand(5, 1, 3, 6) > 0.3
    layer(Features(x, known))  # one step of training
    found = layer.eval()(Features(x, known))
    assert layer.norm.running_mean is not None
    assert layer.norm.running_var is not None
    usual = torch.where(known, x, layer.norm.running_mean)  # what is not told is as usual
    normal = (usual - layer.norm.running_mean) / (layer.norm.running_var + 1e-5).sqrt()
    expected = normal @ layer.free.T + layer.bias + layer.identity
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
