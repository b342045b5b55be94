"""Intervals of a recording in its own frames, and the clips that are cut from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from skelfuse.clip import Clip
from skelfuse.clips.most_active import by_activity
from skelfuse.clips.preparation import part, person
from skelfuse.datasets.labels.rows import Row
from skelfuse.errors import SkelfuseError
from skelfuse.intervals import Interval, Origin

SHORTEST_REST = 10  # frames


@dataclass(frozen=True)
class Cut:
    """An interval, and the row that it comes from."""

    interval: Interval
    row: Row


@dataclass
class Cuts:
    """The intervals of a recording, and what was met on the way to them."""

    found: list[Cut] = field(default_factory=list)
    overlapping: int = 0  # that share more than a frame with one before
    outside: int = 0  # that begin behind the recording's end, or are of nobody in it
    unseen: int = 0
    rest: int = 0  # that no row speaks of

    @property
    def intervals(self) -> int:
        """How many intervals were found."""
        return len(self.found)


def intervals_of(clip: Clip, rows: Sequence[Row]) -> tuple[Cuts, list[SkelfuseError]]:
    """Return the intervals that rows speak of, in order of time, and what is wrong with them.

    >>> import numpy as np
    >>> from skelfuse.layouts import HAND_21
    >>> clip = Clip(np.zeros((60, 1, 21, 3)), HAND_21, name="a", fps=30)
    >>> rows = [Row("t.csv", 2, "a", "fist", 0.5, 1), Row("t.csv", 3, "a", "point", 0, 0.6)]
    >>> cuts, _ = intervals_of(clip, rows)
    >>> [one.interval.as_list() for one in cuts.found], cuts.overlapping
    ([[0, 18, 'point', None], [15, 30, 'fist', None]], 1)
    """
    cuts = Cuts()
    if clip.fps is None and (timed := [row for row in rows if not row.in_frames]):
        problem = SkelfuseError(
            f"the intervals of '{clip.name}' are in seconds, and it does not say its frame rate",
            file=timed[0].table,
            line=timed[0].line,
            remedy="add --fps",
        )
        return cuts, [problem]
    problems = []
    for row in rows:
        assert row.start is not None
        assert row.end is not None
        rate = 1.0 if row.in_frames else clip.fps or 1.0
        start = round(row.start * rate)
        end = min(max(round(row.end * rate), start + 1), clip.frames)
        if start >= clip.frames or (row.person or 0) >= clip.persons:
            cuts.outside += 1
            continue
        try:
            cuts.found.append(Cut(Interval(start, end, row.label or "", row.person), row))
        except SkelfuseError as error:
            problems.append(error.at(row.place))
    cuts.found.sort(key=lambda one: (one.interval.start, one.interval.end, one.row.line))
    latest: dict[int | None, int] = {}
    for one in cuts.found:
        own = one.interval.person
        before = max((end for who, end in latest.items() if own in (who, None) or who is None),
                     default=0)  # fmt: skip
        cuts.overlapping += one.interval.start < before - 1
        latest[own] = max(latest.get(own, 0), one.interval.end)
    return cuts, problems


def with_rest(clip: Clip, cuts: Cuts, label: str) -> Cuts:
    """Return the intervals, and one with this label for each stretch that none of them covers.

    A stretch of fewer than ten frames is none: it is how exactly people label.

    >>> import numpy as np
    >>> from skelfuse.layouts import HAND_21
    >>> clip = Clip(np.zeros((60, 1, 21, 3)), HAND_21, name="a", fps=30)
    >>> rows = [Row("t.csv", 2, "a", "fist", 0.5, 1), Row("t.csv", 3, "a", "point", 1.2, 1.4)]
    >>> cuts = with_rest(clip, intervals_of(clip, rows)[0], "nothing")
    >>> [one.interval.as_list()[:3] for one in cuts.found], cuts.rest
    ([[0, 15, 'nothing'], [15, 30, 'fist'], [36, 42, 'point'], [42, 60, 'nothing']], 2)
    """
    if not cuts.found:
        return cuts
    rows = [one.row for one in cuts.found]
    said: dict[str, Any] = {  # what all rows say alike, of whose recording it is
        what: getattr(rows[0], what) if len({getattr(row, what) for row in rows}) == 1 else None
        for what in ("subject", "split", "camera")
    }
    row = replace(rows[0], label=label, person=None, **said)
    begun = 0
    found: list[Cut] = []
    covered = [(one.interval.start, one.interval.end) for one in cuts.found]
    for start, end in [*covered, (clip.frames, clip.frames)]:
        if start - begun >= SHORTEST_REST:
            found.append(Cut(Interval(begun, start, label, None), row))
        begun = max(begun, end)
    both = sorted([*cuts.found, *found], key=lambda one: (one.interval.start, one.interval.end))
    return replace(cuts, found=both, rest=len(found))


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
        piece,
        coords=piece.coords[:, places],
        confidence=None if piece.confidence is None else piece.confidence[:, places],
        name=f"{clip.name}@{start}-{end - 1}",
        label=label,
        subject=one.row.subject or clip.subject,
        camera=one.row.camera or clip.camera,
        splits={"file": one.row.split} if one.row.split else clip.splits,
        origin=Origin(clip.name, clip.frames, start, end, who),
        ranked=True,
    )
