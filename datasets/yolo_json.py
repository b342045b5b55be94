"""Keypoints that YOLO pose models gave, as JSON: Ultralytics' own, or a list of points a frame.

A person is {"keypoints": {"x": [...], "y": [...], "visible": [...]}, "track_id": 1} as Ultralytics
writes it, or [{"keypoint": "keypoint_1", "position": {"x": 1, "y": 2}}, ...]. A frame is a person
or a list of them; a file is a list of frames, bare or under its name ("frame_1"). 0, 0 is missing.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.detections import (
    Detection,
    clip_of_known,
    first_of,
    for_joints,
    from_table,
)
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, as_numbers, get
from skelfuse.datasets.reading.keypoint_people import LAYOUTS_2D, UNSURE
from skelfuse.errors import SkelfuseError

INSIDE = ("results", "detections", "persons", "people", "predictions")
FRAME = ("frame", "frame_id", "frame_index", "frame_number")
SURE = ("visible", "confidence", "conf", "score")
_NUMBER = re.compile(r"(\d{1,12})\D*$", re.ASCII)
Frame = tuple[int, list[Any]]  # its number, its people


def is_yolo(found: Any) -> bool:
    """Tell whether a file's content is people as this module has them.

    >>> is_yolo([[{"keypoints": {"x": [1], "y": [2]}}]]), is_yolo([{"keypoints": [1, 2, 3]}])
    (True, False)
    """
    return any(people for _, people in _frames(found)[:1000])


def read_yolo(found: Any, facts: Facts, options: ReadOptions) -> Clip:
    """Build a clip; people follow "track_id" if all have one.

    >>> person = {"keypoints": {"x": [1.0] * 17, "y": [0.0] * 16 + [8.0]}}
    >>> clip = read_yolo([{"frame_1": [person]}, {"frame_2": []}], Facts("a"), ReadOptions())
    >>> clip.coords[:, 0, 16].tolist()
    [[1.0, 8.0], [nan, nan]]
    """
    frames = sorted(_frames(found), key=lambda frame: frame[0])
    numbers = [number for number, _ in frames]
    if len(set(numbers)) < len(numbers):
        raise SkelfuseError("two frames of one number", remedy="number every frame once")
    seen = [
        [(_identity(one), _detection(one, f"frame {number}")) for one in people]
        for number, people in frames
    ]
    skeleton = for_joints(len(first_of(seen)[0]), 2, LAYOUTS_2D, options.skeleton)
    return clip_of_known(seen, numbers, skeleton, facts, options, min_score=UNSURE)


def _frames(found: Any) -> list[Frame]:
    """Return the frames; those without a number of their own are counted."""
    if isinstance(found, dict) and isinstance(found.get("frames"), list):
        found = found["frames"]
    if isinstance(found, dict):
        found = [{key: value} for key, value in found.items()]
    if not isinstance(found, list):
        return []
    if any(_is_person(one) for one in found) and not _named_in(found):
        return [(0, [one for one in found if _is_person(one)])]  # one picture's people
    return [_frame(entry, i) for i, entry in enumerate(found)]


def _named_in(found: list[Any]) -> bool:
    return any(isinstance(one, dict) and any(key in one for key in FRAME) for one in found)


def _frame(entry: Any, place: int) -> Frame:
    told = None
    if isinstance(entry, dict):
        told = next((entry[key] for key in FRAME if type(entry.get(key)) is int), None)
        if not _is_person(entry):
            inside = next((entry[key] for key in INSIDE if isinstance(entry.get(key), list)), None)
            if told is None and inside is None and len(entry) == 1:
                ((name, inside),) = entry.items()
                found = _NUMBER.search(str(name))
                told = int(found[1]) if found else None
            entry = inside
    people = entry if isinstance(entry, list) and not _is_person(entry) else [entry]
    return place if told is None else told, [one for one in people if _is_person(one)]


def _is_person(value: Any) -> bool:
    if isinstance(value, dict):
        keypoints = value.get("keypoints")
        return isinstance(keypoints, dict) and {"x", "y"} <= keypoints.keys()
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, dict) and isinstance(first.get("position"), dict)


def _identity(person: Any) -> Any:
    return get(person, "track_id", (int, str)) if isinstance(person, dict) else None


def _detection(person: Any, what: str) -> Detection:
    if isinstance(person, dict):
        columns = person["keypoints"]
        sure = next((columns[key] for key in SURE if columns.get(key) is not None), None)
        x, y = (as_numbers(columns[axis], f"{what}: '{axis}'") for axis in "xy")
        scores = None if sure is None else as_numbers(sure, f"{what}: scores")
    else:
        points = [get(point, "position", dict, {}) for point in person]
        x, y = (as_numbers([p.get(axis) for p in points], f"{what}: '{axis}'") for axis in "xy")
        scores = None
    if x.ndim != 1 or x.shape != y.shape or (scores is not None and scores.shape != x.shape):
        raise SkelfuseError(
            f"{what}: x, y and scores of different lengths",
            expected="one number a joint in each",
            found=f"{list(x.shape)} and {list(y.shape)}",
            remedy=FETCH_AGAIN,
        )
    nowhere = (x == 0) & (y == 0)
    return from_table(
        np.column_stack([x, y, np.where(nowhere, 0, 1 if scores is None else scores)])
    )
