"""What one person does with the arms: from phase (0 to 1) to a pose, right hand leading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skelfuse.datasets.synth.pose import Pose, beat, cruise, during, path, reach, trip
from skelfuse.datasets.synth.rotation import TAU, Array, cosine, sine
from skelfuse.datasets.synth.subjects import Style


def wave(u: Array, style: Style) -> Pose:
    """Raise a hand beside the head and swing it from side to side."""
    rest = style.rest
    top = np.array([0.42 + 0.15 * style.aside, 0.42 + 0.2 * style.high, 0.38 + 0.12 * style.ahead])
    hand = reach(u, *trip(rest.right_hand, (0.22, top), (0.8, top)))
    swing = beat(u, 0.18, 0.84, 3 * style.cycles) * style.amplitude
    return replace(
        rest,
        right_hand=hand + swing * np.array([0.26, -0.05, 0.0]),
        right_elbow=path(u, *trip(rest.right_elbow, (0.2, (0.6, -0.9, -0.3)))),
        right_palm=during(u, 0.1, 0.9) * np.array([0.0, 0.5, 0.2]) + swing * np.array([0.4, 0, 0]),
        shrug=during(u, 0.1, 0.9) * np.array([0.15, 0, 0]),
    )


def clap(u: Array, style: Style) -> Pose:
    """Bring both hands together before the chest, again and again."""
    rest = style.rest
    met = np.array([-0.25, -0.28 + 0.3 * style.high, 0.5 + 0.12 * style.ahead])
    apart = (1 + cosine(TAU * (5 * style.cycles) * u))[:, None] / 2
    open_hands = apart * np.array([0.3 * style.amplitude, 0.0, -0.03])
    held = during(u, 0.0, 1.0, edge=0.16)
    return replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, (0.16, met), (0.84, met))) + held * open_hands,
        left_hand=reach(u, *trip(rest.left_hand, (0.16, met), (0.84, met))) + held * open_hands,
        right_elbow=path(u, (0, rest.right_elbow), (0.16, (0.8, -0.7, -0.2))),
        left_elbow=path(u, (0, rest.left_elbow), (0.16, (0.8, -0.7, -0.2))),
    )


def rub_hands(u: Array, style: Style) -> Pose:
    """Lay the hands on each other before the belly and slide them to and fro."""
    rest = style.rest
    met = np.array([-0.25, -0.4 + 0.2 * style.high, 0.5 + 0.1 * style.ahead])
    slide = beat(u, 0.12, 0.88, 5 * style.cycles) * style.amplitude * np.array([0.0, 0.05, 0.11])
    elbow = np.array([0.8, -0.7, -0.2])
    way = (0.16, met), (0.84, met)
    return replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, *way)) + slide,
        left_hand=reach(u, *trip(rest.left_hand, *way)) - slide,
        right_elbow=path(u, (0, rest.right_elbow), (0.16, elbow)),
        left_elbow=path(u, (0, rest.left_elbow), (0.16, elbow)),
    )


def point(u: Array, style: Style) -> Pose:
    """Stretch an arm out, hold it, and let it sink."""
    rest = style.rest
    aim = np.array([0.25 + 0.45 * style.aside, 0.05 + 0.25 * style.high, 0.9])
    hand = reach(u, *trip(rest.right_hand, (0.24, aim), (0.7, aim)))
    look = during(u, 0.05, 0.85, edge=0.2) * np.array([-0.4 * style.aside, 0.0, 0.0])
    return replace(rest, right_hand=hand, head=rest.head + look, spine=rest.spine + 0.4 * look)


def throw(u: Array, style: Style) -> Pose:
    """Draw a hand back over the shoulder and hurl it forward, stepping into the throw."""
    rest, far = style.rest, style.amplitude
    cocked = np.array([0.42, 0.35 + 0.2 * style.high, -0.28 * far])
    let_go = np.array([-0.05 + 0.15 * style.aside, 0.25 + 0.2 * style.high, 0.9])
    through = np.array([-0.3, -0.62, 0.5])
    hand = reach(
        u, *trip(rest.right_hand, (0.35, cocked), (0.42, cocked), (0.56, let_go), (0.7, through))
    )
    twist = path(u, *trip(0, (0.38, (-0.5 * far, -0.1, 0)), (0.6, (0.45 * far, 0.25, 0))))
    step = (0.35, (0, 0.1, 0.15)), (0.48, (0, 0, 0.32)), (0.8, (0, 0, 0.32)), (0.9, (0, 0.06, 0.15))
    sway = (0.38, (0, -0.03, -0.06)), (0.55, (0, -0.07, 0.2)), (0.8, (0, -0.05, 0.16))
    return replace(
        rest,
        right_hand=hand,
        right_elbow=path(
            u, (0, rest.right_elbow), (0.3, (1.0, -0.3, 0.0)), (0.75, rest.right_elbow)
        ),
        left_hand=rest.left_hand + during(u, 0.1, 0.7, edge=0.25) * np.array([0.1, 0.5, 0.45]),
        spine=rest.spine + twist,
        pelvis_turn=0.4 * twist,
        pelvis=rest.pelvis + path(u, *trip(0, *sway, start=0.2)),
        left_foot=rest.left_foot + path(u, *trip(0, *step, start=0.25)),
    )


def circle_arms(u: Array, style: Style) -> Pose:
    """Swing both straight arms in circles: up in front, down behind."""
    rest = style.rest
    turns = (1 if style.cycles < 0.9 else 2) * cruise(u)
    forward, up = sine(TAU * turns), -cosine(TAU * turns)
    # No shoulder turns straight back.
    out = 0.28 + 0.1 * style.aside + 0.4 * np.maximum(-forward, 0.0)
    ring = np.stack([out, up, forward * (0.9 + 0.1 * style.ahead)], axis=-1) * 0.93
    on = during(u, 0.0, 1.0, edge=0.15)
    sideways = np.array([1.0, -0.2, 0.0])
    return replace(
        rest,
        right_elbow=rest.right_elbow + on * (sideways - rest.right_elbow),
        left_elbow=rest.left_elbow + on * (sideways - rest.left_elbow),
        right_hand=rest.right_hand + on * (ring - rest.right_hand),
        left_hand=rest.left_hand + on * (ring - rest.left_hand),
        shrug=on * (1 + up[:, None]) * np.array([0.15, 0.15, 0.0]),
    )
