"""Keypoints in one JSON file a clip: a plain schema, COCO results, MediaPipe, Kinetics-Skeleton.

(a) {"keypoints": [T][M?][N][D or D+1], "label": "wave", "fps": 30, "layout": "coco-17", ...}:
    a last column beyond D is the confidence. Optional: "confidence" [T][M?][N], "dimensions",
    "joint_names" and "bones", "name", "subject", "camera", "setup", "replication", "split".
(b) [{"image_id": 7, "keypoints": [x, y, score, ...], "score": 0.9, "track_id": 1}, ...]:
    a detection an entry, as COCO's results; images are frames, by the last number in their id.
(c) MediaPipe's landmarks, see mediapipe_json.py; (d) MMPose's, see mmpose_json.py; (e) a COCO
    data set, see coco_json.py; (f) Ultralytics' and other lists of YOLO's, see yolo_json.py.
(g) {"data": [{"frame_index": 1, "skeleton": [{"pose": [...], "score": [...]}]}], "label": ...}.

Without a "label" the name of the folder is the label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.coco_json import is_coco, read_coco
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.mediapipe_json import facts_of, is_mediapipe, read_mediapipe
from skelfuse.datasets.mmpose_json import is_mmpose, read_mmpose
from skelfuse.datasets.nw_ucla import NAME as NW_UCLA_NAME
from skelfuse.datasets.openpose import ENDING as OPENPOSE_ENDING
from skelfuse.datasets.openpose import is_openpose
from skelfuse.datasets.reading import keypoint_people, layout_of
from skelfuse.datasets.reading.coordinates import as_confidence, as_coordinates, blank_zeros
from skelfuse.datasets.reading.facts import WHO, Facts, in_file, make_clip, named
from skelfuse.datasets.reading.files import beginning, ending, files_ending, of_kind, speaks_of
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, as_numbers, get, get_number, read_json
from skelfuse.datasets.reading.likely import check_guess
from skelfuse.datasets.yolo_json import is_yolo, read_yolo
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import layout
from skelfuse.skeleton import Skeleton

WORDS = (b'"keypoints"', b'andmarks"', b'"skeleton"', b'"keypoint"', b'"instances"')
# Landmarks without a word for what they are: points, one after the other.
POINTS = re.compile(rb'"[xy]"\s*:\s*-?[\d.eE+-]+\s*,\s*"[xy]"\s*:')
PEEKS = 200  # a folder with so many clips is of one kind: the others need no look
SEARCHED = 64 << 20  # bytes of a file: before its first person or "keypoints" much may stand
LEAVE_OUT = "correct it, or leave it out"
SCHEMAS = (
    "keypoints, COCO results or data sets, MediaPipe landmarks, MMPose's or Ultralytics' "
    "instances, or Kinetics-Skeleton data"
)


def find(path: Path) -> list[Path]:
    """List the JSON files that speak of keypoints or landmarks; a file named outright as it is."""
    files = [
        file
        for file in files_ending(path, ".json")
        if not file.name.endswith(OPENPOSE_ENDING) and not NW_UCLA_NAME.fullmatch(file.stem)
    ]
    if path.is_file():
        return [file for file in files if not is_openpose(file)]
    sure: list[Path] = []

    def kind(file: Path) -> bool | None:
        if len(sure) == PEEKS:
            return None
        speaks = speaks_of(file, WORDS, within=SEARCHED)
        if speaks is False and POINTS.search(beginning(file)):
            speaks = True
        if speaks:
            sure.append(file)
        return speaks

    return of_kind(files, kind)


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the one clip of a file, `[T,M,N,D]`; of a COCO data set one a video."""
    found = read_json(path)
    facts = _facts(found if isinstance(found, dict) else {}, path)
    if is_coco(found):
        yield from read_coco(found, facts, options)
    elif is_mmpose(found):
        yield read_mmpose(found, facts, options)
    elif is_yolo(found):
        yield read_yolo(found, facts, options)
    elif isinstance(found, dict) and "keypoints" in found:
        yield _plain(found, facts, options)
    elif is_mediapipe(found):
        yield read_mediapipe(found, facts_of(found, facts), options)
    elif isinstance(found, dict) and "data" in found:
        yield keypoint_people.kinetics(get(found, "data", list), facts, options)
    elif isinstance(found, list) and found and isinstance(found[0], dict):
        if "image_id" not in found[0]:
            raise SkelfuseError(
                "no landmarks in any frame", expected=SCHEMAS, remedy="leave the file out"
            )
        yield keypoint_people.coco_results(found, facts, options)
    else:
        raise SkelfuseError("no keypoints in it", expected=SCHEMAS, remedy="leave the file out")


def _facts(found: dict[str, Any], path: Path) -> Facts:
    def text(key: str) -> str | None:
        value = get(found, key, (str, int))
        return None if value is None else str(value)

    folder = named(path).parent.name or None
    fps = get_number(found, "fps")
    if fps is not None and not 0 < fps < float("inf"):
        raise SkelfuseError(
            "'fps' is no rate", expected="a positive number", found=fps, remedy=LEAVE_OUT
        )
    label = text("label")
    return Facts(
        text("name") or (path.stem if label else f"{folder}/{path.stem}"),
        label=label or folder,
        fps=fps,
        splits=in_file(text("split")),
        notes=(),
        **{what: text(what) for what in WHO},
    )


def _plain(found: dict[str, Any], facts: Facts, options: ReadOptions) -> Clip:
    numbers = as_numbers(found["keypoints"], "'keypoints'")
    if numbers.ndim == 3:
        numbers = numbers[:, None]
    if numbers.ndim != 4 or not 2 <= numbers.shape[-1] <= 4 or 0 in numbers.shape:
        raise SkelfuseError(
            "'keypoints' of the wrong shape",
            expected="[T][N][D] or [T][M][N][D], D = 2 or 3, or one more with the confidence",
            found=list(numbers.shape),
            remedy=FETCH_AGAIN,
        )
    skeleton, order, notes = _skeleton(found, numbers.shape[2], numbers.shape[3], options)
    dimensions = skeleton.dimensions
    coords = as_coordinates(numbers[..., :dimensions])[:, :, order]
    if notes:  # the layout was guessed
        check_guess(coords, skeleton)
    confidence: FloatArray | None = None
    if numbers.shape[-1] > dimensions:
        confidence = as_confidence(numbers[..., -1], coords.shape[:3])[:, :, order]
    elif "confidence" in found:
        sure = as_numbers(found["confidence"], "'confidence'")
        sure = sure[:, None] if sure.ndim == 2 else sure
        confidence = as_confidence(sure, coords.shape[:3])[:, :, order]
    if confidence is not None:
        blank_zeros(coords, confidence)
    return make_clip(facts, coords, confidence, skeleton, options).noted(*notes)


def _skeleton(
    found: dict[str, Any], joints: int, columns: int, options: ReadOptions
) -> tuple[Skeleton, list[int] | slice, tuple[str, ...]]:
    """Return the skeleton, where in the file its joints stand, and notes.

    Its D is what the file means: of 3 columns, one may be the confidence.
    """
    told = get(found, "dimensions", int)
    names = _names(found, joints)
    bones = get(found, "bones", list)
    own = layout(found["layout"]) if get(found, "layout", str) else None
    given = options.skeleton or own
    if told is None and columns != 3:
        told = {2: 2, 4: 3}[columns]
    if told is None and "confidence" in found:
        told = 3
    if told is None and given is not None:
        told = given.dimensions
    if told is None:
        native = {body.dimensions for body in layout_of.guessable(joints)}
        if len(native) != 1:
            raise SkelfuseError(
                "3 columns may be x, y, z or x, y, confidence",
                remedy='add "dimensions": 3 or "dimensions": 2 to the file, or "layout"',
            )
        told = native.pop()
    if told not in (2, 3) or columns not in (told, told + 1):
        raise SkelfuseError(
            "'dimensions' do not fit",
            expected=" or ".join(str(d) for d in (columns - 1, columns) if d in (2, 3))
            + f" for {columns} columns",
            found=told,
            remedy="correct 'dimensions', or 'layout' or --skeleton if they say so",
        )
    everything = slice(None)
    if given is None and names is not None:
        pairs = None if bones is None else [_pair(bone) for bone in bones]
        return layout_of.from_names(names, pairs, told), everything, ()
    body, notes = layout_of.choose(joints, told, given)
    names = names or (list(own.joints) if own else None)
    order = layout_of.order_in_file(names, body) if given and names else everything
    return body, order, notes


def _names(found: dict[str, Any], joints: int) -> list[str] | None:
    names: list[str] | None = get(found, "joint_names", list)
    if names is not None and (
        len(names) != joints or not all(isinstance(name, str) for name in names)
    ):
        raise SkelfuseError(
            "'joint_names' do not fit",
            expected=f"{joints} names",
            found=f"{len(names)}: {repr(names)[:60]}",
            remedy="name every joint, each in quotes",
        )
    return names


def _pair(bone: Any) -> list[str | int]:
    if not isinstance(bone, list) or not all(
        isinstance(end, (str, int)) and not isinstance(end, bool) for end in bone
    ):
        raise SkelfuseError(
            "a bone that does not join two joints", found=bone, remedy=layout_of.TWO_ENDS
        )
    return bone


FORMAT = Format(
    "keypoints",
    "keypoint JSON: plain, COCO results, MediaPipe, Kinetics",
    find,
    read,
    ending(".json"),  # where the format is named, a file without keypoints is to be told
    needs="a .json with keypoints, landmarks, instances or annotations",
    named_by_users=True,
)
