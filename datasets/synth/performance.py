"""One performance of an action on the stage, as it truly is, before any sensor sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skelfuse.datasets.synth.actions import ACTIONS, BY_NAME, Action
from skelfuse.datasets.synth.body import mirrored
from skelfuse.datasets.synth.pose import Pose, path, trip
from skelfuse.datasets.synth.rotation import TAU, Array, bell, drift, rotate, sine, spread, turned
from skelfuse.datasets.synth.subjects import SUBJECTS, Style, Subject

FPS = 30
LONGEST = 110  # frames

# What a hand does that the action leaves free: on the hip, across the belly, a shrug aside, at the
# other elbow, behind the back. None of it is another action of the set.
_DISTRACTIONS = (
    (0.06, -0.70, 0.08),
    (-0.30, -0.55, 0.36),
    (0.35, -0.70, 0.40),
    (-0.35, -0.40, 0.45),
    (-0.10, -0.70, -0.34),
)


@dataclass(frozen=True)
class ClipPlan:
    """Which clip is to be made: who does what, before which camera, in which setup.

    The three cameras see one and the same performance; `seed`, `performance` and `clip` (its
    number in the data set) decide everything random about it.

    >>> plan = ClipPlan("kick", 7, camera=2, setup=1, replication=1, seed=0, performance=3, clip=10)
    >>> plan.name
    'S001C002P007R001A002'
    """

    action: str
    subject: int
    camera: int
    setup: int
    replication: int
    seed: int
    performance: int
    clip: int

    @property
    def number(self) -> int:
        """The action's number, 1 for A001."""
        return ACTIONS.index(BY_NAME[self.action]) + 1

    @property
    def name(self) -> str:
        """The name of the clip's file without its ending, as NTU RGB+D names clips."""
        return (
            f"S{self.setup:03d}C{self.camera:03d}P{self.subject:03d}"
            f"R{self.replication:03d}A{self.number:03d}"
        )


def perform(plan: ClipPlan) -> Array:
    """Return the true joints `[T,M,25,3]` of a clip on the stage: x, y up, z, in metres.

    The floor is at y = 0. The bones' lengths are constant; an action in reverse time is exactly the
    reverse of the other.

    >>> plan = ClipPlan("sit down", 1, 1, 1, 1, seed=0, performance=0, clip=0)
    >>> sitting, standing = perform(plan), perform(replace(plan, action="stand up"))
    >>> sitting.shape[1:], bool((sitting[::-1] == standing).all())
    ((1, 25, 3), True)
    """
    action = BY_NAME[plan.action]
    if action.reverse_of:
        return perform(replace(plan, action=action.reverse_of))[::-1]
    rng = np.random.default_rng([plan.seed, 2, plan.performance])
    cast = _cast(plan, action)
    gap = action.gap * spread(rng, 0.92, 1.1)
    styles = tuple(Style.draw(subject, rng, gap) for subject in cast)
    if float(rng.random()) < 0.3 and action.chair:
        styles = tuple(style.seated(rng) for style in styles)
    phase = _phase(action, cast[0], rng)
    other_hand = cast[0].left_handed != (float(rng.random()) < 0.2)  # nobody is one-handed

    people = []
    for who, (subject, style, pose) in enumerate(
        zip(cast, styles, action.motion(phase, styles), strict=True)
    ):
        lively = _distracted(pose, action, rng, len(phase))
        joints = style.body.place(_swaying(lively, subject, rng, len(phase)), len(phase))
        joints = rotate(
            _turning(rng, action.people, len(phase)), mirrored(joints) if other_hand else joints
        )
        people.append(_faced(joints, who, gap))
    swapped = action.people == 2 and float(rng.random()) < 0.5
    scene = np.stack(people[::-1] if swapped else people, axis=1)  # [T,M,25,3]
    return _on_stage(scene, plan, cast[0], swapped, rng)


def _cast(plan: ClipPlan, action: Action) -> list[Subject]:
    lead = Subject.of(plan.seed, plan.subject)
    if action.people == 1:
        return [lead]
    # Everyone has a partner of their own: however subjects are split, nobody is on both sides.
    return [lead, Subject.of(plan.seed, SUBJECTS + plan.subject)]


def _phase(action: Action, lead: Subject, rng: np.random.Generator) -> Array:
    # Waiting, doing at one's own pace, waiting again: how long is nobody's business but chance's.
    doing = int(action.seconds * FPS / (lead.tempo * spread(rng, 0.82, 1.2)))
    doing = min(doing, LONGEST - 10)
    waiting = min(int(rng.integers(6, 56)), LONGEST - doing)
    before = int(waiting * float(rng.random()))
    steady = np.clip((np.arange(waiting + doing) - before) / (doing - 1), 0, 1)
    bias = spread(rng, 0.6, 1.6)  # over 1: slow first, quick later
    biased = steady / (steady + bias * (1 - steady))
    wobble = spread(rng, -0.08, 0.08) * sine(TAU * biased) + spread(rng, -0.03, 0.03) * sine(
        2 * TAU * biased
    )
    return np.asarray(biased + wobble)


def _distracted(pose: Pose, action: Action, rng: np.random.Generator, frames: int) -> Pose:
    for hand in action.idle:
        if float(rng.random()) < 0.3:
            continue
        place = np.array(_DISTRACTIONS[int(rng.integers(0, len(_DISTRACTIONS)))])
        place = place + 0.05 * bell(rng, 3)
        start = spread(rng, -0.1, 0.6)
        length = spread(rng, 0.25, 0.7)
        clock = np.arange(frames) / frames
        there = (start + 0.4 * length, (1.0,)), (start + 0.6 * length, (1.0,))
        away = path(clock, *trip(0, *there, start=start, end=start + length))
        here = getattr(pose, hand)
        pose = replace(pose, **{hand: here + away * (place - here)})
    return pose


def _swaying(pose: Pose, subject: Subject, rng: np.random.Generator, frames: int) -> Pose:
    def restless(scale: float, every: float) -> Array:
        return scale * subject.sway * drift(rng, frames, 3, every=every)

    weight = restless(0.025, 40) * np.array([1.0, 0.15, 1.0])
    return replace(
        pose,
        pelvis=pose.pelvis + weight - np.array([0.0, 0.008, 0.0]),
        pelvis_turn=pose.pelvis_turn + restless(0.03, 40),
        spine=pose.spine + restless(0.06, 35),
        head=pose.head + restless(0.1, 25) * np.array([1.8, 1.0, 0.7]),
        right_hand=pose.right_hand + restless(0.045, 25),
        left_hand=pose.left_hand + restless(0.045, 25),
        right_palm=pose.right_palm + restless(0.1, 15),
        left_palm=pose.left_palm + restless(0.1, 15),
    )


def _turning(rng: np.random.Generator, people: int, frames: int) -> Array:
    # Nobody faces the same way for long, unless somebody stands there.
    yaw = (0.2 if people == 1 else 0.05) * drift(rng, frames, every=45)
    return np.asarray(turned(yaw=yaw)[:, None])


def _faced(joints: Array, who: int, gap: float) -> Array:
    # The first person looks along +z from behind the middle, the second one back along -z.
    shift = np.array([0.0, 0.0, -gap / 2])
    return np.asarray((joints + shift) * (np.array([-1.0, 1.0, -1.0]) if who else np.ones(3)))


def _on_stage(
    scene: Array, plan: ClipPlan, lead: Subject, swapped: bool, rng: np.random.Generator
) -> Array:
    # As in NTU RGB+D, the first replication faces camera 2 and the second one camera 3: camera 1
    # always looks from 45 degrees. Two people stand across that line, so that both are seen.
    toward = -TAU / 8 if plan.replication % 2 else TAU / 8
    yaw = TAU / 2 + toward + lead.facing + spread(rng, -1.1, 1.1)
    if scene.shape[1] == 2:
        yaw += -TAU / 4 if swapped else TAU / 4
    place = np.array([spread(rng, -0.4, 0.4), 0.0, spread(rng, -0.3, 0.4)])
    return np.asarray(rotate(turned(yaw=yaw), scene) + place)
