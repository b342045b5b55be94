"""Labels put onto the clips that a reader yields, whatever its format; intervals become clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from skelfuse.clip import Clip
from skelfuse.datasets.labels.cutting import Cut, alike, cut, intervals_of, with_rest
from skelfuse.datasets.labels.matching import Matcher
from skelfuse.datasets.labels.names import COLUMN, FromName, from_name
from skelfuse.datasets.labels.plain import SAID
from skelfuse.datasets.labels.rows import Row
from skelfuse.datasets.labels.sheet import condition
from skelfuse.datasets.labels.table import LabelTable, read_labels
from skelfuse.datasets.reading.facts import in_file
from skelfuse.errors import SkelfuseError

SAME_RATE = 0.01  # of a rate: 29.97 is 30


@dataclass
class Told:
    """What became of one source's labels: counts, and names that nothing was found for."""

    counts: Counter[str] = field(default_factory=Counter)  # of intervals
    used: dict[str, None] = field(default_factory=dict)  # names in the table
    without: list[str] = field(default_factory=list)  # clips that the table does not speak of
    unmatched: dict[str, list[str]] = field(default_factory=dict)  # by what no rule found

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for the report and the store's sources."""
        return {
            **+self.counts,  # those that are not 0
            "named": list(self.used),
            "without": self.without,
            "unmatched": self.unmatched,
        }


@dataclass(frozen=True)
class Labelling:
    """Where labels, subjects, cameras and splits come from, besides the files themselves.

    What a table says goes before what a name says, and that before what the file says. With
    `whole` a recording stays one clip, with its intervals. `rest` is the label of what no interval
    covers; without it that is left out.
    """

    table: LabelTable | None = None
    names: Mapping[str, FromName] = field(default_factory=dict)  # what -> rule
    whole: bool = False
    rest: str | None = None

    @cached_property
    def matcher(self) -> Matcher:
        """Finds the table's name for a clip."""
        return Matcher(self.table.of_files if self.table else ())

    def described(self) -> dict[str, Any]:
        """Return the labelling as plain values, for the store's provenance."""
        table = self.table
        return {
            "table": None if table is None else {"file": table.path.name, "sha256": table.sha256},
            "arguments": None if table is None else repr(table.made_by[1:]),
            "names": {what: [rule.folder, rule.pattern] for what, rule in self.names.items()},
            "whole": self.whole,
            "rest": self.rest,
        }


def labelling_of(
    table: Path | None,
    conditions: Sequence[str] = (),
    rules: Mapping[str, str | None] | None = None,
    *,
    whole: bool = False,
    rest: str | None = None,
) -> Labelling | None:
    """Return the labelling that a user asks for; None where nothing is asked.

    `rules` say for label, subject, camera and split where they come from: `folder`, `name:REGEX`,
    `column:NAME`.
    """
    given = {what: rule for what, rule in (rules or {}).items() if rule is not None}
    columns = {
        what: rule.removeprefix(COLUMN) for what, rule in given.items() if rule.startswith(COLUMN)
    }
    if table is None and (columns or conditions or whole or rest):
        raise SkelfuseError(
            "no table of labels is given",
            expected="one, for columns, --label-rows, --rest-label and --whole",
            remedy="add --labels TABLE",
        )
    if table is None and not given:
        return None
    read = None
    if table is not None:
        read = read_labels(table, tuple(map(condition, conditions)), tuple(columns.items()))
        if (whole or rest) and not read.has_intervals:
            raise SkelfuseError(
                "recordings are kept whole with their intervals, and this table has none"
                if whole
                else "a label for the frames outside all intervals, and this table has none",
                file=table,
                remedy=f"leave out {'--whole' if whole else '--rest-label'}, or give start and end",
            )
    names = {what: from_name(rule, what) for what, rule in given.items() if what not in columns}
    return Labelling(read, names, whole, rest)


def labelled(
    clip: Clip, place: str, labelling: Labelling, told: Told
) -> Iterator[Clip | SkelfuseError]:
    """Yield what a clip becomes: itself with its labels, or a clip for each of its intervals."""
    clip = _by_names(clip, place, labelling, told)
    table = labelling.table
    if table is None:
        yield clip
        return
    try:
        name = labelling.matcher.find(clip.name, place)
        rows: list[Row] = [] if name is None else table.of_files[name]
        if name is None:
            told.without.append(clip.name)
        else:
            told.used[name] = None
        of_clip = [row for row in rows if row.start is None]
        clip = _by_rows(clip, of_clip, table)
    except SkelfuseError as error:
        yield error
        return
    if not table.has_intervals or (of_clip and len(of_clip) == len(rows)):
        yield clip
        return
    if name is None:  # nobody has looked at it: it is no recording in which nothing happens
        return
    of_parts = [row for row in rows if row.start is not None]
    clip = _at_their_rate(clip, of_parts)
    cuts, problems = intervals_of(clip, of_parts, told.counts)
    yield from problems
    if labelling.rest:
        before = len(cuts)
        cuts = with_rest(clip, cuts, labelling.rest)
        told.counts["rest"] += len(cuts) - before
    told.counts["intervals"] += len(cuts)
    if labelling.whole:
        said = {what: value for what, value in alike(cuts).items() if value is not None}
        yield _saying(replace(clip, intervals=tuple(one.interval for one in cuts)), said)
    else:
        yield from _cut(clip, cuts, told)


def _at_their_rate(clip: Clip, rows: Sequence[Row]) -> Clip:
    """Return the clip with the rate that rows say, where it has none; another one is noted."""
    rates = {row.fps for row in rows if row.fps is not None}
    if len(rates) != 1:
        return clip
    (rate,) = rates
    if clip.fps is None:
        return replace(clip, fps=rate).noted("its frame rate is that of the table of labels")
    if abs(rate - clip.fps) > SAME_RATE * clip.fps:
        return clip.noted(f"the table of labels says {rate:g} frames a second, not {clip.fps:g}")
    return clip


def _saying(clip: Clip, said: Mapping[str, Any]) -> Clip:
    """Return the clip with what is said of it; a split is that of the file's own protocol."""
    fields = dict(said)
    if "split" in fields:
        fields["splits"] = in_file(fields.pop("split"))
    return replace(clip, **fields) if fields else clip


def _cut(clip: Clip, cuts: Sequence[Cut], told: Told) -> Iterator[Clip]:
    taken: set[str] = set()
    for one in cuts:
        piece = cut(clip, one)
        if piece is None:
            told.counts["unseen"] += 1
            continue
        name, number = piece.name, 2
        while piece.name in taken:
            piece = replace(piece, name=f"{name}-{number}")
            number += 1
        taken.add(piece.name)
        yield piece


def _by_names(clip: Clip, place: str, labelling: Labelling, told: Told) -> Clip:
    found = {what: rule.of(place) for what, rule in labelling.names.items()}
    for what, value in found.items():
        if value is None:
            told.unmatched.setdefault(what, []).append(clip.name)
    return _saying(clip, found)


def _by_rows(clip: Clip, rows: Sequence[Row], table: LabelTable) -> Clip:
    """Return the clip with what rows of the whole of it say; a label of no row is none."""
    found: dict[str, Any] = {}
    for what in SAID:
        said = {getattr(row, what): row for row in reversed(rows)}
        said.pop(None, None)
        if len(said) > 1:
            first, second, *_ = sorted(said.items(), key=lambda item: item[1].line)
            raise SkelfuseError(
                f"the table has two {what}s for the clip '{clip.name}'",
                file=second[1].table,
                line=second[1].line,
                expected=f"'{first[0]}', as in line {first[1].line}",
                found=f"'{second[0]}'",
                remedy="correct one of them",
            )
        if said:
            found[what] = next(iter(said))
    if "label" in table.says:
        found.setdefault("label", None)
    return _saying(clip, found)
