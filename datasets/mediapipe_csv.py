"""MediaPipe's landmarks as a table: a row a frame, or a row a landmark of a frame.

Wide: `frame, L0_x, L0_y, L0_z, L0_visibility, L1_x, ...`, also `NOSE_x`, `x1, y1, z1, v1`, 33 of
the pose, 21 of a hand, 75 of pose and hands, 543 with the face. Long: `frame, landmark, x, y, z`,
where `landmark` is a name or a number, and `type` the part (pose, left_hand, right_hand). Columns
`label` (class, action), `subject` (person) and `video` (clip, file) are read: of each person in
each video each run of rows with one label is a clip. Times say the frame rate. Without a label the
name of the folder is the label.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.mediapipe_columns import Columns, landmark_columns
from skelfuse.datasets.mediapipe_long import Long, frames_of_long, long_columns
from skelfuse.datasets.reading.coordinates import as_confidence, as_coordinates, blank_zeros
from skelfuse.datasets.reading.detections import for_joints
from skelfuse.datasets.reading.facts import Facts, make_clip, named
from skelfuse.datasets.reading.files import beginning, files_ending, of_kind
from skelfuse.datasets.reading.frames import frame_slots, rate_of
from skelfuse.datasets.reading.number_rows import Table, read_table
from skelfuse.datasets.reading.scores import hide_unsure
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

FRAME = ("frame", "frame_id", "frame_number", "frame_num", "frame_index", "frame_idx", "frameid")
VIDEO = ("video", "video_id", "video_name", "clip", "clip_id", "file", "filename", "sequence_id")
LABEL = ("label", "class", "action", "activity", "gesture", "sign", "exercise")
SUBJECT = ("subject", "subject_id", "person", "participant", "participant_id", "signer", "actor")
TIMES = ("time", "timestamp", "timestamp_ms", "time_ms", "seconds")
HEADER = 1 << 16  # bytes of a first line: 543 landmarks with four columns each
Key = tuple[str, str, str]  # video, label, subject of a row


def find(path: Path) -> list[Path]:
    """List the tables whose first line names MediaPipe's landmarks."""
    return of_kind(files_ending(path, ".csv", ".tsv"), _is_table)


def _is_table(file: Path) -> bool | None:
    start = beginning(file, HEADER)
    if not start:
        return None
    head = start.decode("utf-8-sig", errors="replace").partition("\n")[0].rstrip("\r")
    try:
        names = next(csv.reader([head], delimiter="\t" if "\t" in head else ","), [])
    except csv.Error:
        return False
    return landmark_columns(names) is not None or long_columns(names) is not None


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clips of a table, `[T,1,33|75|42|21,3]`."""
    table = read_table(path, told_by=(*FRAME, *VIDEO, *LABEL, *SUBJECT))
    names = [name.lower() for name in table.names]
    keys, frames = _keys(table, names), _frame_column(table, names)
    wide, long = landmark_columns(table.names), long_columns(table.names)
    if wide is not None:
        values, skeleton, rows = _wide(table, wide), wide.skeleton, list(range(len(table)))
    elif long is not None and frames is not None:
        of_frame = list(zip(keys, frames, strict=True))
        values, skeleton, rows = frames_of_long(table, long, list(of_frame))
    else:
        raise SkelfuseError(
            "no landmarks of MediaPipe in the table",
            expected="columns L0_x, NOSE_x or x1 of all 33, or frame, landmark, x, y, z",
            found=", ".join(table.names[:6]),
            remedy="correct the first line, or leave the file out",
        )
    skeleton = for_joints(len(skeleton), 3, (skeleton,), options.skeleton)
    notes = _notes(table, names, wide, long)
    numbers = None if frames is None else [frames[row] for row in rows]
    times = _times(table, names)
    clips = _clips([keys[row] for row in rows], numbers)
    folder = named(path).parent.name or None

    def clip(which: tuple[str, Key, list[int]]) -> Clip:
        name, (_, label, subject), at = which
        name = name if label or not folder else f"{folder}/{name}"
        rate = None if times is None else rate_of(times[[rows[row] for row in at]])
        facts = Facts(name, label=label or folder, subject=subject or None, fps=rate)
        known = None if numbers is None else [numbers[row] for row in at]
        return _clip(values[at], known, skeleton, facts, options).noted(*notes)

    return map(clip, _named(clips, path.stem))


def _wide(table: Table, columns: Columns) -> FloatArray:
    flat = [column for joint in columns.places for column in joint]
    return table.numbers(flat).reshape(len(table), -1, 4)


def _column(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _keys(table: Table, names: list[str]) -> list[Key]:
    found = [_column(names, wanted) for wanted in (VIDEO, LABEL, SUBJECT)]
    columns = [[""] * len(table) if at is None else table.texts(at) for at in found]
    return list(zip(*columns, strict=True))


def _times(table: Table, names: list[str]) -> FloatArray | None:
    """Return the time of each row; None where the table has none, or writes them as text."""
    at = _column(names, TIMES)
    if at is None:
        return None
    try:
        return table.numbers([at])[:, 0]
    except SkelfuseError:  # a date, or a clock's 12:00:03
        return None


def _frame_column(table: Table, names: list[str]) -> list[int] | None:
    """Return the number of each row's frame; None where the table has none."""
    at = _column(names, FRAME)
    if at is None:
        return None
    numbers = table.numbers([at])[:, 0]
    if not (np.isfinite(numbers) & (np.abs(numbers) < 2**53)).all() or (numbers % 1).any():
        raise SkelfuseError(
            f"column '{table.names[at]}' does not number frames",
            expected="a whole number in each row",
            found=next(x for x in numbers.tolist() if not float(x).is_integer()),
            remedy="correct it, or rename the column",
        )
    return [int(number) for number in numbers]


def _clips(keys: list[Key], numbers: list[int] | None) -> list[tuple[Key, list[int]]]:
    """Return the rows of each clip: in a recording of somebody, each run of rows of one label.

    Without a column that tells recordings apart a new one begins where frame numbers fall; without
    those either, where another person's rows lie in between.

    >>> keys = [("", label, who) for label, who in ("wA", "wB", "wA", "wB", "sA", "wB", "wA")]
    >>> [(label + who, rows) for (_, label, who), rows in _clips(keys, [1, 1, 2, 2, 3, 3, 4])]
    [('wA', [0, 2]), ('sA', [4]), ('wA', [6]), ('wB', [1, 3, 5])]
    """
    recordings: dict[tuple[str, str], list[int]] = {}
    for row, (video, _, subject) in enumerate(keys):
        recordings.setdefault((video, subject), []).append(row)
    clips = []
    for (video, _), rows in recordings.items():
        if video and numbers is not None:
            rows.sort(key=numbers.__getitem__)
        runs = [rows[:1]]
        for before, row in pairwise(rows):
            again = keys[row] != keys[before]
            if not video:
                again |= row > before + 1 if numbers is None else numbers[row] < numbers[before]
            if again:
                runs.append([])
            runs[-1].append(row)
        clips += [(keys[run[0]], run) for run in runs]
    return clips


def _named(clips: list[tuple[Key, list[int]]], stem: str) -> Iterator[tuple[str, Key, list[int]]]:
    """Yield clips with names of their own: the video's, or the file's with a number."""
    videos = [video for (video, _, _), _ in clips]
    for i, (key, rows) in enumerate(clips):
        name = stem if len(clips) == 1 else f"{stem}-{i + 1:05d}"
        yield (key[0] if key[0] and videos.count(key[0]) == 1 else name), key, rows


def _clip(
    values: FloatArray,
    numbers: list[int] | None,
    skeleton: Skeleton,
    facts: Facts,
    options: ReadOptions,
) -> Clip:
    first, notes = 0, tuple[str, ...]()
    if numbers is not None:
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        increasing = [numbers[row] for row in order]
        if len(set(numbers)) < len(numbers):
            raise SkelfuseError(
                f"'{facts.name}': two rows of one frame",
                expected="every frame once",
                found=f"{len(numbers)} rows with {len(set(numbers))} numbers",
                remedy="give every person a table, or a column 'video' that tells recordings apart",
            )
        slots = frame_slots(increasing)
        first, notes = slots.first, slots.notes
        whole = np.full((slots.at[-1] + 1, *values.shape[1:]), np.nan)
        whole[slots.at] = values[order]
        values = whole
    flat = bool(np.isnan(values[..., 2]).all())
    places = values[:, None, :, : 2 if flat else 3]
    coords = as_coordinates(places)
    sure = values[:, None, :, 3]
    told = not np.isnan(sure).all()
    seen = ~np.isnan(coords[..., 0])
    confidence = as_confidence(np.where(seen, sure if told else 1.0, 0), coords.shape[:3])
    blank_zeros(coords, confidence)
    # Visibility says what is hidden, not what was not found: nothing is missing unless asked for.
    coords, unsure = hide_unsure(coords, confidence, options.min_score, -np.inf)
    body = for_joints(len(skeleton), coords.shape[3], (skeleton,), None)
    clip = make_clip(facts, coords, confidence, body, options).noted(*notes, *unsure)
    return replace(clip, first_frame=first)


def _notes(
    table: Table, names: list[str], wide: Columns | None, long: Long | None
) -> tuple[str, ...]:
    used = {at for joint in wide.places for at in joint} if wide is not None else set()
    if wide is None and long is not None:
        used = {long.landmark, long.part, *long.axes}
    known = {*FRAME, *VIDEO, *LABEL, *SUBJECT, *TIMES}
    left = [i for i in range(len(names)) if i not in used and names[i] not in known]
    landmarks = wide is not None and wide.left_out
    if landmarks:
        return (f"{landmarks} landmarks of the face or without a place left out",)
    return (f"columns not used: {', '.join(table.names[i] for i in left[:4])}",) if left else ()


FORMAT = Format(
    "mediapipe-csv",
    "MediaPipe landmarks as .csv, wide or long",
    find,
    read,
    needs="columns L0_x, NOSE_x or x1 of all landmarks, or frame, landmark, x, y, z",
    named_by_users=True,
)
