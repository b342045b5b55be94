"""A live recording as JSON lines, one a frame, as a camera's program can write them.

    {"joints": [[x,y,z], null, ...], "t": 0.033}            one person; null is a missing joint
    {"persons": [[[x,y,z], ...], null, ...]}                several, each at a place of his own
    {"joint_names": ["head", ...], "fps": 30}               optional, before the first frame

`t` is the time in seconds, in every frame or in none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from skelfuse.clip import FloatArray
from skelfuse.clips.preparation import FARTHEST
from skelfuse.datasets.reading.json_file import as_numbers, check_light, get, get_number
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

NULL = "write null for each joint that is missing"


@dataclass(frozen=True)
class Heading:
    """What is said about all frames that follow."""

    joint_names: list[str] | None
    fps: float | None


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment: `joints` `[M,N,D]`, NaN where missing; M may be 0."""

    joints: FloatArray
    t: float | None


def parse_line(text: str, skeleton: Skeleton) -> Heading | Frame:
    """Read one line.

    >>> arm = Skeleton("arm", joints=("a", "b"), bones=(("b", "a"),), root="a", dimensions=2)
    >>> frame = parse_line('{"joints": [[1, 2], null], "t": 0.5}', arm)
    >>> frame.joints.tolist(), frame.t
    ([[[1.0, 2.0], [nan, nan]]], 0.5)
    >>> parse_line('{"joint": []}', arm)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: neither joints nor persons: expected {"joints": [[x, y], ...]} \
or {"persons": [...]} with 2 joints each, found joint; write one of the two in each line
    """
    check_light(text)
    try:
        line = json.loads(text, parse_constant=_missing)
    except (ValueError, RecursionError) as error:
        problem = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise SkelfuseError(f"not JSON: {problem}", remedy="write one JSON object a line") from None
    t, rate = (get_number(line, key) for key in ("t", "fps"))
    if "joint_names" in line or (rate is not None and not {"joints", "persons"} & set(line)):
        return _heading(line, rate)
    axes = ", ".join("xyz"[: skeleton.dimensions])
    if len({"joints", "persons"} & set(line)) != 1:
        raise SkelfuseError(
            "neither joints nor persons" if "joints" not in line else "both joints and persons",
            expected=f'{{"joints": [[{axes}], ...]}} or {{"persons": [...]}} '
            f"with {len(skeleton)} joints each",
            found=", ".join(line) or "nothing",
            remedy="write one of the two in each line",
        )
    people = [get(line, "joints", list)] if "joints" in line else get(line, "persons", list, [])
    bodies = [_body(person, skeleton, axes) for person in people]
    shape = (0, len(skeleton), skeleton.dimensions)
    return Frame(np.stack(bodies) if bodies else np.empty(shape, np.float32), t)


def _missing(_: str) -> float:
    return float("nan")  # Infinity too: either way the joint is nowhere


def _heading(line: dict[str, Any], rate: float | None) -> Heading:
    names = get(line, "joint_names", list)
    if names is not None and not all(isinstance(name, str) for name in names):
        raise SkelfuseError(
            "'joint_names' are not names",
            expected="text",
            found=names,
            remedy="write each name in quotes",
        )
    if rate is not None and not 0 < rate < float("inf"):
        raise SkelfuseError(
            "'fps' is no rate",
            expected="a positive number",
            found=rate,
            remedy="correct it, or leave it out",
        )
    return Heading(names, rate)


def _body(person: Any, skeleton: Skeleton, axes: str) -> FloatArray:
    nowhere = [None] * skeleton.dimensions
    if person is None:
        person = [nowhere] * len(skeleton)
    if not isinstance(person, list) or len(person) != len(skeleton):
        raise SkelfuseError(
            "a person with the wrong number of joints",
            expected=f"{len(skeleton)} ('{skeleton.name}')",
            found=len(person) if isinstance(person, list) else person,
            remedy=NULL,
        )
    joints = as_numbers([nowhere if joint is None else joint for joint in person], "joints")
    if joints.shape != (len(skeleton), skeleton.dimensions):
        raise SkelfuseError(
            "joints of the wrong shape",
            expected=f"[{axes}] or null each",
            found=person[0],
            remedy="write as many coordinates as the run's skeleton has",
        )
    with np.errstate(over="ignore"):
        coords = joints.astype(np.float32)
    if (np.isinf(coords) & np.isfinite(joints)).any():
        raise SkelfuseError(
            "a coordinate that no recording has", expected=f"at most {FARTHEST:g}", remedy=NULL
        )
    coords[~np.isfinite(coords).all(axis=-1)] = np.nan  # half a position is none
    return coords
