"""What the joints that decide did over time, and at which moments they decided most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skelfuse.arrays import Array
from skelfuse.explain.exact_sum import ExactSum

KEY_MOMENTS = 2  # of each joint


@dataclass(frozen=True, eq=False)
class Curves:
    """One joint of one person; NaN where it was not seen."""

    person: int
    speed: Array  # [T], units of length per second (or per frame of a clip without a rate)
    change: Array  # [S-1], from step to step along the direction of its strongest evidence
    evidence: Array  # [S], as in `Reasons.by_moment`
    key: tuple[int, ...]  # the steps that decided most, the strongest first


def strongest_joints(explanation: ExactSum, count: int) -> list[int]:
    """Return the joints that decide most, for or against, the strongest first."""
    order = np.argsort(-np.abs(explanation.reasons.by_joint()), kind="stable")
    return [int(joint) for joint in order[:count]]


def curves_of(explanation: ExactSum, joint: int) -> Curves:
    """Return the curves of a joint, of the person whose joint decides most."""
    person = explanation.person_of(joint)
    evidence = explanation.reasons.by_moment()[:, joint]
    seen = explanation.mask[:, person, joint]
    at = np.where(seen[:, None], explanation.x[:, person, joint], np.nan)
    direction = _direction(explanation, joint, person)
    signals = explanation.evidence.signals
    along = signals.values[person, :, joint, direction]
    along = np.where(signals.seen[person, :, joint], along, np.nan)
    # The clip's whole evidence of the joint says which sign decides.
    sign = 1 if explanation.reasons.by_joint()[joint] >= 0 else -1
    key = key_moments(sign * evidence, KEY_MOMENTS)
    return Curves(person, speed_of(at, explanation.time), np.diff(along), evidence, key)


def speed_of(at: Array, time: Array) -> Array:
    """Return the speed `[T]` of a joint at `at [T,D]`, by central differences; NaN where unknown.

    >>> speed_of(np.array([[0.0, 0], [3, 4], [6, 8]]), np.array([0.0, 0.5, 1.0])).tolist()
    [10.0, 10.0, 10.0]
    """
    speed = np.full(len(at), np.nan)
    if len(at) < 2:
        return speed
    before = np.maximum(np.arange(len(at)) - 1, 0)
    after = np.minimum(np.arange(len(at)) + 1, len(at) - 1)
    passed = time[after] - time[before]
    moved = np.linalg.norm(at[after] - at[before], axis=-1)
    np.divide(moved, passed, out=speed, where=passed > 0)
    return speed


def key_moments(evidence: Array, count: int) -> tuple[int, ...]:
    """Return the greatest local maxima of `evidence [S]` above its mean, not close together.

    >>> key_moments(np.array([0, 1, 5, 1, 0, 0, 0, 0, 3, 0.0]), 2)
    (2, 8)
    """
    apart = max(1, len(evidence) // 8)
    found: list[int] = []
    for step in np.argsort(-evidence, kind="stable"):
        around = evidence[max(0, step - 1) : step + 2]
        if evidence[step] < around.max() or (found and evidence[step] <= evidence.mean()):
            continue
        if all(abs(step - other) > apart for other in found):
            found.append(int(step))
        if len(found) == count:
            break
    return tuple(found)


def _direction(explanation: ExactSum, joint: int, person: int) -> int:
    """Return the direction in which most of the evidence of change of a joint lies."""
    features = explanation.evidence.features
    size = np.abs(explanation.reasons.own[person, joint])  # [F]
    of_change = size * [feature.scale is not None for feature in features]
    return int(np.bincount([feature.direction for feature in features], of_change).argmax())
