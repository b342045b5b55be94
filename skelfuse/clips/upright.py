"""Which of a clip's axes is up, told by its torsos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skelfuse.clip import Clip

NAMES = "xyz"
AXES = tuple(f"{sign}{name}" for name in NAMES for sign in "+-")


@dataclass(frozen=True)
class Axis:
    """An axis of the clip with its sign: (1, -1) is -y."""

    number: int
    sign: int

    def __str__(self) -> str:
        return f"{'+' if self.sign > 0 else '-'}{NAMES[self.number]}"


def up_axis(clip: Clip) -> Axis | None:
    """Return the axis along which most torsos of a clip stand; None where none is seen.

    >>> from skelfuse.layouts import COCO_17
    >>> coords = np.zeros((2, 1, 17, 2)); coords[:, :, 5:7, 1] = -50  # shoulders above
    >>> str(up_axis(Clip(coords, COCO_17, name="a")))
    '-y'
    """
    low, high = clip.skeleton.torso
    if not low:
        return None
    at = clip.coords.astype(np.float64)
    trunk = (at[:, :, high].mean(axis=2) - at[:, :, low].mean(axis=2)).reshape(-1, at.shape[-1])
    trunk = trunk[~np.isnan(trunk).any(axis=1)]
    length = np.linalg.norm(trunk, axis=1, keepdims=True)
    trunk = trunk[length[:, 0] > 0] / length[length[:, 0] > 0]
    if not len(trunk):
        return None
    mean = trunk.mean(axis=0)
    number = int(np.abs(mean).argmax())
    return Axis(number, 1 if mean[number] >= 0 else -1)
