"""SkelFuse: its sizes and options, and that a decision is linear in what FrierenFuse found."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from helpers.as_trained import as_trained
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import KINECT_V2, LAYOUTS
from skelfuse.models import SIZES, Frequencies, Size, SkelFuse, describe
from skelfuse.models.persons import Bodies
from skelfuse.models.skelfuse import Evidence
from skelfuse.models.steps import only, seen_in_steps
from skelfuse.models.together import Gather
from skelfuse.skeleton import Skeleton

LIMITS = {"nano": 0.15e6, "tiny": 0.3e6, "small": 0.5e6, "base": 1.5e6, "pure": 0.3e6}
GROWING = ("nano", "tiny", "small", "base")
LITTLE = Size(channels=4, alone=(1,), summary=5, width=16, dilations=(1, 2))


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def little(**options: object) -> SkelFuse:
    """Return a little model as if trained."""
    torch.manual_seed(0)
    model = SkelFuse(KINECT_V2, 7, **{"size": LITTLE, **options})  # type: ignore[arg-type]
    as_trained(model)
    return model


@pytest.mark.parametrize("name", SIZES)
def test_a_size_keeps_its_promise(name: str) -> None:
    assert parameters(SkelFuse(KINECT_V2, 60, size=name)) <= LIMITS[name]


def test_a_size_has_a_name() -> None:
    for name, size in SIZES.items():
        of_name, of_size = (SkelFuse(KINECT_V2, 5, size=one) for one in (name, size))
        assert list(of_name.state_dict()) == list(of_size.state_dict())
    with pytest.raises(SkelfuseError, match="did you mean 'tiny'"):
        SkelFuse(KINECT_V2, 5, size="tny")


def test_a_model_drops_what_its_size_says_unless_told_otherwise() -> None:
    nano = SIZES["nano"]

    def dropped(first: float | None = None, second: float | None = None) -> set[float]:
        model = SkelFuse(KINECT_V2, 5, size=nano, dropout=first, evidence_dropout=second)
        return {part.p for part in model.modules() if isinstance(part, nn.Dropout)}

    assert dropped() == {nano.dropout, nano.evidence_dropout}
    assert dropped(0.7, 0.6) == {0.7, 0.6}
    assert dropped(0.0) == {0.0, nano.evidence_dropout}


def test_sizes_grow() -> None:
    models = [SkelFuse(KINECT_V2, 60, size=name) for name in GROWING]
    for cost in (
        [parameters(model) for model in models],
        [describe(model, frames=16, persons=2).macs for model in models],
    ):
        assert cost == sorted(cost)
        assert len(set(cost)) == len(cost)


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: str(layout.name))
def test_every_body_can_be_recognised(layout: Skeleton) -> None:
    net = SkelFuse(layout, 5, size="nano").eval()
    x = torch.randn(2, 9, 1, len(layout), layout.dimensions)
    assert net(x).shape == (2, 5)
    assert torch.isfinite(net(x)).all()


@pytest.mark.parametrize("options", [{}, {"together": 0.0}, {"fuse": False}])
def test_logits_are_linear_in_the_evidence(options: dict[str, object]) -> None:
    model = little(**options)
    first = model.evidence(torch.randn(3, 20, 2, 25, 3))
    second = model.evidence(torch.randn(3, 20, 2, 25, 3))
    between = Evidence(
        0.3 * first.own + 0.7 * second.own,
        None,
        None
        if first.together is None or second.together is None
        else 0.3 * first.together + 0.7 * second.together,
    )

    def logits(evidence: Evidence) -> Tensor:
        return model.decide(model.normalised(evidence))

    expected = 0.3 * logits(first) + 0.7 * logits(second)
    torch.testing.assert_close(logits(between), expected, rtol=1e-4, atol=1e-5)


def test_features_are_what_is_decided_on() -> None:
    model, x = little(), torch.randn(3, 20, 2, 25, 3)
    features = model.features(x)
    assert features.shape == (3, model.num_features)
    assert torch.equal(model.decide(features), model(x))


def test_evidence_has_a_shape() -> None:
    own, known, together = little().evidence(torch.randn(3, 20, 2, 25, 3))
    assert own.shape == (3, 2, 25, 5)
    assert known is None
    assert together is not None
    assert together.shape == (3, 2, 2, 16)


def test_without_frieren_fuse_there_is_an_average_in_both_paths() -> None:
    model = little(fuse=False)
    assert model.frieren is None
    assert not any("frieren" in name for name, _ in model.named_parameters())
    x = torch.randn(1, 1, 1, 25, 3).expand(1, 30, 1, 25, 3)
    evidence = model.evidence(x)
    assert evidence.together is not None
    assert evidence.own.shape == (1, 2, 25, 4)
    assert evidence.together.shape == (1, 2, 1, 16)


def test_a_body_at_rest_has_no_motion() -> None:
    model = little(together=0.0, size=Size(4, (), 4, 8, (1,)))  # without blocks: they see the ends
    assert model.frieren is not None
    still = torch.randn(1, 1, 1, 25, 3).expand(1, 30, 1, 25, 3)
    h = model.each_joint(model.fold(still)).course
    features = model.frieren(h).features
    names = model.frieren.feature_names
    moved = [f for f, name in enumerate(names) if name.scale is not None]
    assert moved
    assert features[..., moved].abs().max() < 1e-5
    assert (features >= 0).all()
    assert features.max() > 0.1  # where it stands is told


def test_no_class_is_no_classifier() -> None:
    with pytest.raises(SkelfuseError, match="num_classes is out of range"):
        SkelFuse(KINECT_V2, 0)


def test_a_branch_of_the_whole_body_needs_a_together_path() -> None:
    with pytest.raises(SkelfuseError, match="there is no together path"):
        SkelFuse(KINECT_V2, 3, size="pure", frequencies=Frequencies(dct_window=8))


def test_a_step_is_the_mean_of_its_frames_and_seen_as_one_of_them_is() -> None:
    model = little()
    bodies = model.fold(torch.randn(2, 9, 1, 25, 3))  # an odd number: the last one is held
    assert bodies.x.shape[1] == 10
    features = model.features_of(bodies).values
    halves = model.features_of(bodies, 2).values
    torch.testing.assert_close(halves[:, 1], features[:, 2:4].mean(dim=1))
    seen = seen_in_steps(bodies, 2)
    assert seen.joints is not None
    assert seen.joints.all()
    assert seen.joints.shape == (2, 5, 25)


def test_only_keeps_what_is_alive() -> None:
    mask = torch.tensor([[True, True], [False, True], [False, False], [False, False]])[None]
    inside = torch.tensor([[True, True, False, False]])
    seen = seen_in_steps(Bodies(torch.zeros(1, 4, 2, 3), mask, inside, persons=1), 2)
    kept = only(torch.ones(1, 2, 2, 5), seen.alive)
    assert kept[..., 0].tolist() == [[[1, 1], [0, 0]]]


def test_voters_gather_their_own_channels_of_all_joints() -> None:
    torch.manual_seed(0)
    gather = Gather(5, 2, 3, voters=2)
    h = torch.randn(4, 6, 5, 4)
    body = gather(h)
    assert body.shape == (4, 6, 1, 6)
    second = h[..., 2:].flatten(2) @ gather.weight[1]
    torch.testing.assert_close(body[:, :, 0, 3:], second)


@pytest.mark.parametrize("frames", [12, 13])
@pytest.mark.parametrize("options", [{}, {"together": 0.0}, {"fuse": False}])
def test_a_mask_of_everything_is_no_mask(options: dict[str, object], frames: int) -> None:
    model = little(**options)
    x = torch.randn(2, frames, 2, 25, 3)
    everything = torch.ones(2, frames, 2, 25, dtype=torch.bool)
    torch.testing.assert_close(model(x, everything), model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "options", [{}, {"together": 0.0}, {"frequencies": Frequencies(dct_window=4, gate="none")}]
)
def test_who_is_not_there_is_no_part_of_what_is_usual(options: dict[str, object]) -> None:
    alone = little(streams=("joint", "bone", "distances"), dropout=0, evidence_dropout=0, **options)
    places = copy.deepcopy(alone)  # as many persons as the clip with most of them has
    x = torch.randn(4, 12, 3, 25, 3)
    there = torch.zeros(4, 12, 3, 25, dtype=torch.bool)
    there[:, :, 1] = True
    torch.testing.assert_close(places(x, there), alone(x[:, :, 1:2]), rtol=1e-4, atol=1e-5)
    found = places.train()(x, there)
    torch.testing.assert_close(found, alone.train()(x[:, :, 1:2]), rtol=1e-3, atol=1e-4)
    others = dict(places.named_buffers())
    for name, kept in alone.named_buffers():
        if name.endswith(("running_mean", "running_var")):  # of every normalisation
            torch.testing.assert_close(others[name], kept, rtol=1e-3, atol=1e-4, msg=name)


def test_who_stands_still_does_so_when_a_neighbour_flickers() -> None:
    lost, frames = ("left_elbow", "right_hand", "spine_mid"), [2, 3, 7, 11]
    model = little(size="pure")
    x = torch.randn(1, 1, 2, 25, 3).expand(1, 12, 2, 25, 3)
    mask = torch.ones(1, 12, 2, 25, dtype=torch.bool)
    for joint in lost:
        mask[:, frames, 0, KINECT_V2.index(joint)] = False
    whole, flickering = model.own(x), model.own(x, mask)
    others = [i for i, name in enumerate(KINECT_V2.joints) if name not in lost]
    torch.testing.assert_close(flickering[:, :, others], whole[:, :, others])
