"""The actions by name: what is done, by how many people, for how long, forwards or backwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from skelfuse.datasets.synth.motions_body import bow, jump, kick, pick_up, sit_down
from skelfuse.datasets.synth.motions_dress import put_on_hat, put_on_jacket
from skelfuse.datasets.synth.motions_face import (
    check_watch,
    drink,
    nod,
    phone_call,
    salute,
    wipe_face,
)
from skelfuse.datasets.synth.motions_hands import (
    circle_arms,
    clap,
    point,
    rub_hands,
    throw,
    wave,
)
from skelfuse.datasets.synth.motions_two import high_five, hug, push, shake_hands, walk_up
from skelfuse.datasets.synth.pose import Pose
from skelfuse.datasets.synth.rotation import Array
from skelfuse.datasets.synth.subjects import Style

Motion = Callable[[Array, tuple[Style, ...]], tuple[Pose, ...]]


@dataclass(frozen=True)
class Action:
    """A named motion of one person or two.

    `idle` names the hands that the action leaves free: they may do something else meanwhile.
    `reverse_of` names the action whose path this one runs in reverse time.

    >>> ACTIONS[4].name, ACTIONS[4].reverse_of
    ('stand up', 'sit down')
    """

    name: str
    seconds: float
    motion: Motion
    people: int = 1
    idle: tuple[str, ...] = ()
    gap: float = 0.0  # metres between two people at the start
    chair: bool = False  # it can be done on a chair as well
    reverse_of: str | None = None


def _alone(motion: Callable[[Array, Style], Pose]) -> Motion:
    return lambda phase, styles: (motion(phase, styles[0]),)


def _reverse(action: Action, name: str) -> Action:
    return replace(action, name=name, reverse_of=action.name)


_LEFT = ("left_hand",)
_SIT = Action("sit down", 1.5, _alone(sit_down))
_PICK = Action("pick up", 1.7, _alone(pick_up))
_JACKET = Action("put on a jacket", 2.6, _alone(put_on_jacket), chair=True)
_HAT = Action("put on a hat", 2.3, _alone(put_on_hat), chair=True)
_CIRCLES = Action("circle the arms forwards", 2.4, _alone(circle_arms))
_WALK = Action("walk up to someone", 1.8, walk_up, people=2, gap=2.0)

# Numbered from A001 in this order: the first sixteen hold every kind of motion.
ACTIONS: tuple[Action, ...] = (
    Action("wave", 2.0, _alone(wave), chair=True, idle=_LEFT),
    Action("kick", 1.5, _alone(kick)),
    Action("clap", 1.8, _alone(clap), chair=True),
    _SIT,
    _reverse(_SIT, "stand up"),
    Action("throw", 1.8, _alone(throw)),
    Action("drink", 2.1, _alone(drink), chair=True, idle=_LEFT),
    _JACKET,
    _reverse(_JACKET, "take off a jacket"),
    Action("shake hands", 2.0, shake_hands, people=2, gap=0.95, idle=_LEFT),
    Action("push", 1.6, push, people=2, gap=0.95),
    Action("hug", 2.3, hug, people=2, gap=1.05),
    Action("point", 1.6, _alone(point), chair=True, idle=_LEFT),
    Action("salute", 1.6, _alone(salute), chair=True, idle=_LEFT),
    Action("rub the hands", 1.8, _alone(rub_hands), chair=True),
    Action("phone call", 2.2, _alone(phone_call), chair=True, idle=_LEFT),
    _PICK,
    _reverse(_PICK, "put down"),
    Action("jump", 1.4, _alone(jump)),
    Action("wipe the face", 1.8, _alone(wipe_face), chair=True, idle=_LEFT),
    _HAT,
    _reverse(_HAT, "take off a hat"),
    Action("bow", 1.7, _alone(bow)),
    Action("high five", 1.8, high_five, people=2, gap=0.9, idle=_LEFT),
    Action("check the watch", 1.8, _alone(check_watch), chair=True, idle=_LEFT),
    Action("nod", 1.9, _alone(nod), chair=True, idle=("right_hand", "left_hand")),
    _CIRCLES,
    _reverse(_CIRCLES, "circle the arms backwards"),
    _WALK,
    _reverse(_WALK, "back away from someone"),
)

BY_NAME = {action.name: action for action in ACTIONS}
