"""A body from limbs that need not join all of it, and may go round in circles."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from skelfuse.datasets.reading.layout_of import from_names
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

Limb = tuple[int, int]
# What a part's joints are called by -> where on the body it is joined, the first that is there.
WHERE = {
    "left_hand_": ("left_wrist", "left_elbow"),
    "right_hand_": ("right_wrist", "right_elbow"),
    "face_": ("nose",),
}
ROOTS = ("mid_hip", "hip", "pelvis", "neck", "nose")


def joined_body(
    name: str, joints: Sequence[str], limbs: Sequence[Limb], dimensions: int
) -> Skeleton:
    """Return the body of these joints whose bones are limbs, of circles not all of them.

    >>> body = joined_body("b", ["nose", "left_wrist", "left_hand_wrist", "left_hand_tip"],
    ...                    [(0, 1), (2, 3)], 2)
    >>> body.parents
    (0, 0, 1, 2)
    """
    if len(set(joints)) < len(joints):
        twice = sorted({joint for joint in joints if list(joints).count(joint) > 1})
        raise SkelfuseError(
            "points named twice", found=", ".join(twice[:5]), remedy="give every point its own name"
        )
    neighbours: list[list[int]] = [[] for _ in joints]
    for a, b in limbs:
        if a != b:
            neighbours[a].append(b)
            neighbours[b].append(a)
    body = [i for i, joint in enumerate(joints) if not joint.startswith(tuple(WHERE))]
    busiest = max(body or range(len(joints)), key=lambda joint: len(neighbours[joint]))
    root = next((joints.index(joint) for joint in ROOTS if joint in joints), busiest)
    parent: dict[int, int] = {root: root}
    _reach(root, neighbours, parent)
    for joint, called in enumerate(joints):
        if joint not in parent:
            parent[joint] = _place(called, joints, root)
            _reach(joint, neighbours, parent)
    tree = [(i, parent[i]) for i in sorted(parent) if i != root]
    body_of_joints = from_names(joints, tree, dimensions, name=name)
    return replace(body_of_joints, centre=body_of_joints.hips)


def _reach(start: int, neighbours: list[list[int]], parent: dict[int, int]) -> None:
    waiting = deque([start])
    while waiting:
        joint = waiting.popleft()
        for other in neighbours[joint]:
            if other not in parent:
                parent[other] = joint
                waiting.append(other)


def _place(called: str, joints: Sequence[str], root: int) -> int:
    """Return the joint to which a part belongs that no limb joins."""
    for prefix, places in WHERE.items():
        if called.startswith(prefix):
            found = next((joints.index(place) for place in places if place in joints), root)
            return found if joints[found] != called else root
    return root
