"""The keypoint JSON schemas that list the people of each frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.detections import (
    Detection,
    clip_of,
    clip_of_known,
    detection,
    for_joints,
    from_table,
)
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.image_order import frame_numbers
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, as_numbers, get, get_number
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import COCO_17, HAND_21, MEDIAPIPE_33, OPENPOSE_18, OPENPOSE_25
from skelfuse.layouts.whole_bodies import COCO_WHOLEBODY_133, HALPE_26, HALPE_136
from skelfuse.skeleton import Skeleton

UNSURE = 0.05  # a score below which estimators have found nothing, and draw nothing
LAYOUTS_2D = (
    *(COCO_17, OPENPOSE_18, OPENPOSE_25, MEDIAPIPE_33, HAND_21),
    *(HALPE_26, HALPE_136, COCO_WHOLEBODY_133),
)


def coco_results(entries: list[Any], facts: Facts, options: ReadOptions) -> Clip:
    """Build a clip from COCO results; people follow "track_id" if all entries have one.

    >>> pose = [1.0, 2.0, 0.9] * 16 + [1.0, 8.0, 0.9]
    >>> entries = [{"image_id": t, "keypoints": pose} for t in (7, 8)]
    >>> coco_results(entries, Facts("a"), ReadOptions()).coords[:, 0, 16].tolist()
    [[1.0, 8.0], [1.0, 8.0]]
    """
    images: dict[int | str, list[tuple[float, Any, Detection]]] = {}
    for i, entry in enumerate(entries):
        what = f"entry {i} (counted from 0)"
        try:
            values = get(entry, "keypoints", list)
            image = get(entry, "image_id", (int, str), "")
            score = get_number(entry, "score") or 0.0
            who = _identity(entry)
        except SkelfuseError as error:
            raise error.with_context(within=what) from None
        if values is None:
            raise SkelfuseError(
                f"{what} has no 'keypoints'", expected="[x, y, score, ...]", remedy=FETCH_AGAIN
            )
        images.setdefault(image, []).append((score, who, detection(values, 2, what)))
    order, notes = frame_numbers(list(images))
    by_number = dict(zip(order, images.values(), strict=True))
    numbers = sorted(by_number)
    frames = _named([by_number[number] for number in numbers])
    joints, _ = frames[0][0][1]
    skeleton = for_joints(len(joints), 2, LAYOUTS_2D, options.skeleton)
    clip = clip_of_known(frames, numbers, skeleton, facts, options, min_score=UNSURE)
    return clip.noted(*notes)


def _identity(entry: Any) -> Any:
    """Return who a detection is of, by COCO's "track_id" or AlphaPose's "idx" (a number alone)."""
    who = get(entry, "track_id", (int, str))
    if who is not None:
        return who
    index = entry.get("idx")
    while isinstance(index, list) and len(index) == 1:
        index = index[0]
    is_number = isinstance(index, (int, float)) and not isinstance(index, bool)
    return ("idx", index) if is_number else None


def _named(
    frames: list[list[tuple[float, Any, Detection]]],
) -> list[list[tuple[Any, Detection]]]:
    """Return whom each detection is of, of two of one name in a frame the surer one last."""
    everybody = {who for people in frames for _, who, _ in people}
    # AlphaPose writes 0 for everybody where it does not track.
    untracked = len(everybody) == 1 and all(isinstance(who, tuple) for who in everybody)
    if untracked or None in everybody:
        return [[(None, found) for _, _, found in people] for people in frames]
    for people in frames:
        people.sort(key=lambda person: person[0])
    return [[(who, found) for _, who, found in people] for people in frames]


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
