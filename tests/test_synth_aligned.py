"""Seen from one side, as a model gets them, the clips are still not for a nearest neighbour.

The more it knows, the more it finds: of the 2,400 clips that `skelfuse synth` writes unless told
otherwise, half of which are known, 66 % are right when they are aligned and 54 % when they are not.
Those here are fewer, and quicker to make.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from skelfuse.clip import Clip
from skelfuse.clips.view import align_view
from skelfuse.configs import find
from skelfuse.datasets.synth.dataset import plan_clips
from skelfuse.datasets.synth.sensor import render
from skelfuse.layouts import KINECT_V2
from skelfuse.training.config_file import read_config

FRAMES = 32
pytestmark = pytest.mark.long


def resampled(coords: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn `[T,M,25,3]` into FRAMES frames of two people, `[FRAMES,2,25,3]`; nobody is at 0."""
    out = np.zeros((FRAMES, 2, 25, 3), np.float32)
    at = np.linspace(0, 1, FRAMES)
    for m in range(coords.shape[1]):
        times = np.flatnonzero(~np.isnan(coords[:, m]).any((1, 2)))
        rows = coords[times, m].reshape(len(times), 75)
        own = np.linspace(0, 1, len(times))
        courses = [np.interp(at, own, course) for course in rows.T]
        out[:, m] = np.stack(courses, axis=1).reshape(FRAMES, 25, 3)
    return out


def test_a_nearest_neighbour_of_aligned_clips_does_not_solve_it() -> None:
    assert read_config(find("synth")).sampling.align
    plans = plan_clips(clips=360, classes=30)
    clips = [Clip(render(plan).observed(), KINECT_V2, name="a") for plan in plans]
    points = np.stack([resampled(align_view(clip).coords) for clip in clips])
    label = np.array([plan.number for plan in plans])
    train = np.array([plan.subject % 2 == 1 for plan in plans])
    for seen in (points, points - points[:, :, :, :1]):
        known, asked = (seen[part].reshape(part.sum(), -1) for part in (train, ~train))
        distance = (known**2).sum(axis=1) - 2 * asked @ known.T
        right = (label[train][distance.argmin(axis=1)] == label[~train]).mean()
        assert 5 / 30 < right < 0.6
