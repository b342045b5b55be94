"""What MMPose's inferencer writes (RTMPose and others), and lists of named keypoints a frame.

{"meta_info": {...}, "instance_info": [{"frame_id": 1, "instances": [{"keypoints": [[x, y], ...],
"keypoint_scores": [...]}]}]}, or the list alone; the joints are those that "meta_info" names. Also
[{"frame": 1, "keypoints": [{"name": "nose", "x": 1, "y": 2, "confidence": 0.9}, ...]}, ...].
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.detections import (
    Detection,
    Known,
    clip_of_known,
    first_of,
    for_joints,
    from_table,
)
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, as_numbers, get
from skelfuse.datasets.reading.keypoint_people import LAYOUTS_2D, UNSURE
from skelfuse.errors import SkelfuseError
from skelfuse.layouts.whole_bodies import COCO_WHOLEBODY_133
from skelfuse.skeleton import Skeleton

FRAME = ("frame_id", "frame", "frame_index", "frame_number")
NAMED = "give every frame a 'frame' number; pictures of different scenes are no clip"


def is_mmpose(found: Any) -> bool:
    """Tell whether a file's content is instances a frame, or named keypoints a frame.

    >>> is_mmpose({"meta_info": {}, "instance_info": []}), is_mmpose([{"keypoints": [1, 2, 3]}])
    (True, False)
    """
    if isinstance(found, dict) and "instance_info" in found:
        return True
    first = found[0] if isinstance(found, list) and found else None
    return isinstance(first, dict) and ("instances" in first or _named(first))


def _named(record: Any) -> bool:
    points = record.get("keypoints") if isinstance(record, dict) else None
    return bool(points) and isinstance(points, list) and _is_named_point(points[0])


def _is_named_point(point: Any) -> bool:
    return isinstance(point, dict) and {"x", "y"} <= point.keys() and _name(point) is not None


def _name(point: dict[str, Any]) -> Any:
    return point.get("name", point.get("part", point.get("label")))


def read_mmpose(found: Any, facts: Facts, options: ReadOptions) -> Clip:
    """Build a clip from instances a frame; people follow "track_id" if all have one.

    >>> one = {"keypoints": [[1.0, 2.0]] * 17, "keypoint_scores": [0.5] * 17}
    >>> entries = [{"frame_id": t, "instances": [one]} for t in (1, 2, 4)]
    >>> read_mmpose({"instance_info": entries}, Facts("a"), ReadOptions()).mask[:, 0, 0].tolist()
    [True, True, False, True]
    """
    meta = get(found, "meta_info", dict, {}) if isinstance(found, dict) else {}
    entries = get(found, "instance_info", list, []) if isinstance(found, dict) else found
    if not entries:
        raise SkelfuseError("no frames in it", expected="'instance_info'", remedy=FETCH_AGAIN)
    names: list[str] | None = None
    seen: dict[int, list[Known]] = {}
    for i, entry in enumerate(entries):
        what = f"entry {i} (counted from 0)"
        number = next((n for key in FRAME if (n := get(entry, key, int)) is not None), None)
        if "instances" in entry:
            people = get(entry, "instances", list, [])
            number = i if number is None else number
        else:
            people, names = [_of_points(entry, what)], _names_of(entry, names, what)
        if number is None:
            raise SkelfuseError(
                f"{what} has no frame number", expected=" or ".join(FRAME), remedy=NAMED
            )
        if number in seen and "instances" in entry:
            raise SkelfuseError(
                f"{what}: frame {number} a second time", remedy="number every frame once"
            )
        seen.setdefault(number, []).extend(
            (get(one, "track_id", (int, str)), _detection(one, what)) for one in people
        )
    numbers = sorted(seen)
    skeleton, order = _skeleton(meta, names, first_of(seen.values()), options.skeleton)
    frames = [
        [(who, (joints[order], sure[order])) for who, (joints, sure) in seen[number]]
        for number in numbers
    ]
    return clip_of_known(frames, numbers, skeleton, facts, options, min_score=UNSURE)


def _detection(instance: Any, what: str) -> Detection:
    places = as_numbers(get(instance, "keypoints", list, []), f"{what}: 'keypoints'")
    scores = as_numbers(get(instance, "keypoint_scores", list, []), f"{what}: 'keypoint_scores'")
    if places.ndim == 3 and len(places) == 1:
        places, scores = places[0], scores.reshape(-1)
    if places.ndim != 2 or places.shape[1] not in (2, 3):
        raise SkelfuseError(
            f"{what}: 'keypoints' of the wrong shape",
            expected="[N][2] or [N][3]",
            found=list(places.shape),
            remedy=FETCH_AGAIN,
        )
    if not scores.size:
        scores = np.ones(len(places))
    if scores.shape != (len(places),):
        raise SkelfuseError(
            f"{what}: 'keypoints' and 'keypoint_scores' do not fit",
            expected=f"{len(places)} scores",
            found=list(scores.shape),
            remedy=FETCH_AGAIN,
        )
    return from_table(np.column_stack([places, scores]))


def _of_points(record: Any, what: str) -> dict[str, Any]:
    """Return a record of named points as an instance."""
    points = get(record, "keypoints", list, [])
    if not all(_is_named_point(point) for point in points):
        raise SkelfuseError(
            f"{what}: 'keypoints' are not named points",
            expected='[{"name": "nose", "x": 1, "y": 2}, ...]',
            remedy=FETCH_AGAIN,
        )
    scores = [next((p[k] for k in ("confidence", "score") if k in p), 1.0) for p in points]
    places = [[point["x"], point["y"]] for point in points]
    return {**record, "keypoints": places, "keypoint_scores": scores}


def _names_of(record: Any, before: list[str] | None, what: str) -> list[str]:
    names = [str(_name(point)) for point in get(record, "keypoints", list, [])]
    if before is not None and names != before:
        raise SkelfuseError(
            f"{what}: other keypoints than in the entries before",
            expected=", ".join(before[:5]),
            found=", ".join(names[:5]),
            remedy="write all of them, in one order; null for a place that is not known",
        )
    return names


def _skeleton(
    meta: dict[str, Any], names: list[str] | None, first: Detection, given: Skeleton | None
) -> tuple[Skeleton, Any]:
    """Return the skeleton, and where in the file each of its joints stands."""
    joints, dimensions = first[0].shape
    everything = slice(None)
    told = get(meta, "keypoint_id2name", dict, {})
    if names is None and len(told) == joints and all(str(i) in told for i in range(joints)):
        names = [str(told[str(i)]) for i in range(joints)]
    if meta.get("dataset_name") == "coco_wholebody" and joints == len(COCO_WHOLEBODY_133):
        body = replace(COCO_WHOLEBODY_133, dimensions=dimensions)
        if given is None:
            return body, everything
        names = list(body.joints)
    if names is None or (given is not None and sorted(given.joints) != sorted(names)):
        return for_joints(joints, dimensions, LAYOUTS_2D, given), everything
    if given is not None:
        return replace(given, dimensions=dimensions), layout_of.order_in_file(names, given)
    links = get(meta, "skeleton_links", list)
    return layout_of.from_links(names, links, dimensions), everything
