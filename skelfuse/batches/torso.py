"""Which way a body stands and faces, and how long its torso is, by what is seen of it.

Whole is a torso of which both hips and both shoulders are seen. Of a part of one the rest is
taken to be alike: one side as long as the other, hips as wide as shoulders. Where not even that
helps, other joints stand in: the trunk's for what is up, all pairs of joints for left and right.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from skelfuse.skeleton import Skeleton

BONES_IN_A_TORSO = 2.0  # of median length; people of six data sets have 1.6 to 2.9 by their layouts


def whole_torso(coords: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """Return what leads from hips to shoulders, and from right to left, of `coords [R,N,D]`.

    Both are `[R,D]`, NaN where a hip or a shoulder is not seen.
    """
    hips, shoulders = skeleton.torso
    left, right = ([hips[side], shoulders[side]] for side in (0, 1))
    up = coords[:, shoulders].mean(dim=1) - coords[:, hips].mean(dim=1)
    return up, coords[:, left].mean(dim=1) - coords[:, right].mean(dim=1)


def part_of_torso(coords: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """Return the same by the joints that are seen, NaN where they do not tell.

    >>> from skelfuse.layouts import KINECT_V2
    >>> coords = torch.zeros(1, 25, 3)
    >>> for joint, place in {"left_hip": (1, 0, 0), "left_shoulder": (2, 5, 0)}.items():
    ...     coords[0, KINECT_V2.index(joint)] = torch.tensor(place).float()
    >>> coords[0, KINECT_V2.index("right_shoulder")] = torch.nan
    >>> part_of_torso(coords, KINECT_V2)
    (tensor([[1., 5., 0.]]), tensor([[1., 0., 0.]]))
    """
    hips, shoulders = skeleton.torso
    up = mean_of_seen(coords[:, shoulders] - coords[:, hips])  # of each side
    side = mean_of_seen(coords[:, [hips[0], shoulders[0]]] - coords[:, [hips[1], shoulders[1]]])
    left, right = ([skeleton.index(pair[i]) for pair in skeleton.pairs] for i in (0, 1))
    return (
        _or_else(up, _trunk(coords, skeleton)),
        _or_else(side, mean_of_seen(coords[:, left] - coords[:, right])),
    )


def lengths_of(coords: Tensor, skeleton: Skeleton) -> Iterator[Tensor]:
    """Yield lengths `[R,K]` to know a body's size by, the best ones first; NaN is unseen.

    Without bones it is how far the joints are from the middle of those that are seen.
    """
    hips, shoulders = skeleton.torso
    if hips:
        yield whole_torso(coords, skeleton)[0].norm(dim=1, keepdim=True)
        yield (coords[:, shoulders] - coords[:, hips]).norm(dim=2)
    below = [i for i, parent in enumerate(skeleton.parents) if parent != i]
    if not below:
        yield (coords - mean_of_seen(coords)[:, None]).norm(dim=2)
        return
    above = [skeleton.parents[i] for i in below]
    bones = (coords[:, below] - coords[:, above]).norm(dim=2)
    yield BONES_IN_A_TORSO * bones if hips else bones


def likely_centre(coords: Tensor, seen: Tensor, skeleton: Skeleton) -> Tensor:
    """Return about where the centre of each body is, `[R,D]`; NaN where nothing is seen.

    A joint of the centre that is not seen lies between those that are connected to it; failing
    that, the body's centre is the middle of all that is seen of it.
    """
    known = torch.where(seen[..., None], coords, torch.nan)
    joints = []
    for joint in skeleton.centre_indices:
        around = [i for i, parent in enumerate(skeleton.parents) if parent == joint != i]
        around += [skeleton.parents[joint]]
        joints.append(_or_else(known[:, joint], mean_of_seen(known[:, around])))
    return _or_else(mean_of_seen(torch.stack(joints, dim=1)), mean_of_seen(known))


def mean_of_seen(vectors: Tensor) -> Tensor:
    """Return the mean `[R,D]` over those of `vectors [R,K,D]` that are known."""
    known = ~vectors.isnan().any(dim=2, keepdim=True)
    return torch.where(known, vectors, 0.0).sum(dim=1) / known.sum(dim=1)


def _or_else(first: Tensor, second: Tensor) -> Tensor:
    return torch.where(first.isnan().any(dim=1, keepdim=True), second, first)


def _trunk(coords: Tensor, skeleton: Skeleton) -> Tensor:
    """Return what leads up the trunk, `[R,D]`; zero where a layout has no joints in it.

    NaN where its bones do not join left and right.
    """
    low, high = (_above_both(skeleton, *ends) for ends in skeleton.torso)
    if low is None or high is None:
        return torch.full_like(coords[:, 0], torch.nan)
    return coords[:, high] - coords[:, low]


def _above_both(skeleton: Skeleton, left: int, right: int) -> int | None:
    """Return the joint where the ways from two joints upwards meet; None where they do not."""
    way = [left]
    while skeleton.parents[way[-1]] != way[-1]:
        way.append(skeleton.parents[way[-1]])
    while right not in way:
        if skeleton.parents[right] == right:
            return None
        right = skeleton.parents[right]
    return right
