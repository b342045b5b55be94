"""The keypoint JSON schemas that list the people of each frame."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.detections import (
    Detection,
    clip_of,
    detection,
    for_joints,
    from_table,
)
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, as_numbers, get, get_number
from skelfuse.datasets.reading.retold import retold
from skelfuse.datasets.reading.tracks import Track
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, HAND_21, MEDIAPIPE_33, OPENPOSE_18, OPENPOSE_25
from skelfuse.skeleton import Skeleton

LANDMARKS = (  # metres before image coordinates
    *("pose_world_landmarks", "pose_landmarks", "landmarks"),
    *("hand_world_landmarks", "hand_landmarks"),
)
_NUMBER = re.compile(r"(\d{1,15})(?!.*\d)", re.ASCII)
_ENDING = re.compile(r"\.[a-z][a-z0-9]{1,3}$", re.ASCII | re.IGNORECASE)  # .jp2 numbers no frame


def coco_results(entries: list[Any], facts: Facts, options: ReadOptions) -> Clip:
    """Build a clip from COCO results; people follow "track_id" if all entries have one.

    >>> pose = [1.0, 2.0, 0.9] * 16 + [1.0, 8.0, 0.9]
    >>> entries = [{"image_id": t, "keypoints": pose} for t in (7, 8)]
    >>> coco_results(entries, Facts("a"), ReadOptions()).coords[:, 0, 16].tolist()
    [[1.0, 8.0], [1.0, 8.0]]
    """
    images: dict[int, list[tuple[float, Any, Detection]]] = {}
    ids: dict[int, int | str] = {}
    for i, entry in enumerate(entries):
        what = f"entry {i} (counted from 0)"
        try:
            values = get(entry, "keypoints", list)
            image = get(entry, "image_id", (int, str))
            number = _image_number(image)
            if ids.setdefault(number, image) != image:
                raise _two_images(number, ids[number], image)
            score = get_number(entry, "score") or 0.0
            who = get(entry, "track_id", (int, str))
        except SkelfuseError as error:
            raise retold(error, of=what) from None
        if values is None:
            raise SkelfuseError(
                f"{what} has no 'keypoints'", expected="[x, y, score, ...]", remedy=FETCH_AGAIN
            )
        images.setdefault(number, []).append((score, who, detection(values, 2, what)))
    numbers = sorted(images)
    frames = [[found for _, _, found in images[number]] for number in numbers]
    everybody = [who for people in images.values() for _, who, _ in people]
    tracks: dict[Any, Track] | None = None if None in everybody else {}
    if tracks is not None:
        for t, number in enumerate(numbers):
            for _, who, found in sorted(images[number], key=lambda person: person[0]):
                tracks.setdefault(who, {})[t] = found  # of two, the surer one stays
    skeleton = for_joints(len(frames[0][0][0]), 2, _LAYOUTS_2D, options.skeleton)
    known = None if tracks is None else list(tracks.values())
    return clip_of(frames, numbers, skeleton, facts, options, tracks=known)


_LAYOUTS_2D = (COCO_17, OPENPOSE_18, OPENPOSE_25, MEDIAPIPE_33, HAND_21)


def _image_number(image: int | str | None) -> int:
    if isinstance(image, int):
        return image
    found = _NUMBER.search(_ENDING.sub("", image or ""))
    if found is None:
        raise SkelfuseError(
            "no number in 'image_id'",
            expected="12 or '000012.jpg'",
            found=image,
            remedy="number the images in the order of their frames",
        )
    return int(found[1])


def _two_images(number: int, first: int | str, second: int | str) -> SkelfuseError:
    return SkelfuseError(
        f"two images of one frame number, {number}",
        expected="a number of its own, the last in 'image_id', for each frame of one clip",
        found=f"{first!r} and {second!r}",
        remedy="make a file for each clip, and number its images in the order of their frames",
    )


def mediapipe(entries: list[Any], facts: Facts, options: ReadOptions) -> Clip:
    """Build a clip from MediaPipe landmarks, an entry a frame; null or {} has nobody in it.

    >>> point = {"x": 0.5, "y": 0.25, "z": 0.0, "visibility": 0.75}
    >>> clip = mediapipe([{"landmarks": [point] * 33}, None], Facts("a"), ReadOptions())
    >>> clip.coords.shape, clip.confidence[0, 0, 0], clip.mask[:, 0, 0].tolist()
    ((2, 1, 33, 3), np.float32(0.75), [True, False])
    """
    keys = [key for key in LANDMARKS if any(isinstance(e, dict) and e.get(key) for e in entries)]
    if not keys:
        raise SkelfuseError(
            "no landmarks in any frame",
            expected=" or ".join(LANDMARKS),
            remedy="name them so, or leave the clip out",
        )
    frames: list[list[Detection]] = []
    for t, entry in enumerate(entries):
        people = get(entry or {}, keys[0], list, [])
        if people and not isinstance(people[0], list):
            people = [people]
        what = f"frame {t} (counted from 0)"
        frames.append([_landmarks(person, what) for person in people if person])
    shape = next((people[0][0].shape for people in frames if people), None)
    if shape is None:
        raise SkelfuseError("no person in any frame", remedy="leave the clip out")
    joints, dimensions = shape
    skeleton = for_joints(joints, dimensions, (MEDIAPIPE_33, HAND_21), options.skeleton)
    return clip_of(frames, list(range(len(frames))), skeleton, facts, options)


def _landmarks(person: Any, what: str) -> Detection:
    if not isinstance(person, list) or not all(isinstance(point, dict) for point in person):
        raise SkelfuseError(f"{what}: landmarks are not a list of {{x, y, z}}", remedy=FETCH_AGAIN)
    axes = ("x", "y", "z") if "z" in person[0] else ("x", "y")
    absent = next((axis for point in person for axis in axes if axis not in point), None)
    if absent:
        raise SkelfuseError(f"{what}: a landmark without '{absent}'", remedy=FETCH_AGAIN)
    rows = [[*(point[axis] for axis in axes), point.get("visibility", 1.0)] for point in person]
    return from_table(as_numbers(rows, what))


def kinetics(entries: list[Any] | None, facts: Facts, options: ReadOptions) -> Clip:
    """Build a clip from Kinetics-Skeleton data: "pose" x, y, x, y, ... and "score" of each frame.

    >>> body = {"pose": [0.5, 0.25] * 18, "score": [0.5] * 18}
    >>> kinetics([{"frame_index": 1, "skeleton": [body]}], Facts("a"), ReadOptions()).persons
    1
    """
    if not entries:
        raise SkelfuseError("no frames in 'data'", remedy="leave the clip out")
    frames: dict[int, list[Detection]] = {}
    for i, entry in enumerate(entries):
        what = f"frame {i} (counted from 0)"
        number = get(entry, "frame_index", int, i)
        if number in frames:
            raise SkelfuseError(
                f"{what}: 'frame_index' {number} a second time",
                remedy="give each frame a number of its own",
            )
        frames[number] = [_pose(body, what) for body in get(entry, "skeleton", list, [])]
    numbers = sorted(frames)
    ordered = [frames[number] for number in numbers]
    joints = next((len(people[0][0]) for people in ordered if people), len(OPENPOSE_18))
    layouts: tuple[Skeleton, ...] = (OPENPOSE_18, OPENPOSE_25, COCO_17)
    skeleton = for_joints(joints, 2, layouts, options.skeleton)
    return clip_of(ordered, numbers, skeleton, facts, options)


def _pose(body: Any, what: str) -> Detection:
    places = as_numbers(get(body, "pose", list, []), what)
    scores = as_numbers(get(body, "score", list, []), what)
    if places.ndim != 1 or not scores.size or places.size != 2 * scores.size:
        raise SkelfuseError(
            f"{what}: 'pose' and 'score' do not fit",
            expected="two coordinates and one score a joint",
            found=f"{places.size} and {scores.size}",
            remedy=FETCH_AGAIN,
        )
    return from_table(np.column_stack([places.reshape(-1, 2), scores]))
