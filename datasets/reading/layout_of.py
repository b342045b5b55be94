"""Which skeleton a file's joints belong to, where the file itself may not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from skelfuse.datasets.reading.sides import HIPS, SHOULDERS, first_pair, sides_of
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import LAYOUTS
from skelfuse.layouts.more import NEVER_GUESSED
from skelfuse.skeleton import Pair, Skeleton

TWO_ENDS = "write each bone as a joint and its parent"
REMEDY = "give the skeleton with --skeleton: a built-in layout's name or a file such as my.yaml"


def choose(
    joints: int, dimensions: int, given: Skeleton | None = None
) -> tuple[Skeleton, tuple[str, ...]]:
    """Return the skeleton for N joints in D dimensions, and a note if it was guessed.

    A given one only has to have N joints. Otherwise there must be exactly one built-in layout with
    N joints that is native to D dimensions; a 3-D layout may also have lost its depth.

    >>> choose(17, 2)[0].name, choose(25, 3)[0].name, choose(25, 2)[0].name
    ('coco-17', 'kinect-v2', 'openpose-25')
    >>> choose(33, 2)[0].dimensions
    2
    """
    if given is not None:
        if len(given) != joints:
            raise SkelfuseError(
                f"the data do not fit the skeleton '{given.name}'",
                expected=f"{len(given)} joints",
                found=joints,
                remedy=REMEDY,
            )
        return replace(given, dimensions=dimensions), ()
    fitting = guessable(joints)
    native = [body for body in fitting if body.dimensions == dimensions]
    flattened = [body for body in fitting if body.dimensions > dimensions]
    candidates = native or flattened
    if len(candidates) != 1:
        names = ", ".join(f"'{body.name}'" for body in candidates)
        raise SkelfuseError(
            f"{joints} joints in {dimensions} dimensions: "
            + (f"several layouts have them: {names}" if names else "no built-in layout has them"),
            remedy=REMEDY,
        )
    body = replace(candidates[0], dimensions=dimensions)
    return body, (f"layout '{body.name}' taken for its {joints} joints",)


def guessable(joints: int) -> list[Skeleton]:
    """Return the built-in layouts that so many joints may stand for.

    >>> [body.name for body in guessable(17)]
    ['coco-17']
    """
    fitting = (body for body in LAYOUTS.values() if len(body) == joints)
    return [body for body in fitting if body.name not in NEVER_GUESSED]


def imposed(given: Skeleton | None, own: Skeleton) -> Skeleton:
    """Return a format's own skeleton, or in its place the given one with as many joints.

    >>> from skelfuse.layouts import KINECT_V1, NW_UCLA
    >>> imposed(None, NW_UCLA).name, imposed(KINECT_V1, NW_UCLA).name
    ('nw-ucla', 'kinect-v1')
    """
    return own if given is None else choose(len(own), own.dimensions, given)[0]


def order_in_file(joint_names: Sequence[str], given: Skeleton) -> list[int]:
    """Return where in the file each joint of the given skeleton stands, by the file's own names.

    >>> arm = Skeleton("arm", ("elbow", "hand"), (("hand", "elbow"),), "elbow")
    >>> order_in_file(["hand", "elbow"], arm)
    [1, 0]
    >>> order_in_file(["hand", "wrist"], arm)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: the file's joints are not those of the skeleton 'arm': \
expected elbow, hand, found hand, wrist; give a skeleton with the file's joints, or correct the file
    """
    if sorted(joint_names) != sorted(given.joints):
        raise SkelfuseError(
            f"the file's joints are not those of the skeleton '{given.name}'",
            expected=", ".join(given.joints),
            found=", ".join(joint_names),
            remedy="give a skeleton with the file's joints, or correct the file",
        )
    return [list(joint_names).index(joint) for joint in given.joints]


def from_names(
    joint_names: Sequence[str],
    bones: Sequence[Sequence[str | int]] | None,
    dimensions: int,
    *,
    name: str = "file",
) -> Skeleton:
    """Build a skeleton from a file's joint names and bones (pairs of names or of indices).

    Without bones the names of a built-in layout, in any order, are that one; others are a body
    without bones. A bone is read as (joint, parent); where that gives a joint two parents, or
    only the other way round leads to one root, as (parent, joint); else every bone is turned
    towards the joint that has most of them.

    >>> from_names(["hip", "knee", "foot"], [(1, 0), (2, 1)], 3).parents
    (0, 0, 1)
    >>> from_names(["nose", "ear_l", "ear_r"], None, 2).pairs
    (('ear_l', 'ear_r'),)
    """
    names = tuple(str(joint) for joint in joint_names)
    if bones is None:
        for body in LAYOUTS.values():
            if sorted(body.joints) == sorted(names):
                return replace(body, joints=names, dimensions=dimensions)
    if not names:
        raise SkelfuseError("a body without joints", remedy=REMEDY)
    pairs = [_named(bone, names) for bone in bones or ()]
    root, tree = _towards_root(names, pairs)
    pairs_of_sides = sides_of(names)
    return Skeleton(
        name,
        joints=names,
        bones=tuple(tree),
        root=root,
        pairs=pairs_of_sides,
        hips=first_pair(pairs_of_sides, HIPS),
        shoulders=first_pair(pairs_of_sides, SHOULDERS),
        dimensions=dimensions,
    )


def from_links(names: Sequence[str], links: Any, dimensions: int, *, first: int = 0) -> Skeleton:
    """Build a skeleton as `from_names` does, with links that are to be drawn, counted from `first`.

    They are bones where the names are of no built-in layout, and where they make a tree.

    >>> from_links(["nose", "ear_l", "ear_r"], [[1, 2], [1, 3]], 2, first=1).parents
    (0, 0, 0)
    >>> from_links(["nose", "ear_l", "ear_r"], [[1, 2], [2, 3], [3, 1]], 2, first=1).bones
    ()
    """
    body = from_names(names, None, dimensions)
    if body.bones:
        return body
    try:
        bones = [(int(joint) - first, int(other) - first) for joint, other in links or ()]
        return from_names(names, bones, dimensions)
    except (SkelfuseError, TypeError, ValueError, OverflowError):
        return body


def _named(bone: Sequence[str | int], names: tuple[str, ...]) -> Pair:
    if len(bone) != 2:
        raise SkelfuseError(
            "a bone that does not join two joints", found=list(bone), remedy=TWO_ENDS
        )
    ends = []
    for end in bone:
        if isinstance(end, str):
            ends.append(end)
        elif 0 <= end < len(names):
            ends.append(names[end])
        else:
            raise SkelfuseError(
                "a bone's joint that is not there",
                expected=f"an index from 0 to {len(names) - 1}",
                found=end,
                remedy=TWO_ENDS,
            )
    return ends[0], ends[1]


def _towards_root(names: tuple[str, ...], bones: list[Pair]) -> tuple[str, list[Pair]]:
    """Return the root, and bones as (joint, parent): as given, all turned, or turned one by one.

    Of several roots the first with most bones is `the` root.
    """
    ends = [end for bone in bones for end in bone]
    ways = []
    for directed in (bones, [(joint, parent) for parent, joint in bones]):
        children = [joint for joint, _ in directed]
        roots = [joint for joint in names if joint not in children]
        if len(set(children)) == len(children) and roots:
            ways.append((len(roots), max(roots, key=ends.count), directed))
    if ways:
        return min(ways, key=lambda way: way[0])[1:]
    root = max(names, key=ends.count)
    return root, _outwards(root, bones)


def _outwards(root: str, bones: list[Pair]) -> list[Pair]:
    """Turn every bone towards the root; a bone that closes a circle stays, for Skeleton to name."""
    tree: list[Pair] = []
    waiting, reached = list(bones), {root}
    while bone := next((bone for bone in waiting if len(reached & {*bone}) == 1), None):
        joint, above = bone if bone[1] in reached else bone[::-1]
        tree.append((joint, above))
        reached.add(joint)
        waiting.remove(bone)
    return tree + waiting
