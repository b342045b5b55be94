"""Who moves, and how they move this time: bodies, habits, and what changes from clip to clip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skelfuse.datasets.synth.body import Body
from skelfuse.datasets.synth.pose import Pose
from skelfuse.datasets.synth.rotation import Array, bell, spread

SUBJECTS = 40

# Where hands wait: hanging, on the thigh's front, folded before the belly, at the hip, behind.
_RESTS: tuple[tuple[tuple[float, float, float], tuple[float, float, float]], ...] = (
    ((0.14, -0.96, 0.10), (0.5, -0.5, -0.7)),
    ((0.06, -0.93, 0.26), (0.6, -0.5, -0.6)),
    ((-0.20, -0.72, 0.36), (0.9, -0.3, -0.4)),
    ((0.04, -0.72, 0.10), (1.0, 0.0, -0.3)),
    ((-0.12, -0.84, -0.24), (0.7, 0.0, -0.7)),
)


@dataclass(frozen=True)
class Subject:
    """A person: the body, and habits that every one of their clips shows.

    >>> Subject.of(seed=0, number=1) == Subject.of(seed=0, number=1)
    True
    """

    body: Body
    left_handed: bool
    tempo: float  # how fast, 1 is the mean
    amplitude: float  # how wide, 1 is the mean
    stoop: float  # the trunk's bend in standing, radians
    stance: float  # how much wider than the hips the feet stand, leg lengths
    sway: float  # how restless, 1 is the mean
    facing: float  # the turn away from the sensor, radians

    @staticmethod
    def of(seed: int, number: int) -> Subject:
        """Return the subject with this number, 1 to SUBJECTS, of the data set with this seed."""
        rng = np.random.default_rng([seed, 1, number])
        body = Body(
            stature=spread(rng, 1.50, 1.95),
            legs=spread(rng, 0.95, 1.05),
            arms=spread(rng, 0.94, 1.06),
            shoulders=spread(rng, 0.88, 1.14),
            trunk=spread(rng, 0.95, 1.05),
        )
        return Subject(
            body=body,
            left_handed=float(rng.random()) < 0.2,
            tempo=spread(rng, 0.78, 1.3),
            amplitude=spread(rng, 0.78, 1.2),
            stoop=spread(rng, -0.04, 0.16),
            stance=spread(rng, 0.0, 0.1),
            sway=spread(rng, 0.5, 1.6),
            facing=spread(rng, -0.2, 0.2),
        )


@dataclass(frozen=True)
class Style:
    """One person's way of doing one action this time; actions shape their motion by it.

    `high`, `aside` and `ahead` run from -1 to 1 and shift where hands and feet go.

    >>> style = Style.draw(Subject.of(seed=0, number=3), np.random.default_rng(0), gap=0.9)
    >>> -1 <= style.high <= 1, style.gap
    (True, 0.9)
    """

    body: Body
    rest: Pose
    amplitude: float
    high: float
    aside: float
    ahead: float
    cycles: float  # how often a repeated movement is done, relative to its usual count
    gap: float  # metres between two people

    @staticmethod
    def draw(subject: Subject, rng: np.random.Generator, gap: float) -> Style:
        """Draw how a subject moves this time."""
        right, left = _rest(rng), _rest(rng)
        if float(rng.random()) < 0.5:  # both hands mostly wait in the same way
            left = right
        apart = subject.stance + spread(rng, 0.0, 0.03)
        rest = Pose(
            pelvis=np.array([0.0, -0.015 - apart * apart, 0.0]),
            spine=np.array([0.0, subject.stoop, 0.0]) + np.array([0.15, 0.06, 0.05]) * bell(rng, 3),
            head=np.array([0.25, 0.12, 0.05]) * bell(rng, 3),
            right_hand=right[0],
            left_hand=left[0],
            right_elbow=right[1],
            left_elbow=left[1],
            right_foot=np.array([-apart, 0.0, spread(rng, -0.05, 0.05)]),
            left_foot=np.array([apart, 0.0, spread(rng, -0.05, 0.05)]),
        )
        return Style(
            body=subject.body,
            rest=rest,
            amplitude=subject.amplitude * spread(rng, 0.9, 1.1),
            high=spread(rng, -1.0, 1.0),
            aside=spread(rng, -1.0, 1.0),
            ahead=spread(rng, -1.0, 1.0),
            cycles=spread(rng, 0.75, 1.3),
            gap=gap,
        )

    def seated(self, rng: np.random.Generator) -> Style:
        """Return the style of the same person on a chair, mostly with the hands on the thighs.

        >>> style = Style.draw(Subject.of(0, 1), np.random.default_rng(0), gap=0)
        >>> bool(style.seated(np.random.default_rng(0)).rest.pelvis[1] < -0.35)
        True
        """
        rest = self.rest
        seat = np.array([0.0, spread(rng, -0.5, -0.4), spread(rng, -0.48, -0.4)])
        rest = replace(rest, pelvis=seat, spine=rest.spine + np.array([0.0, 0.05, 0.0]))
        if float(rng.random()) < 0.7:
            on_thigh = np.array([0.05, spread(rng, -0.78, -0.68), spread(rng, 0.25, 0.45)])
            rest = replace(rest, right_hand=on_thigh, left_hand=on_thigh)
        return replace(self, rest=rest)


def _rest(rng: np.random.Generator) -> tuple[Array, Array]:
    # Hanging arms are what people mostly have.
    which = int(rng.integers(0, 2 * len(_RESTS)))
    hand, elbow = _RESTS[which if which < len(_RESTS) else 0]
    return np.array(hand) + 0.03 * bell(rng, 3), np.array(elbow)
