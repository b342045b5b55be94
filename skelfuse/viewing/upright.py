"""Which of a clip's axes is up, so that bodies are shown on their feet without being turned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip, FloatArray
from skelfuse.skeleton import Skeleton

Array = npt.NDArray[np.float64]
NAMES = "xyz"


@dataclass(frozen=True)
class Axis:
    """An axis of the clip with its sign: (1, -1) is -y."""

    number: int
    sign: int

    def __str__(self) -> str:
        return f"{'+' if self.sign > 0 else '-'}{NAMES[self.number]}"


def torso(skeleton: Skeleton) -> tuple[list[int], list[int]]:
    """Return (left, right) hips and shoulders, the torso's two ends; none where a layout has none.

    An animal seen from above has a head and a tail, and neither is up.

    >>> from skelfuse.layouts import COCO_17
    >>> [[COCO_17.joints[n] for n in end] for end in torso(COCO_17)]
    [['left_hip', 'right_hip'], ['left_shoulder', 'right_shoulder']]
    """
    if not (skeleton.hips and skeleton.shoulders):
        return [], []
    low = [skeleton.index(joint) for joint in skeleton.hips]
    return low, [skeleton.index(joint) for joint in skeleton.shoulders]


def up_axis(clip: Clip) -> Axis | None:
    """Return the axis along which most torsos of a clip stand; None where none is seen.

    >>> from skelfuse.layouts import COCO_17
    >>> coords = np.zeros((2, 1, 17, 2)); coords[:, :, 5:7, 1] = -50  # shoulders above
    >>> str(up_axis(Clip(coords, COCO_17, name="a")))
    '-y'
    """
    low, high = torso(clip.skeleton)
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


def onlooker(clip: Clip) -> Array:
    """Return what turns coordinates into (to the right, up, towards the onlooker), `[3,D]`.

    Only axes are exchanged and signs turned, and never so that left and right change places: the
    onlooker is where the body's left is mostly on their right. In an image what is not known to be
    up is -y, in space +y.

    >>> from skelfuse.layouts import KINECT_V2
    >>> z_up = np.zeros((1, 1, 25, 3))
    >>> z_up[:, :, [KINECT_V2.index(joint) for joint in KINECT_V2.shoulders], 2] = 1
    >>> onlooker(Clip(z_up, KINECT_V2, name="a")).astype(int).tolist()  # x to the right, y away
    [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    """
    up = up_axis(clip)
    if clip.skeleton.dimensions == 2:
        sign = up.sign if up is not None and up.number == 1 else -1
        return np.array([[1.0, 0.0], [0.0, sign], [0.0, 0.0]])
    axis = up or Axis(1, 1)
    upwards = axis.sign * np.eye(3)[axis.number]
    right = np.eye(3)[1 if axis.number == 0 else 0]
    low, high = torso(clip.skeleton)
    if low:
        ends = clip.coords[:, 0, [*low, *high]].astype(np.float64)
        across = (ends[:, 0] + ends[:, 2] - ends[:, 1] - ends[:, 3]) @ right
        across = across[~np.isnan(across)]
        if len(across) and np.median(across) < 0:
            right = -right
    return np.stack([right, upwards, np.cross(right, upwards)])


def staged(coords: FloatArray, view: Array) -> Array:
    """Return positions `[T,M,N,3]` before the onlooker, most of them within -1 and 1.

    A few joints far off make nobody small: the size is that of all but one in a hundred.
    """
    at = np.asarray(coords.astype(np.float64) @ view.T)
    known = at[~np.isnan(at).any(axis=-1)]
    if not len(known):
        return at
    least, most = np.quantile(known, 0.005, axis=0), np.quantile(known, 0.995, axis=0)
    return np.asarray((at - (least + most) / 2) / (float((most - least).max()) / 2 or 1.0))
