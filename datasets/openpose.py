"""OpenPose's output: a folder a clip, a file `..._000000000012_keypoints.json` a frame.

People are not named in these files: they are linked from frame to frame by where they are, see
persons.py. If nobody has body joints, hands are read, each hand as somebody of its own. The label
is the name of the folder above the clip's: `wave/clip01/clip01_000000000000_keypoints.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.detections import Detection, clip_of, detection, for_joints
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.files import walk
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, get, read_json
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import HAND_21, OPENPOSE_18, OPENPOSE_25

ENDING = "_keypoints.json"
BODIES = (("pose_keypoints_2d", 2), ("pose_keypoints", 2), ("pose_keypoints_3d", 3))
HANDS = (("hand_left_keypoints_2d", 2), ("hand_right_keypoints_2d", 2))
_FRAME = re.compile(r"(.*?)_?(\d{1,12})_keypoints\.json", re.ASCII)
Key = tuple[str, int]


def find(path: Path) -> list[Path]:
    """List the folders that hold `*_keypoints.json`; one such file stands for its folder.

    >>> find(Path("keypoints.csv"))
    []
    """
    return [Path(name) for name in sorted({f for f, name in walk(path) if name.endswith(ENDING)})]


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clip of a folder, `[T,M,18|25|21,2]` in pixels, y downwards."""
    folder = path if path.is_dir() else path.parent
    frames = _frames(folder)
    people = [_people(file) for _, file in frames]
    keys = _keys(people, options)
    try:
        skeleton = None
        found: list[list[Detection]] = []
        for (_, file), persons in zip(frames, people, strict=True):
            try:
                found.append([one for person in persons for one in _detections(person, keys)])
                if skeleton is None and found[-1]:
                    layouts = (HAND_21,) if keys == HANDS else (OPENPOSE_25, OPENPOSE_18)
                    joints, dimensions = found[-1][0][0].shape
                    skeleton = for_joints(joints, dimensions, layouts, options.skeleton)
            except SkelfuseError as error:
                raise error.at(file) from None
        if skeleton is None:
            raise SkelfuseError("no person in any frame", remedy="leave the clip out")
        place = folder.absolute()
        label = place.parent.name or None
        name = f"{label}/{place.name}" if label else place.name
        facts = Facts(name, label=label)
        yield clip_of(found, [number for number, _ in frames], skeleton, facts, options)
    except SkelfuseError as error:
        raise error.at(folder) from None


def _frames(folder: Path) -> list[tuple[int, Path]]:
    """Return the files by frame number; where the names have none, in the order of names."""
    files = sorted(file for file in folder.iterdir() if file.name.endswith(ENDING))
    files = [file for file in files if not file.name.startswith(".")]
    if not files:
        raise SkelfuseError(
            f"no *{ENDING} in the folder", file=folder, remedy="give the folder that holds them"
        )
    named = [_FRAME.fullmatch(file.name) for file in files]
    stems = sorted({match[1] for match in named if match})
    if None in named or not stems:
        return list(enumerate(files))
    if len(stems) > 1:
        raise SkelfuseError(
            "frames of several clips in one folder",
            file=folder,
            found=", ".join(stems[:3]),
            remedy="make a folder for each clip",
        )
    frames = sorted(
        (int(match[2]), file) for match, file in zip(named, files, strict=True) if match
    )
    if len({number for number, _ in frames}) < len(frames):
        raise SkelfuseError(
            "two files of one frame number in the folder",
            file=folder,
            remedy="make a folder for each clip",
        )
    return frames


def _people(file: Path) -> list[dict[str, Any]]:
    try:
        people = get(read_json(file), "people", list)
        if people is None or not all(isinstance(person, dict) for person in people):
            raise SkelfuseError(
                "no 'people' in it", expected='{"people": [{...}, ...]}', remedy=FETCH_AGAIN
            )
    except SkelfuseError as error:
        raise error.at(file) from None
    return list(people)


def _keys(people: list[list[dict[str, Any]]], options: ReadOptions) -> tuple[Key, ...]:
    """Return the body key that the files use, or the two keys of the hands."""
    wants_hands = options.skeleton is not None and len(options.skeleton) == len(HAND_21)
    for key in () if wants_hands else BODIES:
        if any(person.get(key[0]) for persons in people for person in persons):
            return (key,)
    return HANDS


def _detections(person: dict[str, Any], keys: tuple[Key, ...]) -> Iterator[Detection]:
    for key, dimensions in keys:
        values = get(person, key, list, [])
        if values:
            yield detection(values, dimensions, f"'{key}'")


FORMAT = Format("openpose", "OpenPose JSON, a folder a clip", find, read)
