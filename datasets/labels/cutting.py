"""Intervals of a recording in its own frames, and the clips that are cut from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from skelfuse.clip import Clip
from skelfuse.clips.most_active import by_activity
from skelfuse.clips.preparation import part, person
from skelfuse.datasets.labels.rows import Row
from skelfuse.datasets.reading.facts import in_file
from skelfuse.errors import SkelfuseError
from skelfuse.intervals import Interval, Origin

NOBODY = -1
SHORTEST_REST = 10  # frames
ROUNDING = 2  # frames by which a last interval may end behind the recording
OF_RECORDING = ("subject", "split", "camera")


@dataclass(frozen=True)
class Cut:
    """An interval, and the row that it comes from."""

    interval: Interval
    row: Row


def intervals_of(
    clip: Clip, rows: Sequence[Row], counts: Counter[str]
) -> tuple[list[Cut], list[SkelfuseError]]:
    """Return the intervals that rows speak of, in order of time, and what is wrong with them.

    Rows count from the beginning of the video, of which a recording may be a later part. Counted
    are those that share more than a frame with one before (`overlapping`), those that are not in
    the recording, or of nobody in it (`outside`), and those that begin before it or go on behind
    its end (`shortened`): its rate may be another than the table's.

    >>> import numpy as np
    >>> from skelfuse.layouts import HAND_21
    >>> clip = Clip(np.zeros((60, 1, 21, 3)), HAND_21, name="a", fps=30)
    >>> rows = [Row("t.csv", 2, "a", "fist", 0.5, 1), Row("t.csv", 3, "a", "point", 0, 0.6)]
    >>> counts = Counter[str]()
    >>> cuts, _ = intervals_of(clip, rows, counts)
    >>> [one.interval.as_list() for one in cuts], counts["overlapping"]
    ([[0, 18, 'point', None], [15, 30, 'fist', None]], 1)
    """
    if clip.fps is None and (timed := [row for row in rows if not row.in_frames]):
        problem = SkelfuseError(
            f"the intervals of '{clip.name}' are in seconds, and it does not say its frame rate",
            file=timed[0].table,
            line=timed[0].line,
            remedy="add --fps",
        )
        return [], [problem]
    cuts: list[Cut] = []
    problems = []
    for row in rows:
        assert row.start is not None
        assert row.end is not None
        rate = 1.0 if row.in_frames else clip.fps or 1.0
        start = round(row.start * rate) - clip.first_frame
        end = max(round(row.end * rate) - clip.first_frame, start + 1)
        who = _whose(row, clip)
        if start >= clip.frames or end <= 0 or who == NOBODY:
            counts["outside"] += 1
            continue
        counts["shortened"] += start < -ROUNDING or end > clip.frames + ROUNDING
        start, end = max(start, 0), min(end, clip.frames)
        try:
            cuts.append(Cut(Interval(start, end, row.label or "", who), row))
        except SkelfuseError as error:
            problems.append(error.with_context(file=row.table, line=row.line))
    cuts.sort(key=lambda one: (one.interval.start, one.interval.end, one.row.line))
    counts["overlapping"] += _overlapping([one.interval for one in cuts])
    return cuts, problems


def _overlapping(intervals: Sequence[Interval]) -> int:
    """Return how many of them, in order of time, share more than a frame with an earlier one.

    An interval of nobody named is of everybody; those of two people share no frames.
    """
    count = 0
    latest: dict[int | None, int] = {}  # where the intervals of each person end, so far
    for one in intervals:
        if one.person is None:
            before = max(latest.values(), default=0)
        else:
            before = max(latest.get(one.person, 0), latest.get(None, 0))
        count += one.start < before - 1
        latest[one.person] = max(latest.get(one.person, 0), one.end)
    return count


def alike(cuts: Sequence[Cut]) -> dict[str, Any]:
    """Return what all rows say alike of whose recording it is; None where they differ."""
    said = {what: {getattr(one.row, what) for one in cuts} for what in OF_RECORDING}
    return {what: values.pop() if len(values) == 1 else None for what, values in said.items()}


def with_rest(clip: Clip, cuts: list[Cut], label: str) -> list[Cut]:
    """Return the intervals, and one with this label for each stretch that none of them covers.

    A stretch of fewer than ten frames is none: it is how exactly people label.

    >>> import numpy as np
    >>> from skelfuse.layouts import HAND_21
    >>> clip = Clip(np.zeros((60, 1, 21, 3)), HAND_21, name="a", fps=30)
    >>> rows = [Row("t.csv", 2, "a", "fist", 0.5, 1), Row("t.csv", 3, "a", "point", 1.2, 1.4)]
    >>> cuts = with_rest(clip, intervals_of(clip, rows, Counter())[0], "nothing")
    >>> [one.interval.as_list()[:3] for one in cuts]
    [[0, 15, 'nothing'], [15, 30, 'fist'], [36, 42, 'point'], [42, 60, 'nothing']]
    """
    if not cuts:
        return cuts
    row = replace(cuts[0].row, label=label, person=None, **alike(cuts))
    begun = 0
    found: list[Cut] = []
    covered = [(one.interval.start, one.interval.end) for one in cuts]
    for start, end in [*covered, (clip.frames, clip.frames)]:
        if start - begun >= SHORTEST_REST:
            found.append(Cut(Interval(begun, start, label, None), row))
        begun = max(begun, end)
    return sorted([*cuts, *found], key=lambda one: (one.interval.start, one.interval.end))


def _whose(row: Row, clip: Clip) -> int | None:
    """Return which of a clip's people a row is of; None of all together, `NOBODY` of none of them.

    A subject who is one of the people that the file names is meant, as BORIS' subjects are.

    >>> import numpy as np
    >>> from skelfuse.layouts import HAND_21
    >>> pair = Clip(np.zeros((9, 2, 21, 3)), HAND_21, name="a", people=("resident", "intruder"))
    >>> rows = [Row("t", 1, "a", subject="intruder"), Row("t", 2, "a", subject="M12"),
    ...         Row("t", 3, "a", person="resident"), Row("t", 4, "a", person=2)]
    >>> [_whose(row, pair) for row in rows]
    [1, None, 0, -1]
    """
    if row.person is None:
        return clip.people.index(row.subject) if row.subject in clip.people else None
    if isinstance(row.person, str):
        return clip.people.index(row.person) if row.person in clip.people else NOBODY
    return row.person if row.person < clip.persons else NOBODY


def cut(clip: Clip, one: Cut) -> Clip | None:
    """Return the clip of an interval; None where nobody is seen in it.

    Its people are in the order of how much they move in it, or the one whom the interval is of.
    """
    start, end, label, who = one.interval.as_list()
    piece = part(clip, start, end)
    if clip.confidence is not None:
        piece = replace(piece, confidence=clip.confidence[start:end])
    if who is not None:
        piece = person(piece, who)
    places = by_activity(piece.coords)
    if not len(places):
        return None
    return replace(
        piece.of(places),
        name=f"{clip.name}@{start}-{end - 1}",
        label=label,
        subject=one.row.subject or clip.subject,
        camera=one.row.camera or clip.camera,
        splits=in_file(one.row.split) or clip.splits,
        origin=Origin(clip.name, clip.frames, start, end, who),
        ranked=True,
    )
