"""How a clip is shown to an onlooker: bodies on their feet, and nothing turned but by its axes."""

from __future__ import annotations

import numpy as np

from skelfuse.arrays import Array
from skelfuse.clip import Clip, FloatArray
from skelfuse.clips.upright import Axis, up_axis


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
    low, high = clip.skeleton.torso
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
