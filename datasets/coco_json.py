"""COCO data sets as JSON: `images`, `annotations`, `categories`; a video's frames are its pictures.

Pictures of one video are those of one "video_id", or else of one folder and name but for the number
of the frame; each video is a clip. People follow "track_id" (also in "attributes", as CVAT has it)
where all have one. Of COCO-WholeBody the feet, face and hands are joined to the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
from skelfuse.datasets.reading.image_order import frame_numbers
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, as_numbers, get
from skelfuse.datasets.reading.keypoint_people import LAYOUTS_2D
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

WHOLE = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
SPARSE = 10  # a video's frames are at most so many times further apart than they are many
TRACK = ("track_id", "instance_id")
Video = dict[int | str, Any]  # number or name of a frame -> id of its image


def is_coco(found: Any) -> bool:
    """Tell whether a file's content is a COCO data set.

    >>> is_coco({"images": [], "annotations": []}), is_coco([])
    (True, False)
    """
    return isinstance(found, dict) and {"images", "annotations"} <= found.keys()


def read_coco(found: Any, facts: Facts, options: ReadOptions) -> Iterator[Clip]:
    """Return the clip of each video, read one after the other.

    >>> images = [{"id": t, "file_name": f"walk_{t}.jpg"} for t in (7, 8)]
    >>> seen = [{"image_id": t, "keypoints": [t, 5, 2] * 16 + [1, 8, 2]} for t in (7, 8)]
    >>> (clip,) = read_coco({"images": images, "annotations": seen}, Facts("a"), ReadOptions())
    >>> clip.name, clip.coords[:, 0, 0].tolist()
    ('a', [[7.0, 5.0], [8.0, 5.0]])
    """
    people: dict[Any, list[Known]] = {}
    for i, annotation in enumerate(get(found, "annotations", list, [])):
        what = f"annotation {i} (counted from 0)"
        try:
            person = _detection(annotation, what)
            if person is not None:
                image = get(annotation, "image_id", (int, str))
                people.setdefault(image, []).append((_identity(annotation), person))
        except SkelfuseError as error:
            raise error.with_context(within=what) from None
    skeleton = _skeleton(found, len(first_of(people.values())[0]), options.skeleton)
    videos = _videos(found)

    def clip(name: str) -> Clip:
        named = facts if len(videos) == 1 else replace(facts, name=f"{facts.name}/{name}")
        return _clip(videos[name], people, skeleton, named, options)

    return map(clip, videos)


def _clip(
    video: Video,
    people: dict[Any, list[Known]],
    skeleton: Skeleton,
    facts: Facts,
    options: ReadOptions,
) -> Clip:
    order, notes = frame_numbers(list(video))
    image_of = dict(zip(order, video.values(), strict=True))
    numbers = sorted(image_of)
    if numbers[-1] - numbers[0] > SPARSE * len(numbers) + 100:
        raise SkelfuseError(
            f"'{facts.name}': pictures of no video",
            expected="frames numbered one after the other",
            found=", ".join(str(number) for number in numbers[:4]),
            remedy="single pictures are no recording; number a video's frames in 'file_name', "
            "or by 'frame_id' and 'video_id' of each image",
        )
    seen = [people.get(image_of[number], []) for number in numbers]
    return clip_of_known(seen, numbers, skeleton, facts, options).noted(*notes)


def _videos(found: Any) -> dict[str, Video]:
    names = {}
    for video in get(found, "videos", list, []):
        file = str(video.get("name", video.get("file_name", ""))) if isinstance(video, dict) else ""
        names[video.get("id") if isinstance(video, dict) else None] = file
    videos: dict[str, Video] = {}
    for i, image in enumerate(get(found, "images", list, [])):
        what = f"image {i} (counted from 0)"
        try:
            which = get(image, "video_id", (int, str))
            frame = get(image, "frame_id", int, get(image, "frame_index", int))
            file = get(image, "file_name", str)
            number = get(image, "id", (int, str))
        except SkelfuseError as error:
            raise error.with_context(within=what) from None
        if number is None:
            raise SkelfuseError(f"{what} has no 'id'", remedy=FETCH_AGAIN)
        if which is not None:
            name = names.get(which) or str(which)
        else:
            name = re.sub(r"\d+(?=\D*$)", "", file.rpartition(".")[0] or file) if file else ""
            name = name.rstrip("/_- .") or "video"
        at: int | str = frame if frame is not None else file if file else number
        images = videos.setdefault(name, {})
        if at in images:
            raise SkelfuseError(
                f"{what}: a second picture of frame {at!r}", remedy="number every frame once"
            )
        images[at] = number
    return videos


def _identity(annotation: Any) -> Any:
    attributes = annotation.get("attributes")
    for place in (annotation, attributes if isinstance(attributes, dict) else {}):
        for key in TRACK:
            if isinstance(place.get(key), (int, str)) and not isinstance(place[key], bool):
                return place[key]
    return None


def _detection(annotation: Any, what: str) -> Detection | None:
    """Return a person's joints; None where the annotation marks none."""
    parts = [get(annotation, key, list) for key in WHOLE]
    if not parts[0]:
        return None
    keys = WHOLE if all(parts) else WHOLE[:1]
    rows = np.concatenate(
        [
            as_numbers(part, f"{what}: '{key}'").reshape(-1)
            for key, part in zip(keys, parts[: len(keys)], strict=True)
        ]
    )
    if rows.size % 3:
        raise SkelfuseError(
            f"{what}: not a list of joints",
            expected="3 numbers a joint: x, y, visible",
            found=f"{rows.size} numbers",
            remedy=FETCH_AGAIN,
        )
    rows = rows.reshape(-1, 3)
    if not (rows[:, 2] > 0).any():
        return None
    if set(np.unique(rows[:, 2])) <= {0, 1, 2}:  # not marked, marked but hidden, seen
        body = parts[0]
        flags = len(body) // 3 if keys == WHOLE else len(rows)
        rows[:flags, 2] /= 2
    joints, sure = from_table(rows)
    joints[sure <= 0] = np.nan
    return joints, sure


def _skeleton(found: Any, joints: int, given: Skeleton | None) -> Skeleton:
    if given is not None:
        return for_joints(joints, 2, (), given)
    for category in get(found, "categories", list, []):
        names = category.get("keypoints") if isinstance(category, dict) else None
        if isinstance(names, list) and len(names) == joints:
            return layout_of.from_links(names, category.get("skeleton"), 2, first=1)
    return for_joints(joints, 2, LAYOUTS_2D, None)
