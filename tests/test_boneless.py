"""Bodies with some bones or none: everything that takes a clip takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from skelfuse.batches.torso import lengths_of, part_of_torso
from skelfuse.clip import Clip
from skelfuse.clips.view import align_view, normalise_scale
from skelfuse.models import MODELS
from skelfuse.skeleton import Skeleton

NAMES = ("nose", "earl", "earr", "hipl", "hipr", "tail")
LOOSE = Skeleton("mouse", NAMES, (), "nose", pairs=(("earl", "earr"), ("hipl", "hipr")))


def square(skeleton: Skeleton, dimensions: int = 2) -> Clip:
    """Return four marks around (10, 20), each at a distance of 5; nose and tail are not seen."""
    coords = np.full((3, 1, 6, dimensions), np.nan)
    coords[:, 0, 1:5] = 0
    coords[:, 0, 1:5, :2] = [[5, 20], [15, 20], [10, 15], [10, 25]]
    return Clip(coords, replace(skeleton, dimensions=dimensions), name="square")


def test_a_body_without_bones_is_placed_by_the_middle_of_what_is_seen() -> None:
    moved = align_view(square(LOOSE))
    np.testing.assert_allclose(moved.coords[0, 0, 1:5].mean(axis=0), 0)
    assert "moved by (-10, -20)" in moved.notes[0]


def test_a_body_without_bones_is_as_large_as_its_joints_are_far_from_their_middle() -> None:
    scaled = normalise_scale(square(LOOSE))
    assert scaled.notes == ("scale: divided by 5, the median distance from the middle of person 1",)
    (lengths,) = lengths_of(torch.tensor(square(LOOSE).coords[:, 0]), LOOSE)
    np.testing.assert_allclose(lengths[:, 1:5], 5)


def test_left_and_right_that_no_bones_join_leave_up_unknown() -> None:
    torso = replace(LOOSE, hips=("hipl", "hipr"), shoulders=("earl", "earr"))
    coords = torch.zeros(2, 6, 3)
    coords[:, 1:5] = torch.nan
    up, _ = part_of_torso(coords, torso)
    assert up.isnan().all()


@pytest.mark.parametrize("model", MODELS)
def test_every_model_takes_a_body_without_bones(model: str) -> None:
    body: Any = MODELS[model](LOOSE, 4)
    scores = body.eval()(torch.randn(2, 16, 1, 6, 3), torch.ones(2, 16, 1, 6, dtype=torch.bool))
    assert scores.shape == (2, 4)
    assert scores.isfinite().all()
