"""Some of a body's joints, by patterns of their names: chosen, dropped, renamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Pair, Skeleton

DROPS, RENAMES = "!", "="
PART = "part of "  # in the name of a layout with chosen joints
THEN = "/"  # between one choice and another of the joints that it leaves


def with_joints(clip: Clip, choice: Sequence[str]) -> Clip:
    """Return the clip with the joints of a choice, in the order in which it has them.

    `left_*` and `nose` choose, `!*_tip` drops, `snout=nose` renames. Without a word that chooses
    all joints stay but for those that are dropped. What stands behind `/` chooses again.

    >>> import numpy as np
    >>> mouse = Skeleton("mouse", ("snout", "ear", "tail", "tail_tip"), (), "snout")
    >>> clip = Clip(np.zeros((2, 1, 4, 2)), replace(mouse, dimensions=2), name="a")
    >>> with_joints(clip, ["snout=nose", "!*_tip"]).skeleton.joints
    ('nose', 'ear', 'tail')
    >>> with_joints(clip, ["snout=nose", "!*_tip", "/", "nose", "tail"]).skeleton.joints
    ('nose', 'tail')
    """
    if THEN in choice:
        at = choice.index(THEN)
        return with_joints(with_joints(clip, choice[:at]), choice[at + 1 :])
    kept, names = _chosen(clip.skeleton, choice)
    confidence = None if clip.confidence is None else clip.confidence[:, :, kept]
    skeleton = _renamed(part_of(clip.skeleton, kept), names)
    return replace(clip, coords=clip.coords[:, :, kept], confidence=confidence, skeleton=skeleton)


def part_of(skeleton: Skeleton, kept: Sequence[int]) -> Skeleton:
    """Return the body of some joints; a bone to one that is gone leads to the next one above.

    >>> arm = Skeleton("arm", ("shoulder", "elbow", "hand"),
    ...                (("elbow", "shoulder"), ("hand", "elbow")), "shoulder")
    >>> part_of(arm, [0, 2]).bones
    (('hand', 'shoulder'),)
    """
    if len(kept) == len(skeleton):
        return skeleton
    joints = tuple(skeleton.joints[i] for i in kept)
    above = dict(skeleton.bones)
    bones = []
    for joint in joints:
        at = above.get(joint)
        while at is not None and at not in joints:
            at = above.get(at)
        if at is not None:
            bones.append((joint, at))
    children = {joint for joint, _ in bones}
    roots = [skeleton.root, *(joint for joint in joints if joint not in children)]

    def whole(pair: Pair | tuple[()]) -> Pair | tuple[()]:
        return pair if {*pair} <= {*joints} else ()

    return Skeleton(
        PART + skeleton.name.removeprefix(PART),
        joints=joints,
        bones=tuple(bones),
        root=next(root for root in roots if root in joints),
        pairs=tuple(pair for pair in skeleton.pairs if {*pair} <= {*joints}),
        hips=whole(skeleton.hips),
        shoulders=whole(skeleton.shoulders),
        centre=skeleton.centre if {*skeleton.centre} <= {*joints} else (),
        dimensions=skeleton.dimensions,
    )


def _chosen(skeleton: Skeleton, choice: Sequence[str]) -> tuple[list[int], dict[str, str]]:
    """Return which joints stay, and the new names of some of them."""
    taken: set[str] = set()
    dropped: set[str] = set()
    renamed: dict[str, str] = {}
    chooses = False
    for word in choice:
        pattern, marked, name = word.removeprefix(DROPS).partition(RENAMES)
        found = [joint for joint in skeleton.joints if fnmatchcase(joint, pattern)]
        if not found or (marked and (not name or len(found) > 1)):
            near = get_close_matches(pattern, skeleton.joints, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise SkelfuseError(
                f"--joints: no joint is meant by '{word}'",
                found=", ".join(skeleton.joints[:60]),
                remedy=f"{hint}'left_*' or 'nose' choose, '!nose' drops, 'snout=nose' renames one",
            )
        if word.startswith(DROPS):
            dropped.update(found)
        elif marked:
            renamed[found[0]] = name
        else:
            chooses = True
            taken.update(found)
    stay = taken | {*renamed} if chooses else {*skeleton.joints}
    kept = [i for i, joint in enumerate(skeleton.joints) if joint in stay and joint not in dropped]
    if not kept:
        raise SkelfuseError("--joints: no joint is left", remedy="drop fewer of them")
    return kept, renamed


def _renamed(skeleton: Skeleton, names: dict[str, str]) -> Skeleton:
    if not names:
        return skeleton

    def new(joint: str) -> str:
        return names.get(joint, joint)

    def pair(joints: Pair) -> Pair:
        return new(joints[0]), new(joints[1])

    return replace(
        skeleton,
        joints=tuple(map(new, skeleton.joints)),
        bones=tuple(map(pair, skeleton.bones)),
        root=new(skeleton.root),
        pairs=tuple(map(pair, skeleton.pairs)),
        hips=pair(skeleton.hips) if skeleton.hips else (),
        shoulders=pair(skeleton.shoulders) if skeleton.shoulders else (),
        centre=tuple(map(new, skeleton.centre)),
    )
