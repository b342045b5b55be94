"""OpenPose's output: a folder a clip, a file `..._000000000012_keypoints.json` a frame.

Other names that end in a number (`cam01.0012.json`) are taken where the content is OpenPose's.
People are not named in these files: they are linked from frame to frame by where they are, see
tracks.py. Of body, hands and face the body alone is read, and what is left out is told; a skeleton
of 67 joints (body and hands) or 137 (face too) makes one body of them. If nobody has body joints,
both hands are one body of 42 joints; left and right are what the file says. The label is the name
of the folder above the clip's: `wave/clip01/clip01_000000000000_keypoints.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.detections import Detection, clip_of, detection, for_joints
from skelfuse.datasets.reading.facts import in_its_folder
from skelfuse.datasets.reading.files import beginning, walk
from skelfuse.datasets.reading.json_file import FETCH_AGAIN, get, read_json
from skelfuse.datasets.reading.tracks import link
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import HAND_21, OPENPOSE_18, OPENPOSE_25
from skelfuse.layouts.whole_bodies import HANDS_42, OPENPOSE_67, OPENPOSE_137

ENDING = "_keypoints.json"
CONTENT = re.compile(rb'"(?:pose|face|hand_left|hand_right)_keypoints')
BODIES = (("pose_keypoints_2d", 2), ("pose_keypoints", 2), ("pose_keypoints_3d", 3))
HANDS = (("hand_left_keypoints_2d", 21), ("hand_right_keypoints_2d", 21))
FACE = ("face_keypoints_2d", 70)
UNSURE = 0.05  # a score below which OpenPose itself draws nothing
_FRAME = re.compile(r"(.*?)[_.-]?(\d{1,12})(?:_keypoints)?\.json", re.ASCII)
LAYOUTS = (OPENPOSE_25, OPENPOSE_18, HANDS_42, OPENPOSE_67, OPENPOSE_137)
Block = tuple[str, int]  # a key, and how many joints it has
Person = dict[str, Any]


def find(path: Path) -> list[Path]:
    """List the folders that hold OpenPose's frames; one such file stands for its folder."""
    first: dict[str, str] = {}  # of each folder one file, OpenPose's own name before any other
    for folder, name in walk(path):
        ending = name.endswith(ENDING)
        if ending or (name.lower().endswith(".json") and folder not in first):
            first[folder] = name if ending else first.get(folder, name)
    return [
        Path(folder)
        for folder, name in sorted(first.items())
        if name.endswith(ENDING) or is_openpose(Path(folder, name))
    ]


def is_openpose(file: Path) -> bool:
    """Tell whether a file's first bytes are OpenPose's, whatever its name.

    >>> is_openpose(Path("no such file"))
    False
    """
    start = beginning(file)
    return b'"people"' in start and CONTENT.search(start) is not None


def frame_files(folder: Path) -> list[Path]:
    """List the files of a folder's frames: those of OpenPose's own name, else every JSON file."""
    files = [file for file in folder.iterdir() if not file.name.startswith(".")]
    own = [file for file in files if file.name.endswith(ENDING)]
    return sorted(own or (file for file in files if file.name.lower().endswith(".json")))


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clip of a folder, `[T,M,18|25|42|67|137,2]` in pixels, y downwards."""
    folder = path if path.is_dir() else path.parent
    frames = _frames(folder)
    people = [_people(file) for _, file in frames]
    numbers = [number for number, _ in frames]
    facts = in_its_folder(folder)
    given = None if options.skeleton is None else len(options.skeleton)
    body = None if given in (len(HAND_21), len(HANDS_42)) else _body_key(people)
    if body is None and given == len(HAND_21):
        seen = [_each(people, frames, (hand,), 2) for hand in HANDS]
        # Linked by themselves, so that a left hand is never taken for the right one.
        tracks = [track for hand in seen for track in link(hand)]
        found = [[*left, *right] for left, right in zip(*seen, strict=True)]
        skeleton = for_joints(len(HAND_21), 2, (HAND_21,), options.skeleton)
        yield clip_of(found, numbers, skeleton, facts, options, tracks=tracks, min_score=UNSURE)
        return
    blocks, dimensions = _blocks(body, given)
    found = _each(people, frames, blocks, dimensions)
    first = next((seen[0][0] for seen in found if seen), None)
    if first is None:
        raise SkelfuseError("no person in any frame", remedy="leave the clip out")
    skeleton = for_joints(len(first), dimensions, LAYOUTS, options.skeleton)
    clip = clip_of(found, numbers, skeleton, facts, options, min_score=UNSURE)
    yield clip.noted(*_left_out(people, blocks))


def _blocks(body: tuple[str, int] | None, given: int | None) -> tuple[tuple[Block, ...], int]:
    """Return which lists of a person make one body, and its axes."""
    if body is None:
        return HANDS, 2
    key, dimensions = body
    if dimensions == 2 and given in (len(OPENPOSE_67), len(OPENPOSE_137)):
        face = (FACE,) if given == len(OPENPOSE_137) else ()
        return ((key, len(OPENPOSE_25)), *HANDS, *face), 2
    return ((key, 0),), dimensions


def _left_out(people: list[list[Person]], blocks: tuple[Block, ...]) -> tuple[str, ...]:
    used = {key for key, _ in blocks}
    there = {key for seen in people for person in seen for key in person if person[key]}
    gone = ["hands"] * any(key in there - used for key, _ in HANDS)
    gone += ["face"] * (FACE[0] in there - used)
    if not gone:
        return ()
    keep = "--skeleton openpose-137" + (" or openpose-67" if "hands" in gone else "")
    return (f"{' and '.join(gone)} left out ({keep} keeps them)",)


def _frames(folder: Path) -> list[tuple[int, Path]]:
    """Return the files by frame number; where the names have none, in the order of names."""
    files = frame_files(folder)
    if not files:
        raise SkelfuseError(f"no *{ENDING} in the folder", remedy="give the folder that holds them")
    named = [_FRAME.fullmatch(file.name) for file in files]
    stems = sorted({match[1] for match in named if match})
    if None in named or not stems:
        return list(enumerate(files))
    if len(stems) > 1:
        raise SkelfuseError(
            "frames of several clips in one folder",
            found=", ".join(stems[:3]),
            remedy="make a folder for each clip",
        )
    frames = sorted(
        (int(match[2]), file) for match, file in zip(named, files, strict=True) if match
    )
    if len({number for number, _ in frames}) < len(frames):
        raise SkelfuseError(
            "two files of one frame number in the folder",
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


def _body_key(people: list[list[Person]]) -> tuple[str, int] | None:
    """Return the body key that the files use and its axes; None where nobody has a body."""
    for key in BODIES:
        if any(person.get(key[0]) for seen in people for person in seen):
            return key
    return None


def _each(
    people: list[list[Person]],
    frames: list[tuple[int, Path]],
    blocks: tuple[Block, ...],
    dimensions: int,
) -> list[list[Detection]]:
    """Return each frame's people who have any of the blocks, these joined to one body."""
    found: list[list[Detection]] = []
    for (_, file), seen in zip(frames, people, strict=True):
        try:
            bodies = [_joined(person, blocks, dimensions) for person in seen]
        except SkelfuseError as error:
            raise error.at(file) from None
        found.append([body for body in bodies if body is not None])
    return found


def _joined(person: Person, blocks: tuple[Block, ...], dimensions: int) -> Detection | None:
    rows: list[Any] = []
    there = False
    for key, joints in blocks:
        values = get(person, key, list, [])
        there = there or bool(values)
        if joints and values and len(values) != joints * (dimensions + 1):
            raise SkelfuseError(
                f"'{key}' of the wrong length",
                expected=f"{joints} joints x {dimensions + 1}",
                found=f"{len(values)} numbers",
                remedy=FETCH_AGAIN,
            )
        rows += values or [0] * (joints * (dimensions + 1))
    return detection(rows, dimensions, f"'{blocks[0][0]}'") if there else None


FORMAT = Format(
    "openpose",
    "OpenPose JSON, a folder a clip",
    find,
    read,
    needs="names such as ..._keypoints.json, with people in them",
    files_of=frame_files,
    named_by_users=True,
)
