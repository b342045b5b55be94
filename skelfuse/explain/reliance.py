"""What a run relies on, class by class: the shares of limbs and moments over many clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from skelfuse.arrays import Array
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.explain.answer import Explanation
from skelfuse.explain.limbs import limbs_of
from skelfuse.explain.players import MOMENTS
from skelfuse.skeleton import Skeleton

Explain = Callable[[Clip], Explanation]

RELIED_ON = 1.0  # times the equal share of all limbs, at least, to be odd
HARDLY_MOVES = 0.5  # times the equal share of all movement, at most, to be odd
SURE = 2.0  # standard errors over people


@dataclass(frozen=True, eq=False)
class ClassReliance:
    """What one class rests on: parts of a whole, the mean over people of their counted clips."""

    name: str
    clips: int  # with this label
    correct: int  # of them
    counted: int  # of these, in which the class is likelier than before anything is seen
    people: int  # clips, where a store does not say who it is
    limbs: Array  # [L], adding up to 1
    spread: Array  # [L], the standard deviation over people; NaN of one
    moved: Array  # [L], each limb's part of all movement
    moments: Array  # [S], adding up to 1, from the clip's beginning to its end

    @property
    def error(self) -> Array:
        """The standard error of `limbs`, `[L]`."""
        return np.asarray(self.spread / np.sqrt(max(self.people, 1)))

    def odd(self) -> list[int]:
        """Return the limbs that count more than most although they hardly move."""
        equal = 1 / len(self.limbs)
        surely = np.nan_to_num(self.limbs - SURE * self.error, nan=0.0) > RELIED_ON * equal
        still = self.moved < HARDLY_MOVES * equal
        return [int(i) for i in np.flatnonzero(surely & still)]


@dataclass(frozen=True, eq=False)
class Reliance:
    """What a run relies on, over the classes that it recognised in some clips."""

    run: str
    store: str
    limbs: tuple[str, ...]  # L
    classes: tuple[ClassReliance, ...]
    missed: tuple[str, ...]  # classes of which no clip was recognised
    uncounted: tuple[str, ...] = ()  # classes of which some were, and none counts

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        named = [
            {
                "class": one.name,
                "clips": one.clips,
                "correct": one.correct,
                "counted": one.counted,
                "people": one.people,
                "limbs": dict(zip(self.limbs, one.limbs.tolist(), strict=True)),
                "spread": dict(zip(self.limbs, map(_plain, one.spread.tolist()), strict=True)),
                "moved": dict(zip(self.limbs, one.moved.tolist(), strict=True)),
                "moments": one.moments.tolist(),
                "odd": [self.limbs[i] for i in one.odd()],
            }
            for one in self.classes
        ]
        return {
            "run": self.run,
            "store": self.store,
            "limbs": list(self.limbs),
            "classes": named,
            "missed": list(self.missed),
            "uncounted": list(self.uncounted),
        }


def reliance_of(
    explain: Explain,
    clips: Sequence[Clip],
    skeleton: Skeleton,
    *,
    run: str,
    store: str,
    progress: Callable[[int], None] = lambda _: None,
) -> Reliance:
    """Explain clips one by one, and take the correct ones of each class together.

    `explain` gives the shares of limbs and moments. A clip whose shares add up to nothing above
    zero (its class was at least as likely unseen) says nothing of what decided: it is
    correct, but not counted.
    """
    limbs = tuple(limbs_of(skeleton))
    rows: dict[str, list[_Row]] = {}
    count: dict[str, int] = {}
    correct: dict[str, int] = {}
    for number, clip in enumerate(clips):
        progress(number)
        if clip.label is None:
            continue
        count[clip.label] = count.get(clip.label, 0) + 1
        try:
            found = explain(clip)
        except SkelfuseError:  # it shows nobody
            continue
        if found.target != clip.label:
            continue
        correct[clip.label] = correct.get(clip.label, 0) + 1
        if found.total > 0:
            who = clip.subject or f"clip {number}"
            shares = _by_limb(found.limbs, limbs) / found.total
            moments = _by_moment(found) / found.total
            row = _Row(who, shares, movement_of(found, limbs), moments)
            rows.setdefault(clip.label, []).append(row)
    if not count:
        raise SkelfuseError(
            "there is no labelled clip to explain",
            file=store,
            remedy="use another --part or --protocol; skelfuse info lists those that fit",
        )
    return Reliance(
        run,
        store,
        limbs,
        tuple(_together(name, count[name], correct[name], rows[name]) for name in sorted(rows)),
        tuple(sorted(set(count) - set(correct))),
        tuple(sorted(set(correct) - set(rows))),
    )


def movement_of(one: Explanation, limbs: tuple[str, ...]) -> Array:
    """Return each limb's part of all movement, `[L]`: the mean path of its joints."""
    both = one.mask[1:] & one.mask[:-1]  # [T-1,M,N]
    path = np.where(both, np.linalg.norm(np.diff(one.x, axis=0), axis=-1), 0).sum(axis=(0, 1))
    joints = limbs_of(one.skeleton)
    moved = np.array([path[[one.skeleton.index(j) for j in joints[name]]].mean() for name in limbs])
    return np.asarray(moved / (moved.sum() or 1.0))


class _Row(NamedTuple):
    """One clip."""

    who: str
    limbs: Array  # [L]
    moved: Array  # [L]
    moments: Array  # [S]


def _together(name: str, clips: int, correct: int, rows: list[_Row]) -> ClassReliance:
    people = sorted({row.who for row in rows})
    each = [[row for row in rows if row.who == who] for who in people]
    limbs = np.stack([np.mean([row.limbs for row in own], axis=0) for own in each])
    moved = np.stack([np.mean([row.moved for row in own], axis=0) for own in each])
    moments = np.stack([np.mean([row.moments for row in own], axis=0) for own in each])
    spread = limbs.std(axis=0, ddof=1) if len(people) > 1 else np.full(limbs.shape[1], np.nan)
    return ClassReliance(
        name,
        clips,
        correct,
        len(rows),
        len(people),
        limbs.mean(axis=0),
        spread,
        moved.mean(axis=0),
        moments.mean(axis=0),
    )


def _by_limb(shares: dict[str, float], limbs: tuple[str, ...]) -> Array:
    """Return the shares of limbs, those of several people added up."""
    found = np.zeros(len(limbs))
    for name, share in shares.items():
        found[limbs.index(name.partition(", person ")[0])] += share
    return found


def _by_moment(one: Explanation) -> Array:
    """Return the shares of the clip's parts, from first to last; a short clip has fewer."""
    found, length = np.zeros(MOMENTS), one.moments[-1].ends - one.moments[0].begins
    for moment in one.moments:
        middle = (moment.begins + moment.ends) / 2 - one.moments[0].begins
        found[min(int(middle / (length or 1.0) * MOMENTS), MOMENTS - 1)] += moment.share
    return found


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value
