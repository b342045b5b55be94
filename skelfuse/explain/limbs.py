"""Which joints make up an arm, a leg, the head: groups that a person would name."""

from __future__ import annotations

from itertools import takewhile

from skelfuse.skeleton import Skeleton

OF_THE_HEAD = ("head", "face", "nose", "eye", "ear", "mouth", "chin", "jaw")


def limbs_of(skeleton: Skeleton) -> dict[str, tuple[str, ...]]:
    """Return the body's groups of joints by name; every joint is in exactly one.

    A body with hips and shoulders has arms, legs, a head and a trunk, those of them that its
    joints make up. Any other body is split into its root and the branches that leave it; a joint
    without bones is by itself.

    >>> from skelfuse.layouts import COCO_17, HAND_21
    >>> limbs_of(COCO_17)["right leg"]
    ('right_hip', 'right_knee', 'right_ankle')
    >>> list(limbs_of(COCO_17)), list(limbs_of(HAND_21))
    (['head', 'left arm', 'right arm', 'left leg', 'right leg'], \
['wrist', 'thumb', 'index', 'middle', 'ring', 'pinky'])
    """
    if skeleton.hips and skeleton.shoulders:
        return _of_a_person(skeleton)
    return _branches(skeleton)


def _of_a_person(skeleton: Skeleton) -> dict[str, tuple[str, ...]]:
    names = ("left arm", "right arm", "left leg", "right leg")
    begins = dict(zip((*skeleton.shoulders, *skeleton.hips), names, strict=True))
    limbs: dict[str, list[str]] = {name: [] for name in ("head", "trunk", *names)}
    above = dict(skeleton.bones)
    for joint in skeleton.joints:
        at: str | None = joint
        while at is not None and at not in begins:  # a hip may hang on a shoulder: the nearest
            at = above.get(at)
        if at is not None:
            limbs[begins[at]].append(joint)
        else:
            limbs["head" if _is_of_the_head(joint) else "trunk"].append(joint)
    return {name: tuple(joints) for name, joints in limbs.items() if joints}


def _is_of_the_head(joint: str) -> bool:
    words = joint.lower().replace("-", "_").replace(" ", "_").split("_")
    return any(word in OF_THE_HEAD for word in words)


def _branches(skeleton: Skeleton) -> dict[str, tuple[str, ...]]:
    above = dict(skeleton.bones)
    children: dict[str, list[str]] = {joint: [] for joint in skeleton.joints}
    for joint, parent in above.items():
        children[parent].append(joint)
    stem = [skeleton.root]
    while len(children[stem[-1]]) == 1:
        stem += children[stem[-1]]
    roots = [joint for joint in skeleton.joints if joint not in above and joint != skeleton.root]
    begins = [*children[stem[-1]], *roots]
    if not begins:  # one chain: nothing branches off
        return {joint: (joint,) for joint in skeleton.joints}
    limbs = {skeleton.root: tuple(joint for joint in skeleton.joints if joint in stem)}
    for first in begins:
        branch = [first]
        for joint in branch:  # which grows meanwhile
            branch += children[joint]
        own = tuple(joint for joint in skeleton.joints if joint in branch)
        name = _shared_words(own) or first
        limbs[first if name in limbs else name] = own
    return limbs


def _shared_words(joints: tuple[str, ...]) -> str:
    """Return the words with which the names of several joints begin."""
    if len(joints) < 2:
        return ""
    columns = zip(*(joint.split("_") for joint in joints), strict=False)
    return "_".join(words[0] for words in takewhile(lambda words: len(set(words)) == 1, columns))
