"""The one filter of evaluation gives what kernels, distances and embedding give in turn."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from skelfuse.layers.kernels import MotionKernels
from skelfuse.layers.mixer import pairs_of_frames
from skelfuse.layers.normed_linear import NormedLinear
from skelfuse.layouts import COCO_17, KINECT_V2
from skelfuse.models import Size, SkelFuse
from skelfuse.models.embedding import embedded_joints, embedded_pairs, joint_filter, signals_of
from skelfuse.models.persons import Folded
from skelfuse.models.relations import Distances, partner_of
from skelfuse.models.streams import MotionStreams
from skelfuse.skeleton import Skeleton


class Parts:
    """What evaluation puts together, with weights as if trained."""

    def __init__(self, skeleton: Skeleton, scales: tuple[int, ...], partner: bool) -> None:
        kernels = MotionKernels(skeleton.dimensions, scales, bank=2) if scales else None
        self.streams = MotionStreams(skeleton, kernels, partner=partner)
        self.distances = Distances(skeleton, scales=scales, partner=partner)
        inputs = self.streams.out_channels + self.distances.out_channels
        self.embed = NormedLinear(inputs, 5).eval()
        for part in (self.embed.norm.running_mean, self.embed.norm.weight):
            assert part is not None
            nn.init.normal_(part)

    def in_turn(self, bodies: Folded, seen: Tensor | None) -> Tensor:
        """Return `[R,C,N,T]` feature by feature; what is not known is as large as usual."""
        partner = partner_of(bodies)
        near = self.distances(bodies.x, seen, partner)
        features = torch.cat([self.streams(bodies.x, seen, partner), near], dim=-1)
        whole = bodies.mask if seen is None else seen
        known = [part.known(whole, partner) for part in (self.streams, self.distances)]
        assert self.embed.norm.running_mean is not None
        usual = torch.where(torch.cat(known, dim=-1), features, self.embed.norm.running_mean)
        embedded: Tensor = self.embed(usual)
        return embedded.permute(0, 3, 2, 1)

    def at_once(self, bodies: Folded, seen: Tensor | None, *, pairs: bool = False) -> Tensor:
        partner = partner_of(bodies, all_seen=seen is None)
        parts = self.streams, self.distances
        filter = joint_filter(*parts, self.embed, alone=partner is None)
        signals, known = signals_of(bodies, seen, partner, *parts)
        if pairs:
            assert known is None
            return embedded_pairs(signals, filter)
        return embedded_joints(signals, known, filter)


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
    features = torch.cat([model.streams(given.x, seen), model.distances(given.x, seen)], dim=-1)
    known = [part.known(given.mask, None) for part in (model.streams, model.distances)]
    assert model.embed.norm.running_mean is not None
    usual = torch.where(torch.cat(known, dim=-1), features, model.embed.norm.running_mean)
    h = model.embed(usual).permute(0, 3, 2, 1)
    if seen is not None:
        h = torch.where(seen.transpose(1, 2)[:, None], h, 0.0)
    h = h + model.identity.T[:, :, None]
    expected, _ = pairs_of_frames(h, given.mask.any(dim=2))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
