"""The data set must not be for the taking: the nearest neighbour alone does not solve it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from skelfuse.datasets.synth.dataset import plan_clips
from skelfuse.datasets.synth.sensor import render

FRAMES = 32


def resampled(coords: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Turn [T,M,25,3] into FRAMES frames of two people, centred on each one's spine base."""
    seen = ~np.isnan(coords[:, :, 0, 0])
    at = np.linspace(0, len(coords) - 1, FRAMES)
    out = np.zeros((FRAMES, 2, 25, 3), dtype=np.float32)
    for person in range(coords.shape[1]):
        times = np.flatnonzero(seen[:, person])
        rows = coords[times, person].reshape(len(times), -1)
        place = np.interp(at, times, np.arange(len(times)))
        before = np.minimum(place.astype(int), len(times) - 2)
        part = (place - before)[:, None]
        mixed = (1 - part) * rows[before] + part * rows[before + 1]
        out[:, person] = mixed.reshape(FRAMES, 25, 3)
    centred: npt.NDArray[np.float32] = out - out[:, :, :1]
    return centred


@pytest.mark.parametrize("classes", [16, 30])
def test_a_nearest_neighbour_does_not_solve_it(classes: int) -> None:
    plans = plan_clips(clips=480, classes=classes)
    points = np.stack([resampled(render(plan).observed()).ravel() for plan in plans])
    label = np.array([plan.number for plan in plans])
    train = np.array([plan.subject % 2 == 1 for plan in plans])
    known, asked = points[train], points[~train]
    distance = (known**2).sum(axis=1) - 2 * asked @ known.T
    right = float((label[train][distance.argmin(axis=1)] == label[~train]).mean())
    assert 200 < train.sum() < 280
    assert right < 0.7
    assert right > 5 / classes
