"""Pure sees motion where there is some, and none where a neighbour is lost for a while."""

from __future__ import annotations

import pytest
import torch

from skelfuse.layouts import KINECT_V2
from skelfuse.models import Pure

LOST = ("left_elbow", "right_hand", "spine_mid")  # a parent, an end of the body, its root
FRAMES = [2, 3, 7, 11]


@pytest.mark.parametrize("persons", [1, 2])
@pytest.mark.parametrize("distances", [True, False])
def test_who_stands_still_does_so_when_a_neighbour_flickers(persons: int, distances: bool) -> None:
    torch.manual_seed(0)
    model = Pure(KINECT_V2, num_classes=3, distances=distances).eval()
    names = model.fold.skeleton.joints
    x = torch.randn(1, 1, persons, 25, 3).expand(1, 12, persons, 25, 3)
    mask = torch.ones(1, 12, persons, 25, dtype=torch.bool)
    for joint in LOST:
        mask[:, FRAMES, 0, KINECT_V2.index(joint)] = False
    whole, flickering = model.evidence(x), model.evidence(x, mask)
    others = [i for i, name in enumerate(names) if name not in LOST]
    torch.testing.assert_close(flickering[:, :, others], whole[:, :, others])
