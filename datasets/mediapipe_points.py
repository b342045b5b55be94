"""MediaPipe's landmarks by whatever names and in whatever nesting people write them.

A point is {x, y, z, visibility} or [x, y, z, visibility]; a body is a list of points, or names with
a point each ("LEFT_EYE_INNER", "left eye (inner)", "Left Eye Inner").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.datasets.reading.json_file import FETCH_AGAIN, as_numbers
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import HAND_21, MEDIAPIPE_33
from skelfuse.skeleton import Skeleton

Rows = npt.NDArray[np.float64]  # [N,D+1]: coordinates and visibility
SURE = ("visibility", "confidence", "score", "presence")


def plain(name: str) -> str:
    """Return a name's letters alone, in the order that MediaPipe has them.

    >>> plain("left eye (inner)"), plain("MOUTH_LEFT"), plain("INDEX_FINGER_MCP")
    ('lefteyeinner', 'leftmouth', 'indexmcp')
    """
    letters = re.sub(r"[^a-z]", "", name.lower())
    for side in ("left", "right"):
        if letters == f"mouth{side}":
            return f"{side}mouth"
    return letters.removeprefix("pose").replace("finger", "")


NAMES = {plain(joint): i for i, joint in enumerate(MEDIAPIPE_33.joints)}
HAND_NAMES = {plain(joint): i for i, joint in enumerate(HAND_21.joints)}


def named_layout(names: Iterable[str]) -> Skeleton | None:
    """Return the layout whose landmarks are named so; None where they are of none.

    >>> named_layout(["Nose", "Left Shoulder", "time"]) is None, named_layout(["NOSE"] * 2) is None
    (True, True)
    >>> named_layout(joint.upper() for joint in MEDIAPIPE_33.joints).name
    'mediapipe-33'
    """
    known = {plain(name) for name in names}
    for layout, places in ((MEDIAPIPE_33, NAMES), (HAND_21, HAND_NAMES)):
        if len(known & places.keys()) > len(layout) / 3:
            return layout
    return None


def is_point(value: Any) -> bool:
    """Tell whether a value is one landmark with names for its axes."""
    return isinstance(value, dict) and "x" in value and "y" in value


def is_body(value: Any) -> bool:
    """Tell whether a value is the landmarks of one person.

    >>> is_body([{"x": 1, "y": 2}]), is_body([[1, 2, 3]] * 33), is_body([[1, 2, 3]]), is_body({})
    (True, True, False, False)
    """
    if isinstance(value, dict):
        return named_layout(key for key in value if isinstance(key, str)) is not None
    if not isinstance(value, list) or not value:
        return False
    numbers = all(isinstance(one, list) and _is_row(one) for one in value)
    return is_point(value[0]) or (numbers and len(value) in (len(MEDIAPIPE_33), len(HAND_21)))


def _is_row(value: list[Any]) -> bool:
    return 2 <= len(value) <= 4 and all(isinstance(one, (int, float)) for one in value)


def rows_of(person: Any, what: str) -> Rows:
    """Return the landmarks of one person as `[N,D+1]`, the last column their visibility.

    >>> rows_of([{"x": 0.5, "y": 0.25, "visibility": 0.75}, {"x": 1, "y": 2}], "frame 0").tolist()
    [[0.5, 0.25, 0.75], [1.0, 2.0, 1.0]]
    """
    if isinstance(person, dict):
        person = _in_order(person)
    if not isinstance(person, list) or not all(_may_be_point(one) for one in person):
        raise SkelfuseError(f"{what}: landmarks are not a list of {{x, y, z}}", remedy=FETCH_AGAIN)
    points = [point for point in person if point]
    if not points:
        raise SkelfuseError(f"{what}: landmarks without a place", remedy=FETCH_AGAIN)
    if isinstance(points[0], list):
        width = len(points[0])
        rows = as_numbers([point or [None] * width for point in person], what)
        if rows.ndim != 2 or not 2 <= width <= 4:
            raise SkelfuseError(
                f"{what}: a landmark of the wrong size",
                expected="[x, y, z] or [x, y, z, visibility]",
                found=f"{width} numbers",
                remedy=FETCH_AGAIN,
            )
        return rows if width == 4 else np.column_stack([rows, np.ones(len(rows))])
    axes = ("x", "y", "z") if "z" in points[0] else ("x", "y")
    sure = next((key for key in SURE if key in points[0]), "visibility")
    listed: list[list[Any]] = []
    for point in person:
        if not point:
            listed.append([None] * len(axes) + [0.0])
            continue
        absent = next(
            (axis for axis in axes if not isinstance(point, dict) or axis not in point), None
        )
        if absent:
            raise SkelfuseError(f"{what}: a landmark without '{absent}'", remedy=FETCH_AGAIN)
        listed.append([*(point[axis] for axis in axes), point.get(sure, 1.0)])
    return as_numbers(listed, what)


def without_place(person: Any) -> list[str]:
    """List the names of a body's landmarks that its layout has not.

    >>> without_place({**{joint: [1, 2] for joint in MEDIAPIPE_33.joints}, "left toe": [3, 4]})
    ['left toe']
    """
    if not isinstance(person, dict):
        return []
    places = HAND_NAMES if named_layout(person) is HAND_21 else NAMES
    return [name for name in person if plain(name) not in places]


def _in_order(person: dict[str, Any]) -> list[Any]:
    layout = named_layout(person)
    places = HAND_NAMES if layout is HAND_21 else NAMES
    points: list[Any] = [None] * len(places)
    for name, point in person.items():
        place = places.get(plain(name))
        if place is not None:
            points[place] = point
    return points


def _may_be_point(value: Any) -> bool:
    return value is None or isinstance(value, (dict, list))
