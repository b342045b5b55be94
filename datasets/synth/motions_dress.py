"""Putting things on: paths that are told from taking off by the direction of time alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skelfuse.datasets.synth.pose import Pose, during, path, reach, trip
from skelfuse.datasets.synth.rotation import Array
from skelfuse.datasets.synth.subjects import Style


def put_on_jacket(u: Array, style: Style) -> Pose:
    """Hold a jacket out, slip one arm into it, then the other, and pull it close in front."""
    rest, far = style.rest, style.amplitude
    hold = np.array([-0.08, -0.45, 0.58])
    behind = np.array([0.34, -0.62 + 0.1 * style.high, -0.44 * far])
    out = np.array([0.22, -0.35 + 0.15 * style.high, 0.74])
    collar = np.array([-0.42, -0.02, 0.42])
    close = np.array([-0.2, -0.3, 0.42])
    right = (0.12, hold), (0.28, behind), (0.42, out), (0.52, collar), (0.7, collar), (0.84, close)
    left = (0.12, hold), (0.26, collar), (0.4, collar), (0.58, behind), (0.72, out), (0.84, close)
    twist = (0.28, (-0.35, 0.05, 0.1)), (0.44, 0), (0.58, (0.35, 0.05, -0.1))
    shrugs = (0.28, (0.25, 0, 0)), (0.44, 0), (0.58, (0, 0.25, 0)), (0.72, 0), (0.84, (0.2, 0.2, 0))
    wide = during(u, 0.1, 0.9) * np.array([0.6, 0.3, 0.0])
    return replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, *right)),
        left_hand=reach(u, *trip(rest.left_hand, *left)),
        right_elbow=rest.right_elbow + wide,
        left_elbow=rest.left_elbow + wide,
        spine=rest.spine + path(u, *trip(0, *twist, start=0.1, end=0.74)) * far,
        shrug=path(u, *trip(0, *shrugs, start=0.1)),
    )


def put_on_hat(u: Array, style: Style) -> Pose:
    """Lift a hat from before the belly with both hands, press it onto the head, let go."""
    rest = style.rest
    hold = np.array([-0.12, -0.5 + 0.1 * style.high, 0.56])
    lifted = np.array([0.0, 0.55, 0.45])
    on = np.array([-0.06, 0.52 + 0.05 * style.high, 0.12])
    away = np.array([0.35, 0.3, 0.3])

    way = (0.16, hold), (0.42, lifted), (0.55, on), (0.72, on), (0.84, away)
    elbows = np.array([1.0, -0.4, 0.3])
    wide = (0.4, elbows), (0.84, elbows)
    press = during(u, 0.55, 0.76, edge=0.06) * np.array([0.0, -0.05 * style.amplitude, 0.0])
    return replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, *way)) + press,
        left_hand=reach(u, *trip(rest.left_hand, *way)) + press,
        right_elbow=path(u, *trip(rest.right_elbow, *wide, start=0.1)),
        left_elbow=path(u, *trip(rest.left_elbow, *wide, start=0.1)),
        right_palm=during(u, 0.3, 0.84) * np.array([-0.7, 0.3, 0.0]),
        left_palm=during(u, 0.3, 0.84) * np.array([-0.7, 0.3, 0.0]),
        head=rest.head + path(u, (0.3, 0), (0.55, (0, 0.25, 0)), (0.72, (0, 0.25, 0)), (0.9, 0)),
    )
