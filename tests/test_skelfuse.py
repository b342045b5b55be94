"""SkelFuse and Pure: their sizes, and that a decision is a sum over what FrierenFuse found."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.mixer import JointMixer, MixerBlock, pairs_of_frames
from skelfuse.layers.normed_linear import NormedLinear
from skelfuse.layouts import KINECT_V2, LAYOUTS
from skelfuse.models import SIZES, Pure, Size, SkelFuse, describe
from skelfuse.models.skelfuse import Evidence
from skelfuse.models.streams import MotionStreams
from skelfuse.skeleton import Skeleton

LIMITS = {"nano": 0.1e6, "tiny": 0.25e6, "small": 0.5e6, "base": 1.5e6}
LITTLE = Size(channels=4, width=16, dilations=(1, 2))


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("name", SIZES)
def test_a_size_keeps_its_promise(name: str) -> None:
    assert parameters(SkelFuse(KINECT_V2, 60, size=SIZES[name])) <= LIMITS[name]


def test_a_model_drops_what_its_size_says_unless_told_otherwise() -> None:
    nano = SIZES["nano"]

    def dropped(first: float | None = None, second: float | None = None) -> set[float]:
        model = SkelFuse(KINECT_V2, 5, size=nano, dropout=first, evidence_dropout=second)
        return {part.p for part in model.modules() if isinstance(part, nn.Dropout)}

    assert dropped() == {nano.dropout, nano.evidence_dropout}
    assert dropped(0.7, 0.6) == {0.7, 0.6}
    assert dropped(0.0) == {0.0, nano.evidence_dropout}


def test_sizes_grow() -> None:
    grown = [parameters(SkelFuse(KINECT_V2, 60, size=SIZES[name])) for name in LIMITS]
    assert grown == sorted(grown)
    macs = [
        describe(SkelFuse(KINECT_V2, 60, size=SIZES[name]), frames=64, persons=2).macs
        for name in LIMITS
    ]
    assert macs == sorted(macs)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: str(layout.name))
@pytest.mark.parametrize("model", [SkelFuse, Pure])
def test_every_body_can_be_recognised(layout: Skeleton, model: type[nn.Module]) -> None:
    net = model(layout, 5).eval()
    x = torch.randn(2, 9, 1, len(layout), layout.dimensions)
    assert net(x).shape == (2, 5)
    assert torch.isfinite(net(x)).all()


def shaken(model: nn.Module) -> nn.Module:
    """Return the model as if trained: statistics and weights that are not the initial ones."""
    torch.manual_seed(0)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm1d):
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.normal_(std=0.1)
            part.running_var.uniform_(0.5, 2)
            nn.init.uniform_(part.weight, 0.5, 2)
    return model.eval()


def test_logits_are_linear_in_the_evidence() -> None:
    model = SkelFuse(KINECT_V2, 7, size=LITTLE)
    shaken(model)
    first = model.evidence(torch.randn(3, 20, 2, 25, 3))
    second = model.evidence(torch.randn(3, 20, 2, 25, 3))
    between = Evidence(*(0.3 * a + 0.7 * b for a, b in zip(first, second, strict=True)))
    expected = 0.3 * model.classify(first) + 0.7 * model.classify(second)
    torch.testing.assert_close(model.classify(between), expected, rtol=1e-4, atol=1e-5)


def test_without_frieren_fuse_all_evidence_is_past_it() -> None:
    model = shaken(SkelFuse(KINECT_V2, 7, size=LITTLE, fuse=False))
    evidence = model.evidence(torch.randn(3, 20, 2, 25, 3))  # type: ignore[operator]
    assert evidence.fused.numel() == 0
    assert evidence.past.shape == (3, 2, 25, 4)
    assert not any("frieren" in name for name, _ in model.named_parameters())


def test_pure_decides_on_frieren_fuse_alone() -> None:
    torch.manual_seed(0)
    model = shaken(Pure(KINECT_V2, 7))
    still = torch.randn(1, 1, 1, 25, 3).expand(1, 30, 1, 25, 3)
    names = model.frieren.feature_names  # type: ignore[union-attr]
    seen: list[Tensor] = []
    model.frieren.register_forward_hook(  # type: ignore[union-attr]
        lambda module, given, fused: seen.append(fused.features)
    )
    model(still)
    moved = [f for f, name in enumerate(names) if name.scale is not None]  # type: ignore[arg-type]
    assert moved
    assert seen[0][..., moved].abs().max() < 1e-5  # a body at rest has no motion
    assert (seen[0] >= 0).all()


def test_no_class_is_no_classifier() -> None:
    for model in (SkelFuse, Pure):
        with pytest.raises(SkelfuseError, match="needs classes"):
            model(KINECT_V2, 0)


@pytest.mark.parametrize("frames", [1, 2, 7, 8])
def test_pairs_of_frames_keep_the_mean(frames: int) -> None:
    x, mask = torch.randn(2, 4, 3, frames), torch.ones(2, frames, dtype=torch.bool)
    half, counts = pairs_of_frames(x, mask)
    assert half.shape == (2, 4, 3, -(-frames // 2))
    assert counts.all()
    if frames % 2 == 0:
        torch.testing.assert_close(half.mean(dim=3), x.mean(dim=3))
    else:
        torch.testing.assert_close(half[..., -1], x[..., -1])


def test_normed_linear_is_its_two_parts() -> None:
    layer = NormedLinear(6, 3)
    layer(torch.randn(50, 6) * 3 + 1)  # one step of training
    shaken(layer)
    x = torch.randn(4, 5, 6)
    expected = layer.linear(layer.norm(x.flatten(0, -2))).view(4, 5, 3)
    torch.testing.assert_close(layer(x), expected, rtol=1e-5, atol=1e-6)


def test_a_mask_of_everything_is_no_mask() -> None:
    for model in (SkelFuse(KINECT_V2, 7, size=LITTLE), Pure(KINECT_V2, 7)):
        shaken(model)
        x = torch.randn(2, 12, 2, 25, 3)
        everything = torch.ones(2, 12, 2, 25, dtype=torch.bool)
        torch.testing.assert_close(model(x, everything), model(x), rtol=1e-4, atol=1e-5)


def test_who_is_not_there_takes_no_part_in_training() -> None:
    torch.manual_seed(0)
    alone = SkelFuse(KINECT_V2, 7, size=LITTLE, partner=False, dropout=0, evidence_dropout=0)
    places = copy.deepcopy(alone)  # as many persons as the clip with most of them has
    x = torch.randn(4, 12, 3, 25, 3)
    there = torch.zeros(4, 12, 3, 25, dtype=torch.bool)
    there[:, :, 1] = True
    votes = alone.train()(x[:, :, 1:2])
    torch.testing.assert_close(places.train()(x, there), votes, rtol=1e-4, atol=1e-5)
    for name, value in alone.named_buffers():
        torch.testing.assert_close(places.get_buffer(name), value, rtol=1e-4, atol=1e-5, msg=name)


def test_a_bone_needs_both_of_its_ends() -> None:
    streams = MotionStreams(KINECT_V2, SkelFuse(KINECT_V2, 2).streams.kernels)
    x, mask = torch.randn(1, 6, 25, 3), torch.ones(1, 6, 25, dtype=torch.bool)
    head, neck = KINECT_V2.index("head"), KINECT_V2.index("neck")
    mask[:, :, neck] = False
    bones = streams(x, mask)[..., streams.out_channels // 2 :]
    assert bones[:, :, head].abs().max() == 0
    mask[:, :, neck] = True
    assert streams(x, mask)[..., streams.out_channels // 2 :][:, :, head].abs().max() > 0


@pytest.mark.parametrize("training", [True, False])
def test_gradcheck(training: bool) -> None:
    torch.manual_seed(0)
    valid = torch.tensor([[True, True, True, True], [True, True, True, False]])
    cases: list[tuple[nn.Module, tuple[Tensor, ...]]] = [
        (MixerBlock(3), (torch.randn(2, 3, 4), valid[:, None].double())),
        (JointMixer(2, 2, 3, dilations=(1,)), (torch.randn(2, 2, 2, 4), valid)),
        (NormedLinear(3, 2), (torch.randn(5, 3),)),
    ]
    for layer, (x, *rest) in cases:
        layer.double().train(training)
        leaf = x.double().requires_grad_()
        assert torch.autograd.gradcheck(lambda y: layer(y, *rest), leaf)  # noqa: B023
    leaf = torch.randn(2, 4, 2, 2, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda y: pairs_of_frames(y, valid)[0], leaf)
