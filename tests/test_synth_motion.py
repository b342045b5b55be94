"""What the synthetic people promise: whole bodies, real motions, exact reverses, two who meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from skelfuse.datasets.synth.actions import ACTIONS, BY_NAME, Action
from skelfuse.datasets.synth.body import PARENTS
from skelfuse.datasets.synth.performance import ClipPlan, perform
from skelfuse.datasets.synth.rotation import cosine, sine
from skelfuse.datasets.synth.subjects import SUBJECTS, Style, Subject

Coords = npt.NDArray[np.float64]

FPS = 30
BACKWARDS = [action for action in ACTIONS if action.reverse_of]
ALL = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)


def play(action: Action, subject: int = 1, performance: int = 0, seed: int = 0) -> Coords:
    plan = ClipPlan(
        action=action.name,
        subject=subject,
        camera=1,
        setup=1,
        replication=1,
        seed=seed,
        performance=performance,
        clip=0,
    )
    return perform(plan)


def plays(action: Action, count: int = 3) -> list[Coords]:
    return [play(action, subject=1 + 7 * k % SUBJECTS, performance=k) for k in range(count)]


def bone_lengths(joints: Coords) -> Coords:
    lengths: Coords = np.linalg.norm(joints - joints[..., list(PARENTS), :], axis=-1)
    return lengths[..., 1:]


@ALL
def test_bones_keep_their_length(action: Action) -> None:
    for joints in plays(action):
        lengths = bone_lengths(joints)
        np.testing.assert_allclose(lengths, lengths[:1].repeat(len(lengths), axis=0), atol=1e-9)
        assert (lengths > 0.02).all()


@ALL
def test_left_and_right_bones_are_equally_long(action: Action) -> None:
    lengths = bone_lengths(play(action))[0]  # [M,24], joint 1 first
    sides = [(4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18), (15, 19), (21, 23)]
    for left, right in sides:
        np.testing.assert_allclose(lengths[:, left - 1], lengths[:, right - 1], atol=1e-9)


@ALL
def test_every_action_moves_and_none_faster_than_people_do(action: Action) -> None:
    for joints in plays(action):
        speed = (
            np.linalg.norm(np.diff(joints, axis=0), axis=-1) * FPS
        )  # [T-1,M,25], metres a second
        assert speed.mean() > 0.08
        assert speed.max(axis=(0, 1)).max() > 0.7
        assert np.percentile(speed, 99.5) < 14  # a hand that throws


@ALL
def test_bodies_are_possible(action: Action) -> None:
    for joints in plays(action):
        assert joints[..., 1].min() > 0, "something is below the floor"
        assert joints[..., 1].max() < 2.9
        for hip in (12, 16):
            thigh, shin = (joints[:, :, hip + k + 1] - joints[:, :, hip + k] for k in (0, 1))
            ahead = body_front(joints)
            bent = 1 - np.einsum("tmd,tmd->tm", unit(thigh), unit(shin))
            forward = np.einsum("tmd,tmd->tm", unit(thigh) - unit(shin), ahead)
            assert (forward[bent > 0.02] > 0).all(), "a knee bends backwards"


def unit(vector: Coords) -> Coords:
    length: Coords = np.linalg.norm(vector, axis=-1, keepdims=True)
    return vector / length


def body_front(joints: Coords) -> Coords:
    left = joints[:, :, 12] - joints[:, :, 16]
    return unit(np.cross(left, np.array([0.0, 1.0, 0.0])))


@ALL
def test_as_many_people_as_the_action_needs(action: Action) -> None:
    joints = play(action)
    assert joints.shape[1:] == (action.people, 25, 3)
    if action.people == 2:
        apart = joints[:, 0, 0] - joints[:, 1, 0]
        assert np.linalg.norm(apart[:, [0, 2]], axis=-1).min() > 0.15, (
            "they walk through each other"
        )
        towards = unit(apart[len(apart) // 2])
        front = body_front(joints)[len(joints) // 2]
        assert front[0] @ towards < -0.7
        assert front[1] @ towards > 0.7, "they do not face each other"


@pytest.mark.parametrize("name", ["shake hands", "high five"])
def test_hands_meet(name: str) -> None:
    nearest = []
    for joints in plays(BY_NAME[name], count=12):
        hands = [(a, b) for a in (7, 11) for b in (7, 11)]
        gaps = [np.linalg.norm(joints[:, 0, a] - joints[:, 1, b], axis=-1).min() for a, b in hands]
        nearest.append(min(gaps))
    assert np.median(nearest) < 0.2


@pytest.mark.parametrize("action", BACKWARDS, ids=lambda action: action.name)
def test_time_alone_tells_a_pair_apart(action: Action) -> None:
    assert action.reverse_of is not None
    for performance in range(4):
        forwards = play(BY_NAME[action.reverse_of], subject=9, performance=performance)
        backwards = play(action, subject=9, performance=performance)
        np.testing.assert_array_equal(backwards, forwards[::-1])
        assert np.abs(backwards - forwards).max() > 0.1


def test_there_is_enough_to_tell_apart() -> None:
    assert len(ACTIONS) >= 16
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)
    assert sum(action.people == 2 for action in ACTIONS) >= 3
    assert len(BACKWARDS) >= 3


def test_people_differ() -> None:
    people = [Subject.of(seed=0, number=number) for number in range(1, SUBJECTS + 1)]
    assert SUBJECTS >= 20
    assert len({person.body for person in people}) == SUBJECTS
    assert np.ptp([person.body.stature for person in people]) > 0.3
    assert np.ptp([person.tempo for person in people]) > 0.3
    assert np.ptp([person.amplitude for person in people]) > 0.3
    assert 0 < sum(person.left_handed for person in people) < SUBJECTS / 2


def widened(action: Action, amplitude: float, number: int) -> float:
    """Return how far all joints go, people moving so widely and else as ever."""
    rng = np.random.default_rng(number)
    cast = [Subject.of(0, number + SUBJECTS * who) for who in range(action.people)]
    people = [replace(person, amplitude=amplitude) for person in cast]
    styles = tuple(Style.draw(person, rng, action.gap) for person in people)
    poses = action.motion(np.linspace(0, 1, 60), styles)
    joints = [style.body.place(pose, 60) for style, pose in zip(styles, poses, strict=True)]
    return sum(float(np.linalg.norm(np.diff(one, axis=0), axis=-1).sum()) for one in joints)


@pytest.mark.long
@pytest.mark.slow
def test_who_has_more_amplitude_moves_more_widely() -> None:
    people = [Subject.of(seed=0, number=number) for number in range(1, SUBJECTS + 1)]
    least, most = (f([person.amplitude for person in people]) for f in (min, max))
    gains = {}
    for action in (action for action in ACTIONS if not action.reverse_of):
        more = [widened(action, most, n) / widened(action, least, n) for n in range(1, 6)]
        gains[action.name] = float(np.median(more))
    assert min(gains.values()) > 0.999, gains
    assert sum(gain > 1.05 for gain in gains.values()) > len(gains) / 2, gains
    assert min(gains[name] for name in ("wave", "kick", "clap", "bow", "nod", "jump")) > 1.1


def test_a_performance_depends_on_who_gives_it_and_when() -> None:
    wave = ACTIONS[0]
    first = play(wave)
    assert_differ(first, play(wave, subject=2))
    assert_differ(first, play(wave, performance=1))
    assert_differ(first, play(wave, seed=1))
    np.testing.assert_array_equal(first, play(wave))


def assert_differ(a: Coords, b: Coords) -> None:
    assert a.shape != b.shape or np.abs(a - b).max() > 0.01


def test_actions_start_and_end_at_any_time() -> None:
    lengths = [len(joints) for joints in plays(ACTIONS[0], count=40)]
    assert min(lengths) >= 30
    assert max(lengths) <= 110
    assert len(set(lengths)) > 15


def test_own_sine_is_the_sine() -> None:
    angles = np.linspace(-50, 50, 4001)
    np.testing.assert_allclose(sine(angles), np.sin(angles), atol=2e-14)
    np.testing.assert_allclose(cosine(angles), np.cos(angles), atol=2e-14)


def test_a_plan_is_a_value() -> None:
    plan = ClipPlan("wave", 1, camera=1, setup=1, replication=1, seed=0, performance=0, clip=0)
    assert replace(plan, camera=2).name == "S001C002P001R001A001"
