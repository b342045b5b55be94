"""Bones for a body that has none: a minimal spanning tree over the mean distances of its joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.skeleton import Pair, Skeleton


def spanning_bones(clip: Clip) -> tuple[Pair, ...]:
    """Return bones `(joint, parent)` away from the joint that is nearest to all others.

    Joints that are never seen together with others stay without a bone.

    >>> mouse = Skeleton("mouse", ("tail", "nose", "body"), (), "tail", dimensions=2)
    >>> line = np.array([[[[9.0, 0], [0, 0], [4, 0]]]])
    >>> spanning_bones(Clip(line, mouse, name="a"))
    (('nose', 'body'), ('tail', 'body'))
    """
    apart = _mean_distances(clip)
    names = clip.skeleton.joints
    known = np.isfinite(apart)
    # Who is seen with most others, and of those who is nearest to them.
    nearness = np.where(known, apart, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    root = int(np.lexsort((nearness, -known.sum(axis=1)))[0])
    bones: list[Pair] = []
    reached = [root]
    while len(reached) < len(names):
        away = apart[reached].copy()
        away[:, reached] = np.inf
        nearest, joint = np.unravel_index(int(away.argmin()), away.shape)
        if not np.isfinite(away[nearest, joint]):
            break
        bones.append((names[int(joint)], names[reached[int(nearest)]]))
        reached.append(int(joint))
    return tuple(bones)


def with_bones(clip: Clip, bones: tuple[Pair, ...]) -> Clip:
    """Return a clip with these bones, where it has none and has their joints.

    >>> mouse = Skeleton("mouse", ("nose", "tail"), (), "nose", dimensions=2)
    >>> clip = with_bones(Clip(np.zeros((1, 1, 2, 2)), mouse, name="a"), (("nose", "tail"),))
    >>> clip.skeleton.root, clip.notes
    ('tail', ('bones: a spanning tree over the distances of joints',))
    """
    skeleton = clip.skeleton
    children = {joint for joint, _ in bones}
    if (
        not bones
        or skeleton.bones
        or not {end for bone in bones for end in bone} <= {*skeleton.joints}
    ):
        return clip
    root = next(above for _, above in bones if above not in children)
    centre = () if skeleton.centre == skeleton.joints else skeleton.centre
    joined: Skeleton = replace(skeleton, bones=bones, root=root, centre=centre)
    note = "bones: a spanning tree over the distances of joints"
    return replace(clip, skeleton=joined).noted(note)


def _mean_distances(clip: Clip) -> npt.NDArray[np.float64]:
    """Return the mean distance `[N,N]` of joints that are seen together; infinite where none is."""
    coords = clip.coords.astype(np.float64).reshape(-1, *clip.coords.shape[2:])  # [T·M,N,D]
    seen = np.asarray(~np.isnan(coords).any(axis=-1))
    coords = np.where(seen[..., None], coords, 0)
    apart = np.full((len(clip.skeleton),) * 2, np.inf)
    for n in range(len(clip.skeleton)):  # one joint at a time: all pairs of a long clip are many
        both = seen & seen[:, n : n + 1]  # [T·M,N]
        away = np.linalg.norm(coords - coords[:, n : n + 1], axis=-1) * both
        count = both.sum(axis=0)
        apart[n] = np.where(count > 0, away.sum(axis=0) / np.maximum(count, 1), np.inf)
    np.fill_diagonal(apart, np.inf)
    return apart
