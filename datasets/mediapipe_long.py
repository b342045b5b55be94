"""Tables with a row for each landmark of each frame: which columns say what, and the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skelfuse.clip import FloatArray
from skelfuse.datasets.mediapipe_columns import NUMBERED
from skelfuse.datasets.mediapipe_points import HAND_NAMES, NAMES, plain
from skelfuse.datasets.reading.number_rows import Table
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import MEDIAPIPE_33
from skelfuse.layouts.whole_bodies import MEDIAPIPE_HOLISTIC_75
from skelfuse.skeleton import Skeleton

LANDMARK = ("landmark", "landmark_id", "landmark_index", "landmark_name", "landmark_idx")
TYPE = ("type", "part")
SURE = ("visibility", "vis", "v", "confidence")
FIRST = {"pose": 0, "left_hand": 33, "right_hand": 54}  # in the body of 75
Key = tuple[object, ...]  # what is equal in the rows of one frame


@dataclass(frozen=True)
class Long:
    """The columns of a long table."""

    landmark: int
    axes: tuple[int, int, int, int]  # x, y, z, visibility; -1: none
    part: int = -1


def long_columns(names: Sequence[str]) -> Long | None:
    """Return what a table's columns are; None where it has no column of landmarks.

    >>> long_columns(["frame_id", "landmark", "x", "y", "z"]).axes
    (2, 3, 4, -1)
    """
    plain_names = [name.strip().lower() for name in names]

    def first(*wanted: str) -> int:
        return next((plain_names.index(name) for name in wanted if name in plain_names), -1)

    landmark, x, y = first(*LANDMARK), first("x"), first("y")
    if min(landmark, x, y) < 0:
        return None
    return Long(landmark, (x, y, first("z"), first(*SURE)), first(*TYPE))


def frames_of_long(
    table: Table, columns: Long, keys: list[Key]
) -> tuple[FloatArray, Skeleton, list[int]]:
    """Return each frame's landmarks `[R,N,4]`, their body, and a table's row for each frame."""
    joints, skeleton = _joints(table, columns)
    row_of: dict[Key, int] = {}
    rows = [row_of.setdefault(key, len(row_of)) for key in keys]
    values = table.numbers(columns.axes)
    at, joint = np.array(rows), np.array(joints)
    kept = joint >= 0
    if len(np.unique(at[kept] * len(skeleton) + joint[kept])) < kept.sum():
        raise SkelfuseError(
            "a landmark twice in one frame",
            expected="one row for each landmark of a frame",
            found=f"{int(kept.sum())} rows of {len(row_of)} frames",
            remedy="give every person a table, or a column 'video' that tells recordings apart",
        )
    whole = np.full((len(row_of), len(skeleton), 4), np.nan)
    whole[at[kept], joint[kept]] = values[kept]
    first = {row: line for line, row in reversed(list(enumerate(rows)))}
    return whole, skeleton, [first[row] for row in range(len(row_of))]


def _joints(table: Table, columns: Long) -> tuple[list[int], Skeleton]:
    """Return the place of each row's landmark in the body, -1 where it has none."""
    words = table.texts(columns.landmark)
    if columns.part >= 0:
        parts = [part.lower().replace(" ", "_") for part in table.texts(columns.part)]
        joints = [
            -1 if part not in FIRST else FIRST[part] + _in_part(word, part)
            for word, part in zip(words, parts, strict=True)
        ]
        return joints, MEDIAPIPE_HOLISTIC_75
    known = {word: _number(word) for word in set(words)}
    if None not in known.values():
        numbers = {word: number for word, number in known.items() if number is not None}
        base = min(numbers.values())
        size = max(numbers.values()) - base + 1
        if base not in (0, 1) or size not in NUMBERED:
            raise SkelfuseError(
                "landmarks of no part of MediaPipe's",
                expected=" or ".join(f"0 to {joints - 1}" for joints in NUMBERED),
                found=f"{base} to {base + size - 1}",
                remedy="write the numbers of the pose's or the hands' landmarks",
            )
        skeleton, places = NUMBERED[size]
        place = {number: i for i, number in enumerate(places)}
        return [place.get(numbers[word] - base, -1) for word in words], skeleton
    named = {word: NAMES.get(plain(word), -1) for word in set(words)}
    if sum(place >= 0 for place in named.values()) < len(named) / 2:
        raise SkelfuseError(
            "landmarks of other names than MediaPipe's",
            expected="NOSE, LEFT_EYE_INNER, ..., or 0 to 32",
            found=", ".join(sorted(named)[:5]),
            remedy="rename them, or leave the file out",
        )
    return [named[word] for word in words], MEDIAPIPE_33


def _number(word: str) -> int | None:
    digits = word.removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else None


def _in_part(word: str, part: str) -> int:
    """Return where in its part a landmark stands; an impossible one is before all of it."""
    number = _number(word)
    if number is None:
        number = (NAMES if part == "pose" else HAND_NAMES).get(plain(word), -1)
    size = 33 if part == "pose" else 21
    if not 0 <= number < size:
        raise SkelfuseError(
            f"a landmark that a {part.replace('_', ' ')} has not",
            expected=f"0 to {size - 1}, or its name",
            found=word[:40],
            remedy="correct it, or leave the row out",
        )
    return number
