"""The data set must not be for the taking: neither the nearest neighbour nor a pose solves it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from skelfuse.datasets.synth.dataset import plan_clips
from skelfuse.datasets.synth.sensor import render

pytestmark = pytest.mark.long

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


@dataclass(frozen=True, eq=False)
class Clips:
    classes: int
    motion: npt.NDArray[np.float32]  # [clips,FRAMES,2,25,3]
    label: npt.NDArray[np.int64]
    train: npt.NDArray[np.bool_]  # by subject

    def right(
        self,
        points: npt.NDArray[np.float32],
        known: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int64],
    ) -> float:
        """Return how often the label of the nearest known point is that of a clip of the test."""
        distance = (known**2).sum(axis=1) - 2 * points[~self.train] @ known.T
        return float((labels[distance.argmin(axis=1)] == self.label[~self.train]).mean())


@pytest.fixture(scope="module", params=[16, 30])
def clips(request: pytest.FixtureRequest) -> Clips:
    plans = plan_clips(clips=480, classes=request.param)
    return Clips(
        request.param,
        np.stack([resampled(render(plan).observed()) for plan in plans]),
        np.array([plan.number for plan in plans]),
        np.array([plan.subject % 2 == 1 for plan in plans]),
    )


def test_a_nearest_neighbour_does_not_solve_it(clips: Clips) -> None:
    points = clips.motion.reshape(len(clips.label), -1)
    right = clips.right(points, points[clips.train], clips.label[clips.train])
    assert 200 < clips.train.sum() < 280
    assert right < 0.7
    assert right > 5 / clips.classes


def facing(motion: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Turn every body [...,FRAMES,M,25,3] about the vertical to face the camera, torso 1 long."""
    across = (motion[..., 12, :] - motion[..., 16, :]).mean(axis=1)  # [clips,M,3], hip to hip
    angle = np.arctan2(across[..., 2], across[..., 0])[:, None, :, None]
    x, y, z = np.moveaxis(motion, -1, 0)
    turned = [np.cos(angle) * x + np.sin(angle) * z, y, np.cos(angle) * z - np.sin(angle) * x]
    torso = np.linalg.norm(motion[..., 20, :], axis=-1).mean(axis=1)[:, None, :, None, None]
    scaled: npt.NDArray[np.float32] = np.stack(turned, axis=-1) / np.maximum(torso, 1e-6)
    return scaled


@pytest.mark.parametrize("pose", ["mean", "middle"])
def test_classes_differ_in_motion_and_not_in_pose_alone(clips: Clips, pose: str) -> None:
    """The nearest class by its mean pose, bodies turned and scaled alike, is mostly wrong."""
    turned = facing(clips.motion)
    poses = turned.mean(axis=1) if pose == "mean" else turned[:, FRAMES // 2]
    points = poses.reshape(len(clips.label), -1)
    every = np.arange(1, clips.classes + 1)
    means = [points[clips.train & (clips.label == number)].mean(axis=0) for number in every]
    right = clips.right(points, np.stack(means), every)
    assert right < 0.5
    assert right > 3 / clips.classes  # it does see something
