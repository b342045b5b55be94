"""SLEAP's own files, .slp: HDF5 with tables of frames, instances and points; a clip a video."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading.columns import by_rows
from skelfuse.datasets.reading.facts import Facts
from skelfuse.datasets.reading.frames import frame_slots
from skelfuse.datasets.reading.hdf5_file import (
    FETCH_AGAIN,
    find_hdf5,
    opened,
    table,
    text_of,
    texts,
)
from skelfuse.datasets.reading.named_joints import named_clip
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Pair

PREDICTED, UNTRACKED, BODY_EDGE = 1, -1, 1
Table = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clip of each video, `[T,M,N,2]` in pixels.

    What people corrected goes before what was predicted. Instances with a track are who the track
    is; without any track they are told apart by where they are.
    """
    with opened(path) as file:
        joints, bones = _body(file)
        frames, instances = table(file, "frames"), table(file, "instances")
        points = {kind: table(file, kind) for kind in ("points", "pred_points") if kind in file}
        rates = _rates(file)
        clips = []
        for video in np.unique(frames["video"]).tolist():
            name = path.stem if len(np.unique(frames["video"])) == 1 else f"{path.stem}/{video}"
            facts = Facts(name, fps=rates.get(video))
            own = frames[frames["video"] == video]
            clips.append(_clip(facts, own, instances, points, joints, bones, options))
    yield from clips


def _body(file: h5py.File) -> tuple[list[str], list[Pair]]:
    """Return the joints and bones of the first skeleton of the file."""
    try:
        said = json.loads(text_of(file["metadata"].attrs["json"]))
        skeleton = said["skeletons"][0]
        names = [str(node["name"]) for node in said["nodes"]]
        joints = [names[node["id"]] for node in skeleton["nodes"]]
        kinds: list[int] = []  # a kind of edge is written out once, and then by its number
        bones = []
        for edge in skeleton["links"]:
            if "py/reduce" in edge["type"]:
                kinds.append(edge["type"]["py/reduce"][1]["py/tuple"][0])
                kind = kinds[-1]
            else:
                kind = kinds[edge["type"]["py/id"] - 1]
            if kind == BODY_EDGE:
                bones.append((names[edge["target"]], names[edge["source"]]))
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SkelfuseError(
            f"its 'metadata' describes no skeleton: {error!r}"[:120], remedy=FETCH_AGAIN
        ) from None
    return joints, bones


def _rates(file: h5py.File) -> dict[int, float]:
    rates = {}
    for video, text in enumerate(texts(file, "videos_json") if "videos_json" in file else []):
        try:
            rate = json.loads(text)["backend"]["fps"]
        except (ValueError, LookupError, TypeError):
            continue
        if isinstance(rate, (int, float)) and 0 < rate < 1e6:
            rates[video] = float(rate)
    return rates


def _clip(
    facts: Facts,
    frames: Table,
    instances: Table,
    points: dict[str, Table],
    joints: list[str],
    bones: list[Pair],
    options: ReadOptions,
) -> Clip:
    numbers = np.unique(frames["frame_idx"]).astype(np.int64)
    slots = frame_slots(numbers.tolist())
    slot_of = dict(zip(numbers.tolist(), slots.at, strict=True))
    begin, end = (frames[f"instance_id_{which}"].astype(np.int64) for which in ("start", "end"))
    if (begin > end).any() or (end > len(instances)).any() or (begin < 0).any():
        raise SkelfuseError("frames with instances that are not there", remedy=FETCH_AGAIN)
    at = np.repeat([slot_of[number] for number in frames["frame_idx"].tolist()], end - begin)
    which = [np.arange(a, b) for a, b in zip(begin.tolist(), end.tolist(), strict=True)]
    found = instances[np.concatenate(which)]
    at, found = _uncorrected(at, found)
    notes = [*slots.notes]
    tracked = found["track"] != UNTRACKED
    if tracked.any() and not tracked.all():
        notes.append(f"{int((~tracked).sum()):,} instances without a track left out")
        at, found = at[tracked], found[tracked]
    if not len(found):
        raise SkelfuseError("no instance in any frame", remedy="leave the video out")
    places, scores = _points(found, points, len(joints))
    named = [str(track) if track != UNTRACKED else "" for track in found["track"].tolist()]
    seen = by_rows(places, scores, at, named, slots.at[-1] + 1, options)
    clip = named_clip(facts, seen.coords, seen.scores, joints, options, bones=bones, body="sleap")
    return replace(clip, first_frame=slots.first).noted(*notes, *seen.notes)


def _uncorrected(at: Indices, found: Table) -> tuple[Indices, Table]:
    """Return instances of the first skeleton, without the predictions that somebody corrected."""
    if not len(found):
        return at, found
    predicted = found["instance_type"] == PREDICTED
    replaced = np.isin(found["instance_id"], found["from_predicted"][~predicted])
    keep = (found["skeleton"] == found["skeleton"].min()) & ~(predicted & replaced)
    at, found, predicted = at[keep], found[keep], predicted[keep]
    last = {}  # of a track's instances in a frame the corrected one counts
    for row in np.argsort(~predicted, kind="stable").tolist():
        track = int(found["track"][row])
        last[int(at[row]), track if track != UNTRACKED else (row,)] = row
    rows = np.sort(np.array([*last.values()]))
    return at[rows], found[rows]


def _points(
    found: Table, points: dict[str, Table], joints: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the places `[R,N,2]` of instances, and scores `[R,N]`, NaN where there are none."""
    begin = found["point_id_start"].astype(np.int64)
    index = begin[:, None] + np.arange(joints)
    predicted = found["instance_type"] == PREDICTED
    places = np.full((len(found), joints, 2), np.nan)
    scores = np.full((len(found), joints), np.nan)
    for kind, rows in (("points", ~predicted), ("pred_points", predicted)):
        if not rows.any():
            continue
        stored = points.get(kind, np.empty(0))
        last = int(index[rows].max())
        if (found["point_id_end"] - found["point_id_start"] != joints).any() or last >= len(stored):
            raise SkelfuseError(
                "instances with points that are not there",
                expected=f"{joints} points each, of {len(stored)}",
                remedy=FETCH_AGAIN,
            )
        chosen = stored[index[rows]]
        places[rows] = np.stack([chosen["x"], chosen["y"]], axis=-1)
        places[rows] = np.where(chosen["visible"][..., None], places[rows], np.nan)
        if "score" in (chosen.dtype.names or ()):
            scores[rows] = chosen["score"]
    return places, scores


FORMAT = Format(
    "sleap",
    "SLEAP's .slp",
    partial(find_hdf5, endings=(".slp",), needed=("frames", "instances", "metadata")),
    read,
    needs="an .slp with instances",
    named_by_users=True,
)
