"""Whether a clip's left is the body's left."""

from __future__ import annotations

import numpy as np

from skelfuse.arrays import Array
from skelfuse.clip import Clip

BETTER = 0.5  # of the way, where left and right are exchanged
SHARE = 0.6  # of the pairs that must agree
BACKWARDS = 0.3  # the least cosine that says anything
AHEAD = (("toe", "ankle"), ("toe", "heel"), ("foot", "ankle"), ("nose", "ear"))


def swaps(clip: Clip) -> list[int]:
    """Return the frames at which left and right change places at once, in anybody.

    >>> from skelfuse.layouts import COCO_17
    >>> coords = np.zeros((6, 1, 17, 2)); coords[..., 1::2, 0] = 1.0
    >>> coords[3:] = coords[3:, :, [0, *np.ravel([(n + 1, n) for n in range(1, 17, 2)])]]
    >>> swaps(Clip(coords, COCO_17, name="a"))
    [3]
    """
    pairs = np.array([[clip.skeleton.index(j) for j in pair] for pair in clip.skeleton.pairs])
    if not len(pairs) or clip.frames < 2:
        return []
    left, right = (clip.coords[:, :, pairs[:, side]].astype(np.float64) for side in (0, 1))
    stay = _far(left[1:], left[:-1]) + _far(right[1:], right[:-1])  # [T-1,M,pairs]
    change = _far(left[1:], right[:-1]) + _far(right[1:], left[:-1])
    apart = np.linalg.norm(left - right, axis=-1)
    with np.errstate(invalid="ignore"):
        swapped = change < BETTER * stay
        usable = ~np.isnan(stay + change) & (apart[1:] > 0)
    count = usable.sum(axis=-1)
    share = (swapped & usable).sum(axis=-1) / np.maximum(count, 1)
    return [int(t) + 1 for t in np.flatnonzero(((share >= SHARE) & (count >= 2)).any(axis=1))]


def mirrored(clip: Clip) -> bool | None:
    """Say whether feet or face point backwards, seen from the body's left and up.

    None where the joints do not tell, or the clip is flat.
    """
    skeleton = clip.skeleton
    low, high = skeleton.torso
    if skeleton.dimensions != 3 or not low:
        return None
    ahead = _ahead(skeleton.joints)
    if not ahead:
        return None
    at = clip.coords[:, 0].astype(np.float64)
    left = (at[:, [low[0], high[0]]] - at[:, [low[1], high[1]]]).mean(axis=1)
    forward = np.cross(left, at[:, high].mean(axis=1) - at[:, low].mean(axis=1))
    points = np.mean([at[:, front] - at[:, back] for front, back in ahead], axis=0)
    length = np.linalg.norm(forward, axis=-1) * np.linalg.norm(points, axis=-1)
    known = length > 0
    if not known.any():
        return None
    cosine = float(np.median((forward * points).sum(axis=-1)[known] / length[known]))
    return cosine < 0 if abs(cosine) > BACKWARDS else None


def _ahead(joints: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return pairs of joints, the first of which is before the second, on both sides."""
    words = [joint.lower() for joint in joints]
    for front, back in AHEAD:
        fronts = [n for n, word in enumerate(words) if front in word]
        backs = [n for n, word in enumerate(words) if back in word]
        if not fronts or len(backs) < 2:
            continue
        if len(fronts) == 1:
            return [(fronts[0], n) for n in backs]
        same = [(n, m) for n in fronts for m in backs if words[n].replace(front, back) == words[m]]
        if len(same) >= 2:
            return same
    return []


def _far(one: Array, other: Array) -> Array:
    return np.asarray(np.linalg.norm(one - other, axis=-1))
