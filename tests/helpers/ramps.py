"""Clips in which every coordinate grows by one a frame, from a body that stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skelfuse.clip import Clip
from skelfuse.layouts import KINECT_V2
from skelfuse.skeleton import Skeleton

TWO = Skeleton("two", joints=("a", "b"), bones=(("b", "a"),), root="a")


def ramp(body: Skeleton = KINECT_V2, frames: int = 20, **fields: Any) -> Clip:
    """Return a clip in which every coordinate grows by one a frame, from a standing body."""
    draw = np.random.default_rng(7)
    rest = draw.normal(size=(2, len(body), body.dimensions))
    if body.hips and body.shoulders:
        for joint, height in zip((*body.hips, *body.shoulders), (0, 0, 2, 2), strict=True):
            rest[:, body.index(joint)] = 0
            rest[:, body.index(joint), 1] = height
        for joint in (body.hips[0], body.shoulders[0]):
            rest[:, body.index(joint), 0] = 1
    coords = rest + np.arange(frames)[:, None, None, None]
    return Clip(coords.astype(np.float32), body, name="ramp", fps=30, **fields)


def with_gaps(clip: Clip) -> Clip:
    """Return the clip with a joint that is never seen and one that is gone for some frames."""
    coords = clip.coords.copy()
    coords[:, :, -1] = np.nan
    coords[3:7, 0, -2] = np.nan
    return replace(clip, coords=coords)
