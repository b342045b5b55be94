"""What a Kinect sees of a performance: its place in the room, its images, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skelfuse.datasets.synth.faults import Sight, faulty
from skelfuse.datasets.synth.performance import ClipPlan, perform
from skelfuse.datasets.synth.rotation import TAU, Array, rotate, turned

# Yaw of cameras 1 to 3 around the middle of the stage, as in NTU RGB+D.
CAMERA_YAWS = (0.0, -TAU / 8, TAU / 8)

# Height and distance of all three cameras, metres; each looks at the middle of a body.
SETUPS = (
    (1.7, 3.4),
    (1.5, 2.9),
    (1.3, 3.1),
    (1.2, 3.6),
    (1.9, 3.9),
    (1.0, 3.0),
    (2.2, 3.7),
    (1.4, 4.1),
    (1.6, 3.2),
    (1.1, 3.8),
)

_FIRST_ID = 72057594037927936  # 2 ** 56: Kinect numbers bodies upwards from here


@dataclass(frozen=True)
class Recording(Sight):
    """One clip as its file tells it, and as it truly was.

    Bodies are on the axis B: the M people first, in the order of `truth`, then ghosts.

    >>> from skelfuse.datasets.synth.dataset import plan_clips
    >>> clean = render(plan_clips(clips=1, classes=2, seed=0)[0], noise=0)
    >>> bool((clean.coords == clean.truth).all()), len(clean.listed(frame=0))
    (True, 1)
    """

    truth: Array  # [T,M,25,3], metres in the camera's frame, no fault in them

    @property
    def frames(self) -> int:
        """T, the number of frames."""
        return int(self.truth.shape[0])

    @property
    def people(self) -> int:
        """M, the number of people."""
        return int(self.truth.shape[1])

    def listed(self, frame: int) -> list[int]:
        """Return the bodies of a frame in the order in which the file lists them."""
        bodies = [int(body) for body in np.flatnonzero(self.seen[frame])]
        return bodies[::-1] if self.swapped[frame] else bodies

    def observed(self) -> Array:
        """Return the people as reported, `[T,M,25,3]`: no ghosts, NaN in lost frames."""
        people = slice(self.people)
        return np.where(self.seen[:, people, None, None], self.coords[:, people], np.nan)


def render(plan: ClipPlan, noise: float = 1.0) -> Recording:
    """Return what a camera reports of a planned clip; `noise` 0 is an ideal sensor.

    >>> from skelfuse.datasets.synth.dataset import plan_clips
    >>> recording = render(plan_clips(clips=1, classes=2, seed=0)[0])
    >>> recording.observed().shape == recording.truth.shape == (recording.frames, 1, 25, 3)
    True
    """
    truth = seen_from(perform(plan), camera=plan.camera, setup=plan.setup)
    rng = np.random.default_rng([plan.seed, 3, plan.clip])
    frames, people = truth.shape[:2]
    first = _FIRST_ID + int(rng.integers(0, 20_000))
    clean = Sight(
        coords=truth,
        state=np.full((frames, people, 25), 2, dtype=np.int64),
        seen=np.ones((frames, people), dtype=np.bool_),
        ids=np.zeros((frames, people), dtype=np.int64) + first + np.arange(people),
        swapped=np.zeros(frames, dtype=np.bool_),
    )
    sight = faulty(clean, rng, noise) if noise > 0 else clean
    return Recording(**vars(sight), truth=truth)


def seen_from(stage: Array, camera: int, setup: int) -> Array:
    """Turn points `[...,3]` on the stage into a camera's frame, metres: x to its left, y up, z out.

    >>> seen_from(np.array([0.0, 1.3, 0.0]), camera=1, setup=3).round(2) + 0.0
    array([0.  , 0.4 , 3.07])
    """
    height, distance = SETUPS[setup - 1]
    slope = (height - 0.9) / distance  # down to the middle of a body
    level = np.sqrt(1 + slope * slope)
    turn = turned(yaw=-CAMERA_YAWS[camera - 1])
    points = rotate(turn, stage) + np.array([0.0, -height, distance])
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([x, (y + z * slope) / level, (z - y * slope) / level], axis=-1)


def depth_pixels(coords: Array) -> Array:
    """Project points `[...,3]` onto the depth image of 512 x 424 pixels: `[...,2]`.

    >>> depth_pixels(np.array([0.0, 0.0, 3.0])).tolist()
    [257.5, 209.0]
    """
    return _projected(coords, focus=366.5, middle=(257.5, 209.0), baseline=0.0)


def colour_pixels(coords: Array) -> Array:
    """Project points `[...,3]` onto the colour image of 1920 x 1080 pixels: `[...,2]`.

    >>> colour_pixels(np.array([0.0, 0.0, 2.0])).tolist()
    [985.0, 548.0]
    """
    return _projected(coords, focus=1058.0, middle=(959.0, 548.0), baseline=52.0)


def _projected(coords: Array, focus: float, middle: tuple[float, float], baseline: float) -> Array:
    x, y, z = coords[..., 0], coords[..., 1], coords[..., 2]
    return np.stack([middle[0] + (focus * x + baseline) / z, middle[1] - focus * y / z], axis=-1)
