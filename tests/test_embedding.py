"""One filter gives what kernels, distances, normalisation and embedding give in turn."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skelfuse.layers.kernels import MotionKernels
from skelfuse.layers.mixer import pairs_of_frames
from skelfuse.layers.normed_linear import NormedLinear
from skelfuse.layouts import COCO_17, KINECT_V2
from skelfuse.models import Size, SkelFuse
from skelfuse.models.embedding import (
    embedded_joints,
    embedded_pairs,
    held_signals,
    joint_filter,
    signals_of,
)
from skelfuse.models.feature_moments import batch_moments, running_moments
from skelfuse.models.persons import Folded
from skelfuse.models.relations import Distances, Partner, partner_of
from skelfuse.models.streams import MotionStreams
from skelfuse.skeleton import Skeleton


def known_features(parts: Parts | SkelFuse, bodies: Folded, partner: Partner | None) -> Tensor:
    """Return where each feature is known, `[R,T,N,F]`; of a partner who is not there nothing is."""
    streams, distances = parts.streams, parts.distances
    assert distances is not None
    seen = torch.ones_like(bodies.mask) if bodies.mask.all() else bodies.mask
    _, known = signals_of(bodies, seen, partner, streams, distances)
    assert known is not None
    moving = streams.signal_count(alone=partner is None)
    axes = known.movedim(1, 3)[..., :moving].transpose(1, 2)  # [R,T,N,n·D]
    stream = torch.unflatten(axes, 3, (-1, streams.dimensions))
    each = len(streams.channel_names) // streams.dimensions
    stream = stream[..., None, :].expand(*stream.shape[:4], each, -1).flatten(3)
    marks = known.movedim(1, 3)[..., moving:].transpose(1, 2)  # [R,T,N,H]
    marks = marks.repeat_interleave(distances.out_channels // distances.signal_count, dim=3)
    moved = F.pad(stream, (0, streams.plain_channels - stream.shape[3]))
    extras = seen[..., None].expand(*seen.shape, len(streams.extra_names))
    near = F.pad(marks, (0, distances.out_channels - marks.shape[3]))
    return torch.cat([moved, extras, near], dim=3)


def features_in_turn(
    parts: Parts | SkelFuse, bodies: Folded, seen: Tensor | None, partner: Partner | None
) -> Tensor:
    """Return all features `[R,T,N,F]`, each computed by itself."""
    assert parts.distances is not None
    near = parts.distances(bodies.x, seen, partner)
    return torch.cat([parts.streams(bodies.x, seen, partner), near], dim=-1)


class Parts:
    """What a model puts together, with weights as if trained."""

    def __init__(self, skeleton: Skeleton, scales: tuple[int, ...], partner: bool) -> None:
        kernels = MotionKernels(skeleton.dimensions, scales, bank=2) if scales else None
        self.streams = MotionStreams(skeleton, kernels, partner=partner)
        self.distances = Distances(skeleton, scales=scales, partner=partner)
        inputs = self.streams.out_channels + self.distances.out_channels
        self.inputs = inputs
        self.embed = NormedLinear(inputs, 5).eval()
        for part in (self.embed.norm.running_mean, self.embed.norm.weight):
            assert part is not None
            nn.init.normal_(part)

    def in_turn(self, bodies: Folded, seen: Tensor | None) -> Tensor:
        """Return `[R,C,N,T]` feature by feature; what is not known is as large as usual."""
        partner = partner_of(bodies)
        features = features_in_turn(self, bodies, seen, partner)
        known = known_features(self, bodies, partner)
        usual = torch.where(known, features, running_moments(self.embed.norm).mean)
        embedded: Tensor = self.embed(usual)
        return embedded.permute(0, 3, 2, 1)

    def at_once(self, bodies: Folded, seen: Tensor | None, *, pairs: bool = False) -> Tensor:
        partner = partner_of(bodies, all_seen=seen is None)
        parts = self.streams, self.distances
        moments = running_moments(self.embed.norm)
        filter = joint_filter(*parts, self.embed, moments, alone=partner is None)
        signals, known = signals_of(bodies, seen, partner, *parts)
        if pairs:
            assert known is None
            return embedded_pairs(signals, known, filter)
        return embedded_joints(held_signals(signals, known, self.streams), known, filter)


def bodies(skeleton: Skeleton, frames: int, persons: int, hidden: float) -> Folded:
    torch.manual_seed(frames + persons)
    shape = (2 * persons, frames, len(skeleton))
    mask = torch.rand(shape) >= hidden
    x = torch.where(mask[..., None], torch.randn(*shape, skeleton.dimensions), 0.0)
    return Folded(x, mask, torch.unflatten(mask.flatten(1).any(dim=1), 0, (2, persons)))


@pytest.mark.parametrize("skeleton", [KINECT_V2, COCO_17], ids=["3d", "2d"])
@pytest.mark.parametrize("scales", [(), (1, 2, 4), (3,)])
@pytest.mark.parametrize(("frames", "persons"), [(12, 1), (9, 2), (6, 3), (2, 1), (1, 2)])
@pytest.mark.parametrize("hidden", [0.0, 0.3])
def test_one_filter_gives_what_its_parts_give_in_turn(
    skeleton: Skeleton, scales: tuple[int, ...], frames: int, persons: int, hidden: float
) -> None:
    parts = Parts(skeleton, scales, partner=persons > 1)
    given = bodies(skeleton, frames, persons, hidden)
    seen = given.mask if hidden else None
    in_turn = parts.in_turn(given, seen)
    torch.testing.assert_close(parts.at_once(given, seen), in_turn, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scales", [(), (1, 2, 4), (3,)])
@pytest.mark.parametrize("frames", [2, 4, 12])
def test_two_frames_at_once_are_the_mean_of_each(scales: tuple[int, ...], frames: int) -> None:
    parts = Parts(KINECT_V2, scales, partner=True)
    given = bodies(KINECT_V2, frames, 2, hidden=0.0)
    one_by_one = parts.at_once(given, None)
    expected, _ = pairs_of_frames(one_by_one, given.mask.any(dim=2))
    found = parts.at_once(given, None, pairs=True)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_model_for_partners_can_be_given_somebody_alone() -> None:
    parts = Parts(KINECT_V2, (1, 2), partner=True)
    alone = bodies(KINECT_V2, 8, 1, hidden=0.0)
    assert partner_of(alone) is None
    torch.testing.assert_close(
        parts.at_once(alone, None), parts.in_turn(alone, None), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("frames", [8, 9])
@pytest.mark.parametrize("hidden", [0.0, 0.3])
@pytest.mark.parametrize("options", [{}, {"spectral_motion": True, "fourier": 3}])
def test_a_model_embeds_in_evaluation_as_it_does_in_training(
    frames: int, hidden: float, options: dict[str, Any]
) -> None:
    torch.manual_seed(0)
    little = Size(channels=4, width=8, dilations=(1,))
    model = SkelFuse(KINECT_V2, 3, size=little, partner=False, **options).eval()
    nn.init.normal_(model.embed.norm.running_mean)  # type: ignore[arg-type]
    assert model.distances is not None
    given = bodies(model.fold.skeleton, frames, 1, hidden)
    seen = given.mask if hidden else None
    found, _ = model._embedded(given, seen, None)
    features = features_in_turn(model, given, seen, None)
    known = known_features(model, given, None)
    usual = torch.where(known, features, running_moments(model.embed.norm).mean)
    h = model.embed(usual).permute(0, 3, 2, 1)
    if seen is not None:
        h = torch.where(seen.transpose(1, 2)[:, None], h, 0.0)
    h = h + model.identity.T[:, :, None]
    expected, _ = pairs_of_frames(h, given.mask.any(dim=2))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scales", [(), (1, 2, 4), (3,)])
@pytest.mark.parametrize(("frames", "persons"), [(12, 1), (9, 2), (1, 2)])
@pytest.mark.parametrize("hidden", [0.0, 0.3])
@pytest.mark.parametrize("away", [0.0, 1000.0])
def test_the_moments_of_a_batch_are_those_of_its_features(
    scales: tuple[int, ...], frames: int, persons: int, hidden: float, away: float
) -> None:
    parts = Parts(KINECT_V2, scales, partner=persons > 1)
    given = bodies(KINECT_V2, frames, persons, hidden)
    given = given._replace(x=torch.where(given.mask[..., None], given.x + away, 0.0))
    seen = given.mask if hidden else None
    partner = partner_of(given, all_seen=seen is None)
    signals, known = signals_of(given, seen, partner, parts.streams, parts.distances)
    held, norm = held_signals(signals, known, parts.streams), nn.BatchNorm1d(parts.inputs)
    norm.momentum = 1.0
    mean, variance = batch_moments(
        held, known, [], seen, parts.streams, parts.distances, norm, alone=partner is None
    )
    features = features_in_turn(parts, given, seen, partner).double().flatten(0, 2)
    counts = known_features(parts, given, partner).flatten(0, 2)
    for i, (column, there) in enumerate(zip(features.T, counts.T, strict=True)):
        values = column[there]
        if not len(values):
            assert mean[i] == variance[i] == 0
            continue
        expected = [values.mean(), values.var(correction=0)]
        found = [mean[i], variance[i]]
        if len(values) > 1:
            expected.append(values.var())
            found.append(running_moments(norm).variance[i])
        torch.testing.assert_close(
            torch.stack(found).double(), torch.stack(expected), rtol=1e-3, atol=1e-5 + 1e-6 * away
        )


@pytest.mark.parametrize("hidden", [0.0, 0.3])
def test_the_moments_of_what_no_kernel_makes_are_those_where_it_is_seen(hidden: float) -> None:
    parts = Parts(KINECT_V2, (1, 2), partner=False)
    given = bodies(KINECT_V2, 9, 1, hidden)
    seen = given.mask if hidden else None
    signals, known = signals_of(given, seen, None, parts.streams, parts.distances)
    held, norm = held_signals(signals, known, parts.streams), nn.BatchNorm1d(parts.inputs + 3)
    extras = [torch.randn(*given.mask.shape, wide) * wide + 2 for wide in (1, 2)]
    mean, variance = batch_moments(
        held, known, extras, seen, parts.streams, parts.distances, norm, alone=True
    )
    values = torch.cat(extras, dim=-1)[given.mask]
    own = slice(parts.streams.plain_channels, parts.streams.plain_channels + 3)
    torch.testing.assert_close(mean[own], values.mean(dim=0))
    torch.testing.assert_close(variance[own], values.var(dim=0, correction=0))


@pytest.mark.parametrize("options", [{}, {"spectral_motion": True, "fourier": 3}])
@pytest.mark.parametrize("hidden", [0.0, 0.3])
def test_training_normalises_by_the_batch(options: dict[str, Any], hidden: float) -> None:
    torch.manual_seed(0)
    little = Size(channels=4, width=8, dilations=(1,))
    model = SkelFuse(KINECT_V2, 3, size=little, partner=False, **options)
    model.embed.norm.momentum = 1.0  # what it keeps is then what the last batch was
    given = bodies(model.fold.skeleton, 9, 1, hidden)
    seen = given.mask if hidden else None
    in_training, _ = model.train()._embedded(given, seen, None)
    places = known_features(model, given, None).flatten(0, 2).sum(dim=0)
    running_moments(model.embed.norm).variance.mul_((places - 1) / places)  # as training has it
    in_evaluation, _ = model.eval()._embedded(given, seen, None)
    torch.testing.assert_close(in_training, in_evaluation, rtol=1e-4, atol=1e-4)


def test_kernels_learn_through_what_normalises_their_features() -> None:
    # However large its taps, a kernel's features come out alike: there is nothing to gain by that.
    torch.manual_seed(0)
    little = Size(channels=4, width=8, dilations=(1,))
    model = SkelFuse(KINECT_V2, 3, size=little, partner=False, scales=(1,), bank=1)
    kernels = model.streams.kernels
    assert kernels is not None
    embedded, _ = model._embedded(bodies(model.fold.skeleton, 8, 1, hidden=0.3), None, None)
    (gradient,) = torch.autograd.grad(embedded.square().sum(), kernels.taps)  # [1,k,D]
    along, whole = (gradient * kernels.taps).sum(dim=1), gradient.norm(dim=1)
    assert whole.min() > 1
    assert (along.abs() < 1e-2 * whole * kernels.taps.norm(dim=1)).all()
