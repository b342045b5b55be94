"""MediaPipe's landmarks as JSON, in the shapes in which people keep them.

A frame is a body, a list of bodies, or names with bodies: `pose_world_landmarks` (metres),
`poseLandmarks`, `landmarks`, `left_hand_landmarks`, ... as the solutions, the tasks and their
JavaScript write them. A file is a list of frames, also under "frames", "data" or "landmarks", or
one frame. Body and hands of a frame are one body of 75 joints; the face is left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.mediapipe_points import Rows, is_body, is_point, rows_of, without_place
from skelfuse.datasets.reading.detections import Detection, clip_of, for_joints, from_table
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.json_file import FETCH_AGAIN
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import HAND_21, MEDIAPIPE_33
from skelfuse.layouts.whole_bodies import HANDS_42, MEDIAPIPE_HOLISTIC_75

PARTS = {  # the letters of a key -> what is under it
    **dict.fromkeys(("poseworldlandmarks", "worldlandmarks"), "world"),
    **dict.fromkeys(("poselandmarks", "landmarks", "pose"), "pose"),
    **dict.fromkeys(("lefthandlandmarks", "lefthand"), "left"),
    **dict.fromkeys(("righthandlandmarks", "righthand"), "right"),
    **dict.fromkeys(("handlandmarks", "multihandlandmarks"), "hands"),
    **dict.fromkeys(("handworldlandmarks", "multihandworldlandmarks"), "hands in metres"),
    "facelandmarks": "face",
}
ALONE = ("world", "pose", "hands in metres", "hands")  # of several the first
HANDEDNESS = ("handedness", "handednesses", "multiHandedness", "multi_handedness")
FRAMES = ("frames", "data", "landmarks", "results")
NUMBERS = ("frame", "frame_id", "frame_index", "frame_number", "frameNumber", "frameIndex")
REMEDY = "name them so, or leave the clip out"
Parts = dict[str, list[Rows]]  # part -> of each person


def is_mediapipe(found: Any) -> bool:
    """Tell whether a file's content is landmarks in any of these shapes.

    >>> is_mediapipe([[{"x": 0.5, "y": 0.25}] * 33]), is_mediapipe({"keypoints": []})
    (True, False)
    """
    return any(frame and _parts_in(frame) for frame in _frames(found)[:1000])


def read_mediapipe(found: Any, facts: Facts, options: ReadOptions) -> Clip:
    """Build a clip from MediaPipe landmarks, a frame an entry; null or {} has nobody in it.

    >>> point = {"x": 0.5, "y": 0.25, "z": 0.0, "visibility": 0.75}
    >>> clip = read_mediapipe([{"landmarks": [point] * 33}, None], Facts("a"), ReadOptions())
    >>> clip.coords.shape, clip.confidence[0, 0, 0], clip.mask[:, 0, 0].tolist()
    ((2, 1, 33, 3), np.float32(0.75), [True, False])
    """
    entries = _frames(found)
    frames = [_bodies(entry, f"frame {t} (counted from 0)") for t, entry in enumerate(entries)]
    numbers = _numbers(entries)
    order = sorted(range(len(frames)), key=numbers.__getitem__)
    has = {part for frame in frames for part, people in frame.items() if people}
    if not has:
        raise SkelfuseError(
            "no person in any frame", expected="landmarks, pose_landmarks, ...", remedy=REMEDY
        )
    given = None if options.skeleton is None else len(options.skeleton)
    people, left_out = _chosen(frames, has, given)
    shape = next((one[0].shape for one in people if one), None)
    if shape is None:
        raise SkelfuseError(
            "no pose and no hands in any frame", found=", ".join(sorted(has)), remedy=REMEDY
        )
    layouts = (MEDIAPIPE_33, HAND_21, MEDIAPIPE_HOLISTIC_75, HANDS_42)
    skeleton = for_joints(shape[0], shape[1] - 1, layouts, options.skeleton)
    detections: list[list[Detection]] = [[from_table(one) for one in people[t]] for t in order]
    in_order = [numbers[t] for t in order]
    clip = clip_of(detections, in_order, skeleton, facts, options)
    return clip.noted(*left_out, *_unplaced(entries))


def _unplaced(entries: list[Any]) -> tuple[str, ...]:
    """Return a note on landmarks whose names no layout has."""
    bodies = [body for entry in entries for body in _parts_in(entry or {}).values()]
    names = dict.fromkeys(name for body in bodies for name in without_place(body))
    told = ", ".join(list(names)[:4])
    return (f"landmarks without a place left out: {told}",) if names else ()


def facts_of(found: Any, facts: Facts) -> Facts:
    """Return what a file's "metadata" says of its clip, where `facts` know nothing better.

    >>> facts_of({"metadata": {"action": "walk", "subject": 3, "frame_rate": "30fps"}}, Facts("a"))
    Facts(name='a', label='walk', subject='3', camera=None, setup=None, replication=None, \
fps=30.0, splits={}, notes=())
    """
    told = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(told, dict):
        return facts
    texts = {key: str(value) for key, value in told.items() if isinstance(value, (str, int, float))}
    rate = re.match(r"\s*(\d+(?:\.\d+)?)", texts.get("frame_rate", texts.get("fps", "")))
    label = next((texts[key] for key in ("label", "action", "class") if texts.get(key)), None)
    return replace(
        facts,
        label=label or facts.label,
        subject=facts.subject or texts.get("subject"),
        fps=facts.fps or (float(rate[1]) if rate and 0 < float(rate[1]) < 1e6 else None),
    )


def _frames(found: Any) -> list[Any]:
    """Return a file's frames, whichever way they are nested."""
    if isinstance(found, dict):
        inner = next((found[key] for key in FRAMES if isinstance(found.get(key), list)), None)
        several = sum(_part(key) is not None for key in found) > 1
        if inner is not None and not several:
            return _frames(inner)
        numbered = [re.search(r"(\d{1,9})$", key) for key in found]
        if found and all(numbered):
            keys = sorted(found, key=lambda key: int(re.findall(r"\d{1,9}$", key)[0]))
            return [found[key] for key in keys]
        return [found]
    if not isinstance(found, list):
        return []
    return [found] if found and is_point(found[0]) else found


def _part(key: Any) -> str | None:
    return PARTS.get(re.sub(r"[^a-z]", "", key.lower())) if isinstance(key, str) else None


def _parts_in(frame: Any) -> dict[str, Any]:
    """Return what a frame has, by part: a body of its own is a pose."""
    if isinstance(frame, dict) and not is_body(frame):
        return {part: value for key, value in frame.items() if value and (part := _part(key))}
    people = isinstance(frame, list) and frame and is_body(frame[0])
    return {"pose": frame} if people or is_body(frame) else {}


def _bodies(frame: Any, what: str) -> Parts:
    if frame is not None and not isinstance(frame, (dict, list)):
        raise SkelfuseError(
            f"{what}: expected landmarks", found=type(frame).__name__, remedy=FETCH_AGAIN
        )
    parts: Parts = {}
    for part, value in _parts_in(frame or {}).items():
        if part == "face":
            parts[part] = [np.zeros((0, 1))]
            continue
        alone = is_body(value) or not isinstance(value, list) or not isinstance(value[0], list)
        people = [value] if alone else value
        parts[part] = [rows_of(person, what) for person in people if person]
    sides = _sides(frame)
    for part in ("hands", "pose"):  # the tasks list hands, and beside them which they are
        hands = parts.get(part, [])
        if sides and len(sides) == len(hands) and len(set(sides)) == len(sides):
            del parts[part]
            parts.update({side: [hand] for side, hand in zip(sides, hands, strict=True)})
    return parts


def _sides(frame: Any) -> list[str]:
    """Return 'left' or 'right' for each hand of a frame; nothing where it does not say."""
    told = (
        next((frame[k] for k in HANDEDNESS if k in frame), None)
        if isinstance(frame, dict)
        else None
    )
    sides: list[str] = []
    for one in told if isinstance(told, list) else []:
        first = one[0] if isinstance(one, list) and one else one
        names = first.values() if isinstance(first, dict) else [first]
        words = [name.lower() for name in names if isinstance(name, str)]
        sides += [side for side in ("left", "right") if side in words]
    return sides


def _chosen(
    frames: list[Parts], has: set[str], given: int | None
) -> tuple[list[list[Rows]], tuple[str, ...]]:
    """Return each frame's people: body and hands as one, or the one part that is meant."""
    hands = has & {"left", "right"}
    body = has & {"world", "pose"}
    notes = ("the face is left out",) if "face" in has and has - {"face"} else ()
    if hands and not (body and given == len(MEDIAPIPE_33)):
        if given == len(HAND_21):
            return [[*frame.get("left", []), *frame.get("right", [])] for frame in frames], notes
        sizes = {"left": len(HAND_21), "right": len(HAND_21)}
        if body and given != len(HANDS_42):
            # The body's metres have another origin than the hands: pixels are common to both.
            pose = "pose" if "pose" in body else "world"
            sizes = {pose: len(MEDIAPIPE_33), **sizes}
        if any(len(people) > 1 for frame in frames for people in frame.values()):
            notes = (*notes, "with hands only the first person of a frame is kept")
        return [_joined(frame, sizes) for frame in frames], notes
    alone = next((part for part in ALONE if part in has), "")
    further = ("hands are left out",) if hands else ()
    return [frame.get(alone, []) for frame in frames], (*notes, *further)


def _joined(frame: Parts, sizes: dict[str, int]) -> list[Rows]:
    """Return the one body of a frame; parts that were not seen are NaN."""
    first = {part: people[0] for part, people in frame.items() if people}
    seen = {part: rows for part, rows in first.items() if len(rows) == sizes.get(part)}
    if not seen:
        return []
    width = min(rows.shape[1] for rows in seen.values())
    nobody = [np.nan] * (width - 1) + [0.0]
    body = [
        seen[part][:, [*range(width - 1), -1]] if part in seen else np.array([nobody] * size)
        for part, size in sizes.items()
    ]
    return [np.concatenate(body)]


def _numbers(entries: list[Any]) -> list[int]:
    """Return the frames' own numbers where all have one, each another; else they are counted."""
    for key in NUMBERS:
        numbers = [entry.get(key) if isinstance(entry, dict) else None for entry in entries]
        if all(type(number) is int for number in numbers) and len(set(numbers)) == len(numbers):
            return [int(number) for number in numbers if number is not None]
    return list(range(len(entries)))
