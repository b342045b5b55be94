"""From the people that a pose estimator found in each frame to a clip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.coordinates import as_confidence, as_coordinates, blank_zeros
from skelfuse.datasets.reading.facts import Facts, make_clip
from skelfuse.datasets.reading.frames import frame_slots
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, as_numbers
from skelfuse.datasets.reading.scores import hide_unsure
from skelfuse.datasets.reading.tracks import Track, link, most_active
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

Detection = tuple[FloatArray, FloatArray]  # joints [N,D], confidence [N]
Known = tuple[Any, Detection]  # who it is of, None where nobody says


def detection(values: Any, dimensions: int, what: str) -> Detection:
    """Read a flat list x, y, (z,) confidence, x, ...; a joint at 0 with confidence 0 is missing.

    >>> joints, confidence = detection([3, 4, 0.5, 0, 0, 0], 2, "person 1")
    >>> joints.tolist(), confidence.tolist()
    ([[3.0, 4.0], [nan, nan]], [0.5, 0.0])
    """
    numbers = as_numbers(values, what)
    if numbers.ndim != 1 or not numbers.size or numbers.size % (dimensions + 1):
        raise SkelfuseError(
            f"{what}: not a list of joints",
            expected=f"{dimensions + 1} numbers a joint: {'x, y, z'[: 3 * dimensions - 2]}, sure",
            found=f"{list(numbers.shape)} numbers",
            remedy=FETCH_AGAIN,
        )
    return from_table(numbers.reshape(-1, dimensions + 1))


def from_table(rows: FloatArray) -> Detection:
    """Split `[N,D+1]` into joints and confidence.

    >>> import numpy as np
    >>> from_table(np.array([[3.0, 4.0, 0.5]]))[1].tolist()
    [0.5]
    """
    coords = as_coordinates(rows[None, :, :-1])  # [1,1,N,D]
    confidence = as_confidence(rows[None, None, :, -1], coords.shape[:3])
    return blank_zeros(coords, confidence)[0, 0], confidence[0, 0]


def clip_of(
    frames: Sequence[Sequence[Detection]],
    numbers: list[int],
    skeleton: Skeleton,
    facts: Facts,
    options: ReadOptions,
    *,
    tracks: Sequence[Track] | None = None,
    min_score: float = 0.0,
) -> Clip:
    """Link the detections of each frame into people, unless `tracks` says who is who.

    `numbers` are the frames' numbers, increasing; a frame that is not listed has nobody in it.
    `min_score` is the format's own threshold, which the user's takes the place of.

    >>> import numpy as np
    >>> from skelfuse.layouts import PENN_13
    >>> pose = np.arange(26, dtype=np.float32).reshape(13, 2), np.ones(13, dtype=np.float32)
    >>> clip = clip_of([[pose], [pose]], [1, 3], PENN_13, Facts("a"), ReadOptions())
    >>> clip.mask[:, 0, 0].tolist(), clip.notes
    ([True, False, True], ('1 frame without a record',))
    """
    for joints, _ in (one for people in frames for one in people):
        if joints.shape != (len(skeleton), skeleton.dimensions):
            raise SkelfuseError(
                f"a person who does not fit the skeleton '{skeleton.name}'",
                expected=f"{len(skeleton)} joints x {skeleton.dimensions}",
                found=" x ".join(str(size) for size in joints.shape),
                remedy="give everybody in a clip equally many joints, or leave it out",
            )
    people = link(frames) if tracks is None else tracks
    if not people:
        raise SkelfuseError("no person in any frame", remedy="leave the clip out")
    slots = frame_slots(numbers)
    placed = [{slots.at[t]: seen for t, seen in person.items()} for person in people]
    seen = most_active(placed, slots.at[-1] + 1, options.max_persons)
    coords, unsure = hide_unsure(seen.coords, seen.confidence, options.min_score, min_score)
    clip = make_clip(facts, coords, seen.confidence, skeleton, options)
    clip = replace(clip, first_frame=slots.first)
    return clip.noted(*unsure, *seen.notes, *slots.notes)


def clip_of_known(
    frames: Sequence[Sequence[Known]],
    numbers: list[int],
    skeleton: Skeleton,
    facts: Facts,
    options: ReadOptions,
    *,
    min_score: float = 0.0,
) -> Clip:
    """Do as `clip_of` with detections that may say who they are of: if all do, they are believed.

    >>> import numpy as np
    >>> from skelfuse.layouts import PENN_13
    >>> pose = np.arange(26, dtype=np.float32).reshape(13, 2), np.ones(13, dtype=np.float32)
    >>> frames = [[("Ann", pose)], [("Bob", pose)]]
    >>> clip_of_known(frames, [1, 2], PENN_13, Facts("a"), ReadOptions()).persons
    2
    """
    tracks: dict[Any, Track] = {}
    for t, people in enumerate(frames):
        for who, found in people:
            tracks.setdefault(who, {})[t] = found
    told = None if None in tracks else list(tracks.values())
    unnamed = [[found for _, found in people] for people in frames]
    return clip_of(unnamed, numbers, skeleton, facts, options, tracks=told, min_score=min_score)


def first_of(frames: Iterable[Iterable[Known]]) -> Detection:
    """Return the first detection in any frame; where nobody is found, that is an error."""
    found = next((found for people in frames for _, found in people), None)
    if found is None:
        raise SkelfuseError("no person in any frame", remedy="leave the clip out")
    return found


def for_joints(
    joints: int, dimensions: int, layouts: Sequence[Skeleton], given: Skeleton | None
) -> Skeleton:
    """Return the given skeleton, or the one of `layouts` with so many joints.

    >>> from skelfuse.layouts import OPENPOSE_18, OPENPOSE_25
    >>> for_joints(25, 3, (OPENPOSE_18, OPENPOSE_25), None).name
    'openpose-25'
    """
    possible = (given,) if given is not None else layouts
    for body in possible:
        if len(body) == joints:
            return replace(body, dimensions=dimensions)
    raise SkelfuseError(
        f"{joints} joints",
        expected=" or ".join(f"{len(body)} ({body.name})" for body in possible),
        remedy="give the skeleton with --skeleton",
    )
