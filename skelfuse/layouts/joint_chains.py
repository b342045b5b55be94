"""Building a skeleton from chains of joint names, the left side written for both."""

from __future__ import annotations

from itertools import pairwise

from skelfuse.skeleton import Pair, Skeleton


def both(chains: str) -> str:
    """Write every chain that names the left side once more for the right side."""
    return f"{chains}; {chains.replace('left_', 'right_')}"


def build(
    name: str,
    joints: str | tuple[str, ...],
    chains: str,
    *,
    centre: tuple[str, ...] = (),
    dimensions: int = 3,
) -> Skeleton:
    """Build a skeleton from chains of joints; the first joint of the first chain is the root.

    Pairs, hips and shoulders follow from the prefixes `left_` and `right_`.

    >>> build("arms", "neck left_shoulder right_shoulder left_hand right_hand",
    ...       "neck left_shoulder left_hand; neck right_shoulder right_hand").parents
    (0, 0, 0, 1, 2)
    """
    names = tuple(joints.split()) if isinstance(joints, str) else joints
    lines = [chain.split() for chain in chains.split(";")]
    # A chain may start again at the root, as when it is written for both sides.
    bones = dict.fromkeys((joint, above) for line in lines for above, joint in pairwise(line))
    left = [joint for joint in names if joint.startswith("left_")]
    both_sides = [(joint, joint.replace("left_", "right_", 1)) for joint in left]
    pairs = tuple(pair for pair in both_sides if pair[1] in names)
    hips: Pair | tuple[()] = ("left_hip", "right_hip")
    shoulders: Pair | tuple[()] = ("left_shoulder", "right_shoulder")
    return Skeleton(
        name,
        joints=names,
        bones=tuple(bones),
        root=lines[0][0],
        pairs=pairs,
        hips=hips if hips in pairs else (),
        shoulders=shoulders if shoulders in pairs else (),
        centre=centre,
        dimensions=dimensions,
    )
