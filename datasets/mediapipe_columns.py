"""Which column of a table is which number of which of MediaPipe's landmarks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from skelfuse.datasets.mediapipe_points import HAND_NAMES, NAMES, plain
from skelfuse.layouts import HAND_21, MEDIAPIPE_33
from skelfuse.layouts.whole_bodies import HANDS_42, MEDIAPIPE_HOLISTIC_75
from skelfuse.skeleton import Skeleton

AXES = {"x": 0, "y": 1, "z": 2}
SURE = 3  # where the visibility stands beside x, y, z
_SURE = ("visibility", "vis", "v", "confidence", "conf", "presence")
_WORD = "x|y|z|" + "|".join(_SURE)
_LAST = re.compile(
    rf"(.+?)(?:[ _.-]+|(?<=\d))({_WORD})", re.ASCII | re.IGNORECASE
)  # L0_x, NOSE.visibility
_FIRST = re.compile(rf"({_WORD})[ _.-]?(\d+|[ _.-].+)", re.ASCII | re.IGNORECASE)  # x1, v_NOSE
_NUMBER = re.compile(r"\D*?(\d{1,4})", re.ASCII)
_SIDE = re.compile(r"(left|right|l|r)[ _.-]?h(?:and)?(?![a-z])[ _.-]*(.*)", re.IGNORECASE)
# Landmarks in one numbering -> the body, and where each of its joints is among them.
NUMBERED: dict[int, tuple[Skeleton, list[int]]] = {
    33: (MEDIAPIPE_33, list(range(33))),
    21: (HAND_21, list(range(21))),
    42: (HANDS_42, list(range(42))),
    75: (MEDIAPIPE_HOLISTIC_75, list(range(75))),
    501: (MEDIAPIPE_33, list(range(33))),  # pose, face
    543: (MEDIAPIPE_HOLISTIC_75, [*range(33), *range(501, 543)]),  # pose, face, hands
}
ENOUGH = 20  # of the pose's names: fewer may be another estimator's body


@dataclass(frozen=True)
class Columns:
    """The body of a table, and for each joint the columns of x, y, z, visibility (-1: none)."""

    skeleton: Skeleton
    places: list[list[int]]
    left_out: int = 0  # landmarks that the body does not take


def landmark_columns(names: Sequence[str]) -> Columns | None:
    """Return what a wide table's columns are; None where they are no landmarks of MediaPipe.

    >>> names = ["frame", *(f"L{i}_{axis}" for i in range(33) for axis in ("x", "y", "z"))]
    >>> found = landmark_columns(names)
    >>> found.skeleton.name, found.places[1]
    ('mediapipe-33', [4, 5, 6, -1])
    >>> landmark_columns(["nose_x", "nose_y", "tail_x", "tail_y"]) is None
    True
    """
    table: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        split = _split(name.strip())
        if split is not None:
            joint, number = split
            places = table.setdefault(joint, [-1] * 4)
            if places[number] >= 0:
                return None
            places[number] = column
    table = {joint: at for joint, at in table.items() if at[0] >= 0 and at[1] >= 0}
    return _numbered(table) or _named(table)


def _split(name: str) -> tuple[str, int] | None:
    found = _LAST.fullmatch(name)
    if found is not None:
        joint, what = found.groups()
    else:
        found = _FIRST.fullmatch(name)
        if found is None:
            return None
        what, joint = found.groups()
    return joint.strip(" _.-"), AXES.get(what.lower(), SURE)


def _numbered(table: dict[str, list[int]]) -> Columns | None:
    found = {joint: _NUMBER.fullmatch(joint) for joint in table}
    numbers = {int(match[1]): joint for joint, match in found.items() if match}
    if len(numbers) != len(table) or len(numbers) not in NUMBERED:
        return None
    first = min(numbers)
    if first not in (0, 1) or max(numbers) - first != len(numbers) - 1:
        return None
    skeleton, at = NUMBERED[len(numbers)]
    places = [table[numbers[first + place]] for place in at]
    return Columns(skeleton, places, len(numbers) - len(at))


def _named(table: dict[str, list[int]]) -> Columns | None:
    pose: dict[int, list[int]] = {}
    hands: dict[tuple[str, int], list[int]] = {}
    for joint, places in table.items():
        side = _SIDE.fullmatch(joint)
        place = _hand_place(side[2]) if side else None
        if side is not None and place is not None:
            hands["left" if side[1].lower().startswith("l") else "right", place] = places
        elif plain(joint) in NAMES:
            pose[NAMES[plain(joint)]] = places
    nowhere = [-1] * 4
    body = [pose.get(i, nowhere) for i in range(len(MEDIAPIPE_33))]
    sides = [hands.get((side, i), nowhere) for side in ("left", "right") for i in range(21)]
    left_out = len(table) - len(pose) - len(hands)
    if len(pose) >= ENOUGH:
        if len(hands) >= len(HAND_21):
            return Columns(MEDIAPIPE_HOLISTIC_75, body + sides, left_out)
        return Columns(MEDIAPIPE_33, body, left_out + len(hands))
    if len(hands) >= len(HAND_21):
        return Columns(HANDS_42, sides, left_out + len(pose))
    one = {
        HAND_NAMES[plain(joint)]: at for joint, at in table.items() if plain(joint) in HAND_NAMES
    }
    if len(one) == len(HAND_21):
        return Columns(HAND_21, [one[i] for i in range(21)], len(table) - len(one))
    return None


def _hand_place(name: str) -> int | None:
    number = _NUMBER.fullmatch(name)
    if number is not None:
        return int(number[1]) if int(number[1]) < len(HAND_21) else None
    return HAND_NAMES.get(plain(name))
