"""The weights that are shown are those that decide: what they add up to is the model's logits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from skelfuse.errors import SkelfuseError
from skelfuse.inspect.head_report import HeadWeights, report_head, sparsity_of
from skelfuse.inspect.head_source import head_weights
from skelfuse.inspect.head_text import head_dict, head_text
from skelfuse.layers.known_norm import KnownNorm
from skelfuse.layers.statistics import Feature, feature_names
from skelfuse.layouts import COCO_17, KINECT_V2
from skelfuse.models import Size, SkelFuse
from skelfuse.models.motion_features import Features
from skelfuse.models.sizes import NANO
from skelfuse.telling.words import feature_words

CLASSES = 4
OWN = Size(8, alone=(1,), summary=8, width=8, dilations=(), together=0.0)  # one voter, one path
BARE = replace(OWN, alone=())


def _trained(model: SkelFuse) -> SkelFuse:
    """Return a model whose every number is as after training: no weight 1, no mean 0."""
    draw = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, KnownNorm):
                assert part.running_mean is not None
                assert part.running_var is not None
                part.running_mean.normal_(0, 0.5, generator=draw)
                part.running_var.uniform_(0.2, 3, generator=draw)
                if part.affine:
                    part.weight.uniform_(0.5, 2, generator=draw)
                    part.bias.normal_(0, 0.5, generator=draw)
        for values in model.parameters():
            values.mul_(1 + 0.3 * torch.randn(values.shape, generator=draw))
    return model.eval()


@pytest.fixture(scope="module", params=["skelfuse", "skelfuse, windows", "no fuse", "pure"])
def model(request: pytest.FixtureRequest) -> SkelFuse:
    torch.manual_seed(1)
    made: dict[str, Callable[[], SkelFuse]] = {
        "skelfuse": lambda: SkelFuse(KINECT_V2, CLASSES, size=NANO),
        "skelfuse, windows": lambda: SkelFuse(COCO_17, CLASSES, size=NANO, windows=(1, 2)),
        "no fuse": lambda: SkelFuse(KINECT_V2, CLASSES, size=NANO, fuse=False),
        "pure": lambda: SkelFuse(KINECT_V2, CLASSES, size="pure", fuse_scales=(1, 2)),
    }
    return _trained(made[request.param]())


def _clips(model: SkelFuse, persons: int, frames: int = 20) -> torch.Tensor:
    skeleton = model.fold.given
    draw = torch.Generator().manual_seed(persons)
    shape = (3, frames, persons, len(skeleton), skeleton.dimensions)
    return torch.randn(shape, generator=draw)


@torch.no_grad()
def _features(model: SkelFuse, x: torch.Tensor) -> Any:
    """Return what FrierenFuse of the own path finds in clips of one person, `[B,N,F]`."""
    assert model.frieren is not None
    found: list[torch.Tensor] = []
    hook = model.frieren.register_forward_hook(lambda *given: found.append(given[2].features))
    model(x)
    hook.remove()
    return found[0].numpy()


def test_what_a_joint_adds_is_the_sum_over_its_named_features(model: SkelFuse) -> None:
    if model.frieren is None:
        with pytest.raises(SkelfuseError, match=r"without FrierenFuse.*fuse: true"):
            head_weights(model, list("abcd"))
        return
    x = _clips(model, persons=1)
    head = head_weights(model, list("abcd"))
    worth = np.stack([head.of_class(k) for k in range(CLASSES)])  # [classes,N,F]
    found = np.einsum("bnf,knf->bkn", _features(model, x), worth)
    with torch.no_grad():
        shares = model.by_joint(x).shares.numpy()
    order = [model.joints.index(joint) for joint in head.joints]
    usual = found - shares[..., order]  # in the average training clip, whatever the clip
    differ = np.abs(found - found[:1]).max()
    assert differ > 1e-3  # there was something to add up
    np.testing.assert_allclose(usual, usual[:1].repeat(3, axis=0), atol=1e-3 * differ)


def test_joints_are_named_as_they_move() -> None:
    torch.manual_seed(0)
    model = SkelFuse(KINECT_V2, 2, size=BARE, streams=("joint", "bone"), scales=(1,)).eval()
    x = torch.zeros(1, 12, 1, len(KINECT_V2), 3)
    still = _features(model, x)[0]
    x[0, :, 0, KINECT_V2.index("right_knee"), 1] = torch.linspace(0, 1, 12) ** 2
    moving = _features(model, x)[0]
    joints = head_weights(model, ["a", "b"]).joints
    changed = (still != moving).any(axis=1)  # [N]
    moved = [joint for joint, other in zip(joints, changed, strict=True) if other]
    assert sorted(moved) == ["right_ankle", "right_knee"]  # the ankle's bone moves with the knee


def test_the_entry_that_was_put_in_is_found() -> None:
    torch.manual_seed(0)
    model = SkelFuse(KINECT_V2, 2, size=OWN, fuse_scales=(1, 4)).eval()
    assert model.frieren is not None
    names = model.frieren.feature_names
    wanted = names.index(Feature(4, "up", 3, (1, 1)))
    joint = head_weights(model, ["a", "b"]).joints.index("right_wrist")
    with torch.no_grad():
        model.frieren.head.raw.fill_(1e-4)
        model.frieren.head.raw[0, wanted, 7] = 1.0
        model.own_classifier.weight.zero_()
        # Maximum and mean over persons, side by side: with one person both count.
        weight = model.own_classifier.weight.view(2, 2, len(KINECT_V2), OWN.summary)
        weight[1, :, joint, 7] = torch.tensor([0.5, 1.3])
    report = report_head(head_weights(model, ["a", "b"]), top=2)
    entry = report.classes[1].entries[0]
    assert (entry.joint, entry.feature) == ("right_wrist", names[wanted])
    assert entry.worth == pytest.approx(1.8, rel=1e-4)
    assert f"{entry.worth:+.3f}  right wrist, 8-frame speed up, direction 3" in head_text(
        report, title="t"
    )
    assert max(report.by_scale, key=report.by_scale.__getitem__) == "8 frames"
    assert next(iter(report.by_joint)) == "right wrist"
    assert report.classes[0].entries[0].worth == 0
    for shares in (report.by_scale, report.by_statistic, report.by_joint):
        assert sum(shares.values()) == pytest.approx(1)


def test_spread_makes_a_large_weight_of_a_still_feature_small() -> None:
    features = feature_names(1, (1,), 0, (1,))
    of_y = np.zeros((1, 1, len(features)))
    of_y[0, 0, :2] = (10.0, 1.0)
    spread = np.ones((1, len(features)))
    spread[0, 0] = 0.01
    arrays = (np.eye(len(features)), of_y, np.eye(1), ("x",), 1)
    alone = report_head(HeadWeights(features, ("hand",), ("wave",), *arrays), top=1)
    measured = report_head(HeadWeights(features, ("hand",), ("wave",), *arrays, spread), top=1)
    assert alone.classes[0].entries[0].feature == features[0]
    assert measured.classes[0].entries[0].feature == features[1]
    assert (alone.measured, measured.measured) == (False, True)


def test_skelfuse_counts_frames_of_the_clip() -> None:
    torch.manual_seed(0)
    model = SkelFuse(KINECT_V2, 2, size=NANO, fuse_scales=(1, 4)).eval()
    head = head_weights(model, ["a", "b"])
    assert head.frames == 2
    feature = Feature(4, "mean |Δ|", 0, (2, 2))
    assert feature_words(feature, frames=2) == "8-frame speed, direction 0, second half"
    assert "8 frames" in report_head(head).by_scale
    # A step of the features is two frames of the clip.
    steps: list[int] = []
    assert model.frieren is not None
    hook = model.frieren.register_forward_hook(lambda *given: steps.append(given[1][0].shape[1]))
    model(torch.randn(1, 16, 1, 25, 3))
    hook.remove()
    assert steps == [8]


def test_directions_are_sums_of_named_channels() -> None:
    torch.manual_seed(0)
    model = _trained(SkelFuse(KINECT_V2, 2, size=NANO))
    assert model.frieren is not None
    assert model.embed.norm.running_var is not None
    spread = model.embed.norm.running_var.add(model.embed.norm.eps).sqrt()
    unit = torch.diag(spread)[:, None, None].expand(-1, 1, len(KINECT_V2), -1)  # [F,S,N,F]
    with torch.no_grad():  # one standard deviation more of a channel, through the embedding
        changed = model.embed(Features(unit, None)) - model.embed(Features(0 * unit, None))
        expected = (changed[:, 0, 0] @ model.frieren.directions()).T
    head = head_weights(model, ["a", "b"])
    np.testing.assert_allclose(head.directions, expected.numpy(), atol=1e-5)
    assert len(head.inputs) == head.directions.shape[1] == len(set(head.inputs))
    first = report_head(head).directions[0].parts
    assert abs(first[0][1]) == pytest.approx(np.abs(head.directions[0]).max())


def test_a_new_head_is_as_sparse_as_it_starts() -> None:
    torch.manual_seed(0)
    weight = head_weights(SkelFuse(KINECT_V2, 2, size=OWN), ["a", "b"]).weight
    found = sparsity_of(weight)
    assert found.below_floor == pytest.approx(1 - 3 / len(weight), abs=1e-3)
    full = sparsity_of(np.ones((5, 2)))
    assert (full.below_floor, full.inputs_least, full.inputs_most) == (0, 5, 5)
    assert sparsity_of(np.zeros((5, 2))).inputs_least == 0


def test_a_report_can_be_written_as_json(model: SkelFuse) -> None:
    if model.frieren is None:
        return
    report = report_head(head_weights(model, list("abcd")), top=3, only=[2])
    found = json.loads(json.dumps(head_dict(report, title="t"), allow_nan=False))
    assert [one["name"] for one in found["classes"]] == ["c"]
    worths = [abs(entry["worth"]) for entry in found["classes"][0]["entries"]]
    assert worths == sorted(worths, reverse=True)
    assert len(worths) == 3
