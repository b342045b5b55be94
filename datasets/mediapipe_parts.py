"""The parts of a MediaPipe frame in a row of numbers: pose, face, left hand, right hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from skelfuse.clip import FloatArray
from skelfuse.datasets.reading.detections import for_joints
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import HAND_21, MEDIAPIPE_33
from skelfuse.layouts.whole_bodies import HANDS_42, MEDIAPIPE_HOLISTIC_75
from skelfuse.skeleton import Skeleton


class Part(NamedTuple):
    """A part of a row: its joints, and the numbers of each, of which a fourth is visibility."""

    name: str
    joints: int
    numbers: int


POSE, POSE_PLACES = Part("pose", 33, 4), Part("pose", 33, 3)
FACE, FACE_IRISES = Part("face", 468, 3), Part("face", 478, 3)
LEFT, RIGHT, HAND = Part("left", 21, 3), Part("right", 21, 3), Part("hand", 21, 3)
HANDS = (LEFT, RIGHT)
ROWS: Mapping[int, tuple[Part, ...]] = MappingProxyType(  # numbers in a row -> its parts
    {
        sum(part.joints * part.numbers for part in parts): parts
        for parts in (
            *((POSE, FACE, *HANDS), (POSE, FACE_IRISES, *HANDS)),
            *((POSE_PLACES, FACE, *HANDS), (POSE_PLACES, FACE_IRISES, *HANDS)),
            *((POSE, FACE), (FACE, *HANDS), (POSE, *HANDS), (POSE_PLACES, *HANDS)),
            *(HANDS, (POSE,), (POSE_PLACES,), (HAND,)),
        )
    }
)
FEW = {  # parts -> the body that they make
    ("pose", "left", "right"): MEDIAPIPE_HOLISTIC_75,
    ("left", "right"): HANDS_42,
    ("pose",): MEDIAPIPE_33,
    ("hand",): HAND_21,
}


def bodies_of_rows(
    rows: npt.NDArray[Any], given: Skeleton | None
) -> tuple[FloatArray, FloatArray, Skeleton, tuple[str, ...]]:
    """Return coordinates `[T,1,N,3]`, visibility `[T,1,N]`, the skeleton and notes of rows `[T,K]`.

    A part that is all zeros, or NaN, was not seen. The face is left out, and so are hands where
    the given skeleton is of the pose alone.

    >>> rows = np.zeros((2, 258)); rows[0, :132] = 0.5; rows[:, 195:] = 0.25
    >>> coords, sure, skeleton, notes = bodies_of_rows(rows, None)
    >>> skeleton.name, (~np.isnan(coords[..., 0])).sum(axis=(1, 2)).tolist(), sure[0, 0, 0].item()
    ('mediapipe-holistic-75', [54, 21], 0.5)
    """
    parts = ROWS[rows.shape[1]]
    names = tuple(part.name for part in parts)
    wanted = _wanted(names, given)
    coords, sure = [], []
    start = 0
    for part in parts:
        end = start + part.joints * part.numbers
        if part.name in wanted:
            with np.errstate(over="ignore", invalid="ignore"):  # told below
                block = rows[:, start:end].astype(np.float32)
            block = block.reshape(-1, part.joints, part.numbers)
            seen = (block[..., :3] != 0).any(axis=(1, 2))  # [T]
            places = np.where(seen[:, None, None], block[..., :3], np.nan)
            places[np.isnan(places).any(axis=-1)] = np.nan
            coords.append(places.astype(np.float32))
            known = ~np.isnan(places[..., 0])
            visible = block[..., 3] if part.numbers == 4 else np.ones_like(block[..., 0])
            sure.append(np.where(known, np.nan_to_num(visible), 0).astype(np.float32))
        start = end
    gone = [name for name in dict.fromkeys(names) if name not in wanted]
    told = ["hands" if name in ("left", "right") else name for name in gone]
    notes = (f"{' and '.join(dict.fromkeys(told))} left out",) if told else ()
    body = FEW[wanted] if given is None else given
    skeleton = replace(body, dimensions=3)
    found, visible = np.concatenate(coords, axis=1), np.concatenate(sure, axis=1)
    if np.isinf(found).any():
        raise SkelfuseError(
            "an infinite or absurdly large number", remedy="write zeros or NaN for what is missing"
        )
    return found[:, None], visible[:, None], skeleton, notes


def _wanted(names: tuple[str, ...], given: Skeleton | None) -> tuple[str, ...]:
    """Return the parts that make the given skeleton, or the most that one body has."""
    possible = [wanted for wanted in FEW if set(wanted) <= set(names)]
    if given is None:
        return possible[0]
    for wanted in possible:
        if len(FEW[wanted]) == len(given):
            return wanted
    for_joints(len(FEW[possible[0]]), 3, (), given)  # says what there is, and what was expected
    return possible[0]
