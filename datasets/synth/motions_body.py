"""What one person does with the whole body: from phase (0 to 1) to a pose, right side leading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skelfuse.datasets.synth.pose import Pose, during, path, reach, trip
from skelfuse.datasets.synth.rotation import Array
from skelfuse.datasets.synth.subjects import Style


def kick(u: Array, style: Style) -> Pose:
    """Swing a leg back, then up to the front, and set it down again."""
    rest, far = style.rest, style.amplitude
    foot = np.asarray(rest.right_foot)
    back = foot + np.array([0.02, 0.14, -0.34 * far])
    front = np.array([0.05 + 0.12 * style.aside, 0.42 + 0.14 * style.high, 0.72 + 0.08 * far])
    way = (0, foot), (0.3, back), (0.5, front), (0.68, (0.0, 0.16, 0.12)), (0.9, foot)
    lean = during(u, 0.05, 0.85, edge=0.2)
    return replace(
        rest,
        right_foot=path(u, *way),
        pelvis=rest.pelvis + lean * np.array([0.08, -0.03, 0.04]),
        pelvis_turn=path(u, (0, 0), (0.3, (-0.2, 0.15, 0)), (0.5, (0.25, -0.2, 0)), (0.9, 0)),
        spine=rest.spine + path(u, (0, 0), (0.3, (0.2, 0.1, 0)), (0.5, (-0.3, 0.15, 0)), (0.9, 0)),
        left_hand=rest.left_hand
        + during(u, 0.2, 0.75, edge=0.2) * np.array([0.2, 0.25, 0.3]) * far,
        right_hand=rest.right_hand
        + during(u, 0.3, 0.75, edge=0.2) * np.array([0.25, 0.15, -0.3]) * far,
    )


def sit_down(u: Array, style: Style) -> Pose:
    """Bend forward and lower the hips back onto a chair."""
    rest = style.rest
    seat = np.array([0.0, -0.44 + 0.05 * style.high, -0.44 - 0.04 * style.ahead])
    drop = path(u, (0.1, rest.pelvis), (0.8, seat))
    back = path(u, (0, rest.pelvis), (0.7, seat))
    bend = 0.55 + 0.2 * style.amplitude
    knee = np.array([0.05 + 0.05 * style.aside, -0.76, 0.42])
    hands_down = style.aside > -0.4  # some leave their hands where they are
    hang = path(u, *trip(0, (0.48, (0.0, 0.12, 0.5))))  # arms hang from a bent trunk
    return replace(
        rest,
        pelvis=drop * np.array([1.0, 1.0, 0.0]) + back * np.array([0.0, 0.0, 1.0]),
        pelvis_turn=path(u, (0, 0), (0.5, (0, 0.3, 0)), (1, (0, -0.08, 0))),
        spine=rest.spine + path(u, (0, 0), (0.48, (0, bend, 0)), (1, (0, 0.08, 0))),
        head=rest.head + path(u, *trip(0, (0.45, (0, -0.3, 0)))),
        right_hand=reach(u, (0.2, rest.right_hand), (0.9, knee if hands_down else rest.right_hand))
        + hang,
        left_hand=reach(u, (0.2, rest.left_hand), (0.9, knee if hands_down else rest.left_hand))
        + hang,
    )


def pick_up(u: Array, style: Style) -> Pose:
    """Stoop with an empty hand to the floor and come up holding something before the belly."""
    rest = style.rest
    depth = 0.36 + 0.1 * style.high
    stoop = path(u, (0, 0), (0.42, (0, 1, 0)), (0.5, (0, 1, 0)), (0.95, 0))
    knee = (0.1, -0.72, 0.5)
    floor = np.array([-0.12 + 0.12 * style.aside, -0.45, 0.85])
    held = np.array([-0.14 + 0.1 * style.aside, -0.5 + 0.1 * style.high, 0.55])
    return replace(
        rest,
        pelvis=rest.pelvis + stoop[:, 1:2] * np.array([0, -depth, -0.16]),
        pelvis_turn=stoop * 0.45,
        spine=rest.spine + stoop * 0.85,
        head=rest.head - stoop * 0.3,
        right_hand=reach(u, (0.05, rest.right_hand), (0.42, floor), (0.5, floor), (0.9, held)),
        right_elbow=path(u, (0, rest.right_elbow), (0.4, (0.7, -0.3, -0.5))),
        left_hand=reach(u, (0.05, rest.left_hand), (0.42, knee), (0.5, knee), (1, rest.left_hand)),
        right_foot=rest.right_foot + np.array([0, 0, -0.06]),
        left_foot=rest.left_foot + np.array([0, 0, 0.06]),
    )


def jump(u: Array, style: Style) -> Pose:
    """Crouch, leave the floor with both feet, and land in a crouch."""
    rest = style.rest
    rise = 0.24 + 0.07 * style.amplitude + 0.05 * style.high
    air = np.minimum(np.maximum((u - 0.45) / 0.27, 0.0), 1.0)
    fly = (4 * air * (1 - air))[:, None] * np.array([0.0, rise, 0.0])
    crouch = path(
        u, *trip(0, (0.3, (0, -0.24, -0.08)), (0.45, 0), (0.72, 0), (0.82, (0, -0.2, -0.07)))
    )
    lean = crouch[:, 1:2] * np.array([0, -2.4, 0])
    swing = path(
        u, *trip(0, (0.3, (0.1, 0.12, -0.55)), (0.52, (0.1, 0.75, 0.75)), (0.75, (0.1, 0.3, 0.4)))
    )
    return replace(
        rest,
        pelvis=rest.pelvis + crouch + fly,
        right_foot=rest.right_foot + fly * 0.96,
        left_foot=rest.left_foot + fly * 0.96,
        spine=rest.spine + lean,
        pelvis_turn=lean * 0.4,
        right_hand=rest.right_hand + swing * style.amplitude,
        left_hand=rest.left_hand + swing * style.amplitude,
    )


def bow(u: Array, style: Style) -> Pose:
    """Bend the trunk forward with straight legs, stay, and come up."""
    rest = style.rest
    down = path(u, *trip(0, (0.38, (0, 1, 0)), (0.58, (0, 1, 0)))) * style.amplitude
    hang = down[:, 1:2] * np.array([0.0, 0.2, 0.45 + 0.2 * style.ahead])
    return replace(
        rest,
        spine=rest.spine + down * (0.65 + 0.15 * style.high),
        pelvis_turn=down * 0.4,
        pelvis=rest.pelvis + down[:, 1:2] * np.array([0.0, -0.02, -0.12]),
        head=rest.head + down * 0.25,
        right_hand=rest.right_hand + hang,
        left_hand=rest.left_hand + hang,
    )
