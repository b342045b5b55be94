"""What one person does at the head: from phase (0 to 1) to a pose, right hand leading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skelfuse.datasets.synth.pose import Pose, beat, during, path, reach, trip
from skelfuse.datasets.synth.rotation import Array
from skelfuse.datasets.synth.subjects import Style


def drink(u: Array, style: Style) -> Pose:
    """Lift a cup to the mouth, tilt the head back with it, and lower it."""
    rest = style.rest
    mouth = np.array([-0.16, 0.16 + 0.05 * style.high, 0.42 + 0.05 * style.ahead])
    start = np.array([-0.08 + 0.1 * style.aside, -0.5, 0.5])
    sip = during(u, 0.4, 0.78, edge=0.16)
    return replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, (0.16, start), (0.4, mouth), (0.76, mouth)))
        + sip * np.array([0.0, 0.14 * style.amplitude, -0.03]),
        right_elbow=path(
            u, *trip(rest.right_elbow, (0.3, (0.7, -0.7, 0.0)), (0.8, (0.7, -0.7, 0.0)))
        ),
        right_palm=during(u, 0.3, 0.85, edge=0.15) * np.array([-0.8, 0.2, -0.2]),
        head=rest.head + sip * np.array([0.0, -0.42 * style.amplitude, 0.0]),
        spine=rest.spine + sip * np.array([0.0, -0.06, 0.0]),
    )


def salute(u: Array, style: Style) -> Pose:
    """Bring the flat hand to the brow with the elbow out, hold it, and cut it away."""
    rest = style.rest
    brow = np.array([0.02 + 0.06 * style.aside, 0.36 + 0.05 * style.high, 0.34])
    cut = brow + np.array([0.3, 0.05, 0.42]) * style.amplitude
    elbow = np.array([1.0, -0.1, 0.0])
    return replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, (0.22, brow), (0.6, brow), (0.7, cut))),
        right_elbow=path(u, *trip(rest.right_elbow, (0.2, elbow), (0.7, elbow))),
        right_palm=during(u, 0.12, 0.7) * np.array([-0.9, 0.3, 0.0]),
    )


def phone_call(u: Array, style: Style) -> Pose:
    """Take a phone to the ear and keep it there, talking."""
    rest = style.rest
    ear = np.array([0.02 + 0.04 * style.aside, 0.24 + 0.05 * style.high, 0.2])
    fold = np.array([0.5, -1.0, 0.3])
    talk = during(u, 0.28, 0.84, edge=0.1)
    return replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, (0.26, ear), (0.85, ear))),
        right_elbow=path(u, *trip(rest.right_elbow, (0.2, fold), (0.85, fold))),
        right_palm=during(u, 0.15, 0.9) * np.array([-0.4, 0.7, 0.0]),
        head=rest.head + talk * np.array([0.0, 0.05, 0.18]),
    )


def wipe_face(u: Array, style: Style) -> Pose:
    """Draw a hand across the face, from one side to the other and back."""
    rest = style.rest
    face = np.array([-0.22, 0.2 + 0.06 * style.high, 0.4 + 0.04 * style.ahead])
    across = beat(u, 0.22, 0.82, 2 * style.cycles) * style.amplitude
    elbow = np.array([0.9, -0.6, 0.0])
    return replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, (0.24, face), (0.8, face)))
        + across * np.array([0.2, 0.04, -0.04]),
        right_elbow=path(u, *trip(rest.right_elbow, (0.2, elbow), (0.8, elbow))),
        right_palm=during(u, 0.15, 0.9) * np.array([-0.7, 0.4, 0.0]),
        head=rest.head + during(u, 0.2, 0.85) * np.array([0.0, 0.15, 0.0]),
    )


def check_watch(u: Array, style: Style) -> Pose:
    """Raise a forearm across the chest and look down at the wrist."""
    rest = style.rest
    raised = np.array([-0.38 + 0.06 * style.aside, -0.28 + 0.1 * style.high, 0.46])
    elbow = np.array([1.0, -0.3, 0.0])
    looking = during(u, 0.12, 0.82, edge=0.15)
    return replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, (0.26, raised), (0.76, raised))),
        right_elbow=path(u, *trip(rest.right_elbow, (0.2, elbow), (0.8, elbow))),
        right_palm=looking * np.array([-0.5, 0.0, 0.0]),
        head=rest.head + looking * np.array([-0.1, 0.45 * style.amplitude, 0.0]),
        spine=rest.spine + looking * np.array([0.0, 0.06, 0.0]),
    )


def nod(u: Array, style: Style) -> Pose:
    """Bend the head forward and up again, several times."""
    nods = beat(u, 0.02, 0.98, 4 * style.cycles) * style.amplitude
    down = during(u, 0.0, 1.0, edge=0.1) * 0.15
    tilt = np.array([0.0, 1.0, 0.0])
    return replace(
        style.rest,
        head=style.rest.head + (0.4 * nods + down) * tilt,
        spine=style.rest.spine + 0.05 * nods * tilt,
    )
