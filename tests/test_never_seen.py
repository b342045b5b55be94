"""A joint that is never seen in its clip takes a shorter way to the same decision."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from skelfuse.layouts import KINECT_V2
from skelfuse.models import Size, SkelFuse
from skelfuse.models import skelfuse as models_skelfuse
from skelfuse.models.embedding import at_all_times
from skelfuse.models.persons import Folded
from skelfuse.models.relations import Partner, partner_of


@pytest.mark.parametrize("frames", [8, 9, 1])
@pytest.mark.parametrize("persons", [1, 2])
@pytest.mark.parametrize("options", [{}, {"scales": ()}, {"fourier": 3}])
@pytest.mark.parametrize("training", [False, True])
def test_joints_that_are_never_seen_go_a_shorter_way_to_the_same(
    frames: int,
    persons: int,
    options: dict[str, Any],
    training: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    little = Size(channels=4, width=8, dilations=(1,))
    model = SkelFuse(KINECT_V2, 3, size=little, partner=persons > 1, **options).train(training)
    nn.init.normal_(model.embed.norm.running_mean)  # type: ignore[arg-type]
    shape = (2 * persons, frames, len(KINECT_V2))
    mask = (torch.rand(2 * persons, 1, len(KINECT_V2)) >= 0.3).expand(shape)
    x = torch.where(mask[..., None], torch.randn(*shape, 3) + 1, 0.0)
    given = Folded(x, mask, torch.ones(2, persons, dtype=torch.bool))
    partner = partner_of(given)
    ways = []
    for long in (False, True):
        if long:
            monkeypatch.setattr(models_skelfuse, "at_all_times", lambda *masks: masks)
        model.zero_grad()
        h, _ = model._embedded(given, given.mask, partner)
        h.square().mean().backward()  # type: ignore[no-untyped-call]
        assert model.embed.linear.weight.grad is not None
        ways.append((h, model.embed.linear.weight.grad.clone()))
    torch.testing.assert_close(ways[0], ways[1], rtol=1e-4, atol=1e-4)


def test_what_comes_or_goes_in_one_clip_is_looked_at_in_all() -> None:
    seen = torch.ones(2, 6, 4, dtype=torch.bool)
    seen[:, :, 1] = False
    assert at_all_times(seen, None)[0].shape == (2, 1, 4)  # type: ignore[union-attr]
    seen[1, 3, 2] = False
    assert at_all_times(seen, None)[0] is seen
    partner = Partner(torch.zeros(2, 6, 4, 3), seen)
    everywhere = torch.ones_like(seen)
    assert at_all_times(everywhere, partner) == (everywhere, partner)
