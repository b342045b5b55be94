"""What two people do, face to face: from phase (0 to 1) to two poses, the first one leading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skelfuse.datasets.synth.pose import Pose, beat, cruise, during, ease, path, reach, trip
from skelfuse.datasets.synth.rotation import TAU, Array, sine
from skelfuse.datasets.synth.subjects import Style

Pair = tuple[Style, ...]


def shake_hands(u: Array, pair: Pair) -> tuple[Pose, ...]:
    """Both reach out a right hand, clasp, shake up and down, and let go."""
    height = 0.6 * _mean_stature(pair) + 0.05 * pair[0].high
    shake = beat(u, 0.3, 0.78, 3 * pair[0].cycles) * np.array([0.0, 0.1 * pair[0].amplitude, 0.0])

    def reaching(style: Style, late: float) -> Pose:
        rest = style.rest
        clasp = _ahead(style, distance=style.gap / 2 - 0.08, height=height)
        hand = reach(u, (late, rest.right_hand), (0.3, clasp), (0.78, clasp), (1, rest.right_hand))
        lean = during(u, 0.1, 0.95, edge=0.2) * np.array([0.12, 0.1, 0.0])
        return replace(rest, right_hand=hand + shake, spine=rest.spine + lean)

    return reaching(pair[0], 0.0), reaching(pair[1], 0.1)


def high_five(u: Array, pair: Pair) -> tuple[Pose, ...]:
    """Both swing a right hand up and clap it against the other's above their heads."""
    height = 1.0 * _mean_stature(pair) + 0.06 * pair[0].high

    def swinging(style: Style, late: float) -> Pose:
        rest = style.rest
        up = np.array([0.3, 0.55, 0.1])
        met = _ahead(style, distance=style.gap / 2 - 0.07, height=height)
        keys = (late, rest.right_hand), (0.36, up), (0.5, met), (0.58, met), (0.95, rest.right_hand)
        lean = during(u, 0.3, 0.75, edge=0.15) * np.array([0.25, 0.08, 0.0])
        return replace(
            rest,
            right_hand=reach(u, *keys),
            right_elbow=path(u, *trip(rest.right_elbow, (0.3, (0.8, -0.7, 0.0)))),
            right_palm=during(u, 0.2, 0.7) * np.array([0.0, 0.6, 0.0]),
            spine=rest.spine + lean,
            shrug=during(u, 0.2, 0.8) * np.array([0.25, 0.0, 0.0]),
        )

    return swinging(pair[0], 0.0), swinging(pair[1], 0.1)


def push(u: Array, pair: Pair) -> tuple[Pose, ...]:
    """One thrusts both hands against the other's chest; the other staggers a step back."""
    pusher, pushed = pair
    rest, far = pusher.rest, pusher.amplitude
    cocked = np.array([0.05, -0.22, 0.32])
    lunged = 0.2 * pusher.body.leg
    away = pusher.gap - lunged - 0.22  # from the shoulder to where the wrists stop
    chest = _ahead(pusher, distance=away, height=0.95 * pushed.body.shoulder_height)
    thrust = np.array([-0.06, chest[1], min(float(chest[2]), 0.95)])
    way = (0.28, cocked), (0.34, cocked), (0.46, thrust), (0.54, thrust)
    lunge = (0.34, (0, -0.03, -0.05)), (0.48, (0, -0.06, 0.2)), (0.62, (0, -0.06, 0.2))
    step = (0.4, (0, 0.07, 0.14)), (0.48, (0, 0, 0.3)), (0.68, (0, 0, 0.3)), (0.8, (0, 0.06, 0.14))
    first = replace(
        rest,
        right_hand=reach(u, *trip(rest.right_hand, *way, end=0.9)),
        left_hand=reach(u, *trip(rest.left_hand, *way, end=0.9)),
        right_palm=during(u, 0.2, 0.65) * np.array([0.0, 0.7, 0.0]),
        left_palm=during(u, 0.2, 0.65) * np.array([0.0, 0.7, 0.0]),
        pelvis=rest.pelvis + path(u, *trip(0, *lunge, start=0.2)),
        right_foot=rest.right_foot + path(u, *trip(0, *step, start=0.3, end=0.95)),
        spine=rest.spine + during(u, 0.38, 0.75, edge=0.12) * np.array([0, 0.2 * far, 0]),
    )

    rest = pushed.rest
    back = -0.36 * far
    fling = during(u, 0.45, 0.85, edge=0.1)
    second = replace(
        rest,
        pelvis=rest.pelvis + path(u, (0.45, 0), (0.75, (0, -0.03, back)), (1, (0, 0, back))),
        right_foot=rest.right_foot
        + path(u, (0.47, 0), (0.55, (0, 0.08, back * 0.6)), (0.64, (0, 0, back * 1.2))),
        left_foot=rest.left_foot
        + path(u, (0.66, 0), (0.75, (0, 0.07, back * 0.5)), (0.85, (0, 0, back))),
        spine=rest.spine
        + path(u, (0.45, 0), (0.55, (0, -0.28 * far, 0)), (0.7, (0, 0.25, 0)), (0.9, 0)),
        head=rest.head + path(u, (0.45, 0), (0.53, (0, 0.25, 0)), (0.7, 0)),
        right_hand=rest.right_hand + fling * np.array([0.15, 0.45, 0.4]),
        left_hand=rest.left_hand + fling * np.array([0.15, 0.45, 0.4]),
    )
    return first, second


def hug(u: Array, pair: Pair) -> tuple[Pose, ...]:
    """Both step close, put their arms around each other, and part again."""
    close = 0.3 + 0.03 * pair[0].ahead
    together = path(u, (0.05, 0), (0.38, (1.0,)), (0.68, (1.0,)), (0.97, 0))

    def embracing(style: Style, other: Style, late: float) -> Pose:
        rest = style.rest
        way = (style.gap - close) / 2 / style.body.leg
        height = other.body.shoulder_height
        open_arms = np.array([0.3, -0.15, 0.75])
        over = _ahead(style, distance=close + 0.04, height=height - 0.1, aside=0.06)
        under = _ahead(style, distance=close + 0.02, height=height - 0.3, aside=0.02)
        right = (0.26, open_arms), (0.44, over), (0.64, over), (0.78, open_arms)
        left = (0.26, open_arms), (0.44, under), (0.64, under), (0.78, open_arms)
        lift = during(u, 0.1, 0.36, edge=0.12) + during(u, 0.7, 0.94, edge=0.12)
        forward = np.array([0.0, 0.0, way])
        early = path(u, (0.05, 0), (0.28, (1.0,)), (0.75, (1.0,)), (0.97, 0))
        tardy = path(u, (0.16, 0), (0.38, (1.0,)), (0.7, (1.0,)), (0.9, 0))
        tight = during(u, 0.36, 0.72, edge=0.1)
        return replace(
            rest,
            pelvis=rest.pelvis + together * forward + lift * np.array([0, -0.02, 0]),
            right_foot=rest.right_foot + early * forward + lift * np.array([0, 0.04, 0]),
            left_foot=rest.left_foot + tardy * forward,
            right_hand=reach(u, *trip(rest.right_hand, *right, start=late)),
            left_hand=reach(u, *trip(rest.left_hand, *left, start=late)),
            right_elbow=rest.right_elbow + tight * np.array([0.8, 0.2, 0.4]),
            left_elbow=rest.left_elbow + tight * np.array([0.8, 0.2, 0.4]),
            right_palm=tight * np.array([-0.8, 0, 0]),
            left_palm=tight * np.array([-0.8, 0, 0]),
            spine=rest.spine + tight * np.array([0.0, 0.12, 0.1]),
            head=rest.head + tight * np.array([0.25, 0.1, 0.1]),
        )

    return embracing(pair[0], pair[1], 0.0), embracing(pair[1], pair[0], 0.08)


def walk_up(u: Array, pair: Pair) -> tuple[Pose, ...]:
    """One walks up to the other, who waits and shifts a little."""
    walker, waiting = pair
    rest = walker.rest
    distance = (walker.gap - 0.8 - 0.1 * walker.ahead) / walker.body.leg
    steps = 4
    pace = cruise((u - 0.04) / 0.92)
    feet = []
    for mine in (0, 1):
        foot = np.zeros((len(u), 3))
        here = 0.0
        for step in range(mine, steps, 2):
            there = distance * min((step + 1.0) / (steps - 1), 1.0)
            start = 0.03 + 0.92 * (step - 0.1) / steps
            part = np.minimum(np.maximum((u - start) / (0.92 * 1.2 / steps), 0.0), 1.0)
            lift = 0.1 * 16 * part * part * (1 - part) * (1 - part)
            foot += np.stack([0 * u, lift, (there - here) * ease(part)], axis=-1)
            here = there
        feet.append(foot)
    forward = pace[:, None] * np.array([0.0, 0.0, distance])
    moving = during(u, 0.02, 0.98, edge=0.12)
    swing = moving * sine(TAU * (steps / 2) * u)[:, None] * walker.amplitude
    first = replace(
        rest,
        pelvis=rest.pelvis + forward + moving * np.array([0.0, -0.045, 0.0]),
        right_foot=rest.right_foot + feet[0],
        left_foot=rest.left_foot + feet[1],
        right_hand=rest.right_hand - swing * np.array([0.0, -0.03, 0.3]),
        left_hand=rest.left_hand + swing * np.array([0.0, -0.03, 0.3]),
        spine=rest.spine + swing * np.array([-0.1, 0.0, 0.0]) + moving * np.array([0.0, 0.04, 0.0]),
    )
    glance = during(u, 0.2, 0.8, edge=0.2) * np.array([0.3 * waiting.aside, 0.15 * waiting.high, 0])
    shift = during(u, 0.3, 0.9, edge=0.25) * np.array([0.05 * waiting.ahead, -0.01, 0.0])
    second = replace(
        waiting.rest, head=waiting.rest.head + glance, pelvis=waiting.rest.pelvis + shift
    )
    return first, second


def _ahead(style: Style, distance: float, height: float, aside: float = 0.0) -> Array:
    # The right wrist on the line between two people, as the right shoulder sees it.
    body = style.body
    shoulder = 0.1 * body.shoulders * body.stature
    return np.array([aside - shoulder, height - body.shoulder_height, distance]) / body.arm


def _mean_stature(pair: Pair) -> float:
    return (pair[0].body.stature + pair[1].body.stature) / 2
