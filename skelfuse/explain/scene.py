"""Where to put a clip before an onlooker: upright, facing them, and of a size that fits."""

from __future__ import annotations

import numpy as np

from skelfuse.arrays import Array, Bools
from skelfuse.skeleton import Skeleton


def on_stage(x: Array, mask: Bools, skeleton: Skeleton) -> tuple[Array, float]:
    """Return positions `[T,M,N,3]` (to the right, up, towards the onlooker) within -1 and 1.

    Which axis is up, and which way the body faces, is seen from its hips and shoulders (up also
    from the root and a head or neck); without them y is up in space, and down in an image.
    What was not seen is NaN. The second is how long, in the clip's own unit, a length of one is.

    >>> body = Skeleton("box", joints=("lh", "rh", "ls", "rs"),
    ...                 bones=(("rh", "lh"), ("ls", "lh"), ("rs", "rh")), root="lh",
    ...                 hips=("lh", "rh"), shoulders=("ls", "rs"))
    >>> z_up = np.array([[0.0, 1, 0], [0, -1, 0], [0, 1, 4], [0, -1, 4]])[None, None]
    >>> at, length = on_stage(z_up, np.ones((1, 1, 4), bool), body)
    >>> at[0, 0].round(2).tolist(), length  # its left: our right
    ([[0.5, -1.0, 0.0], [-0.5, -1.0, 0.0], [0.5, 1.0, 0.0], [-0.5, 1.0, 0.0]], 2.0)
    """
    at = np.where(mask[..., None], x, np.nan)
    if at.shape[-1] == 2:
        at = np.concatenate([at, np.zeros_like(at[..., :1])], axis=-1)
    flat = x.shape[-1] == 2
    up, side = np.array([0.0, -1 if flat else 1, 0]), None
    low, high = skeleton.torso
    if not low:
        low, high = _trunk(skeleton)
    ends = np.concatenate(at[:, :, [*low, *high]])  # [T·M,ends,3]
    ends = ends[~np.isnan(ends).any((1, 2))]
    if len(low) and len(ends):
        trunk = (ends[:, len(low) :].mean(1) - ends[:, : len(low)].mean(1)).mean(0)
        axis = int(np.abs(trunk).argmax())
        if trunk[axis] and (axis == 1 or not flat):
            up = np.sign(trunk[axis]) * np.eye(3)[axis]
        if len(low) > 1:  # hips and shoulders, each left and right
            first = ends[0]
            side = (first[0] + first[2] - first[1] - first[3]) / 2
    turned = np.stack([at @ axis for axis in _axes(up, side, flat=flat)], axis=-1)
    known = turned[~np.isnan(turned).any(-1)]
    if not len(known):
        return turned, 1.0
    least, most = known.min(0), known.max(0)
    length = float(np.max(most - least) / 2 or 1.0)
    return (turned - (least + most) / 2) / length, length


def _trunk(skeleton: Skeleton) -> tuple[list[int], list[int]]:
    tops = [n for n, joint in enumerate(skeleton.joints) if joint.lower() in ("head", "neck")]
    root = skeleton.index(skeleton.root)
    return ([root], tops[:1]) if tops and tops[0] != root else ([], [])


def _axes(up: Array, side: Array | None, *, flat: bool) -> tuple[Array, Array, Array]:
    if flat:  # an image is not turned, but for its up
        return np.eye(3)[0], up, np.eye(3)[2]
    if side is not None:
        side = side - (side @ up) * up
    if side is None or np.linalg.norm(side) < 1e-6:
        side = np.roll(np.abs(up), -1)  # an axis that is not up
    right = side / np.linalg.norm(side)
    return right, up, np.cross(right, up)
