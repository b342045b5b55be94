"""From a table's columns, of which each is one number of one joint, to a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.frames import frame_slots
from skelfuse.datasets.reading.named_joints import named_clip
from skelfuse.datasets.reading.tracks import Track, link, most_active
from skelfuse.errors import SkelfuseError

AXES = ("x", "y", "z")
SCORE = "score"
TWICE = "keep one row a frame and animal, or one column a number"
Numbers = npt.NDArray[np.float64]


class Column(NamedTuple):
    """What a column holds: which number (x, y, z or score) of which joint of whom."""

    person: str
    joint: str
    what: str


class People(NamedTuple):
    """The people of a table, side by side."""

    coords: FloatArray  # [T,M,N,D]
    scores: FloatArray  # [T,M,N]
    people: list[str]  # their names; none where they were found by places
    notes: list[str]


def clip_of_columns(
    facts: Facts,
    columns: Sequence[Column],
    values: Numbers,
    numbers: Sequence[int],
    options: ReadOptions,
    *,
    rows_of: Sequence[str] | None = None,
    min_score: float = 0.0,
    body: str = "file",
) -> Clip:
    """Return the clip of `values [R,columns]`, whose rows are frames with these numbers.

    `rows_of` names the person of each row, where a frame has a row for each of them; rows of one
    name in one frame are told apart by where they are.

    >>> nose = [Column("", "nose", what) for what in ("x", "y", "score")]
    >>> rows = np.array([[1.0, 2.0, 0.9], [3.0, 4.0, 0.1]])
    >>> clip = clip_of_columns(Facts("a"), nose, rows, [0, 2], ReadOptions(), min_score=0.5)
    >>> clip.coords[:, 0, 0].tolist()
    [[1.0, 2.0], [nan, nan], [nan, nan]]
    """
    people, joints, axes, notes = _whose(columns)
    order = np.argsort(numbers, kind="stable")
    values, numbers = values[order], [numbers[i] for i in order.tolist()]
    places = _picked(columns, values, people, joints, axes)  # [R,M,N,D]
    scores = _picked(columns, values, people, joints, [SCORE])[..., 0]
    slots = frame_slots(list(dict.fromkeys(numbers)))
    slot_of = dict(zip(dict.fromkeys(numbers), slots.at, strict=True))
    at = np.array([slot_of[number] for number in numbers])
    frames = slots.at[-1] + 1
    if rows_of is not None:
        named = [rows_of[i] for i in order.tolist()]
        found = by_rows(places[:, 0], scores[:, 0], at, named, frames, options)
        coords, sure, people = found.coords, found.scores, found.people
        notes += found.notes
    else:
        if len(slot_of) < len(numbers):
            raise SkelfuseError(
                "two rows of one frame",
                expected="frame numbers that differ",
                found=f"{len(numbers)} rows with {len(slot_of)} numbers",
                remedy=TWICE,
            )
        coords = np.full((frames, *places.shape[1:]), np.nan, np.float32)
        sure = np.full(coords.shape[:3], np.nan, np.float32)
        with np.errstate(over="ignore"):
            coords[at], sure[at] = places, scores
    told = any(column.what == SCORE for column in columns)
    clip = named_clip(
        facts,
        coords,
        sure if told else None,
        joints,
        options,
        min_score=min_score,
        body=body,
        people=people,
    )
    return replace(clip, first_frame=slots.first).noted(*slots.notes, *notes)


def _whose(columns: Sequence[Column]) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the people, the first one's joints, the axes, and notes on who has other joints."""
    known = set(columns)
    everybody = list(dict.fromkeys(column.person for column in columns))
    axes = [axis for axis in AXES if any(column.what == axis for column in columns)]
    if len(known) < len(columns) or axes[:2] != ["x", "y"]:
        raise SkelfuseError(
            "columns that are there twice, or not at all",
            expected="x, y (and z) of every joint, once",
            found=f"{len(columns)} columns of {len(known)} names, axes {', '.join(axes) or 'none'}",
            remedy=TWICE,
        )
    joints = list(dict.fromkeys(c.joint for c in columns if c.person == everybody[0]))
    people = [who for who in everybody if any(Column(who, j, "x") in known for j in joints)]
    apart = [who for who in everybody if who not in people]
    notes = [f"marks of no animal left out: {', '.join(apart)}"] if apart else []
    return people, joints, axes, notes


def _picked(
    columns: Sequence[Column],
    values: Numbers,
    people: list[str],
    joints: list[str],
    whats: Sequence[str],
) -> Numbers:
    """Return the numbers `[R,M,N,whats]`; NaN where there is no such column."""
    at: dict[Column, int] = {column: i for i, column in enumerate(columns)}
    nowhere: int = values.shape[1]
    values = np.concatenate([values, np.full((len(values), 1), np.nan)], axis=1)
    index = [
        at.get(Column(who, joint, what), nowhere)
        for who in people
        for joint in joints
        for what in whats
    ]
    return values[:, index].reshape(len(values), len(people), len(joints), len(whats))


def by_rows(
    places: Numbers,
    scores: Numbers,
    at: npt.NDArray[np.intp],
    named: list[str],
    frames: int,
    options: ReadOptions,
) -> People:
    """Return people from rows `[R,N,D]`, each of which is of a frame and of somebody."""
    with np.errstate(over="ignore"):
        places, scores = places.astype(np.float32), scores.astype(np.float32)
    rows = list(zip(at.tolist(), places, scores, strict=True))
    notes: list[str] = []
    if len({*zip(at.tolist(), named, strict=True)}) < len(named):
        seen: list[list[tuple[FloatArray, FloatArray]]] = [[] for _ in range(frames)]
        for t, joints, sure in rows:
            seen[t].append((joints, sure))
        tracks, names = link(seen), []
        notes.append("who is who was found by places")
    else:
        of_name: dict[str, Track] = {}
        for who, (t, joints, sure) in zip(named, rows, strict=True):
            of_name.setdefault(who, {})[t] = joints, sure
        of_name = {who: track for who, track in of_name.items() if _seen(track)}
        tracks, names = list(of_name.values()), list(of_name)
    if not tracks:
        raise SkelfuseError("nobody in any frame", remedy="leave the file out")
    shown = most_active(tracks, frames, options.max_persons)
    people = [names[m] for m in shown.who] if names else []
    return People(shown.coords, shown.confidence, people, [*notes, *shown.notes])


def _seen(track: Track) -> bool:
    return any(not np.isnan(joints).all() for joints, _ in track.values())
