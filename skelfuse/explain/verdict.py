"""An explanation in a few sentences, for somebody who wants to know what decided."""

from __future__ import annotations

import math
from typing import NamedTuple

from skelfuse.explain.answer import Explanation, Moment, standing_out
from skelfuse.telling.body_words import body_words, listed
from skelfuse.telling.words import joint_words

MOVES = 0.6  # of the loss by hiding is lost by holding still: it is the movement
STANDS = 0.2  # or less: it is the place
WHEN = 0.6  # of the total lies between two times: they are told
SHORT = 0.5  # if they are at most this share of the clip apart


class Verdict(NamedTuple):
    """What was decided, and why."""

    disagreement: str  # between the file and the model; empty if there is none
    decision: str
    doubts: tuple[str, ...]  # what of the clip is as in no training clip
    reasons: tuple[str, ...]  # by what, how, when


def verdict(one: Explanation) -> list[str]:
    """Return sentences: what was decided, by what, how, when; first, where the file disagrees.

    After the decision comes what may have spoilt it.
    """
    found = verdict_parts(one)
    return [*filter(None, [found.disagreement]), found.decision, *found.doubts, *found.reasons]


def verdict_parts(one: Explanation) -> Verdict:
    """Return the same sentences by what they tell."""
    reasons = tuple(filter(None, [_without(one), _movement(one), _when(one)]))
    doubts = tuple(f"Careful: {doubt}" for doubt in one.doubts)
    return Verdict(_disagreement(one), _decision(one), doubts, reasons)


def percent(probability: float) -> str:
    """Return a probability as one says it.

    >>> percent(0.974), percent(0.9996), percent(0.005)
    ('97 %', 'over 99 %', 'under 1 %')
    """
    if probability <= 0.005:
        return "under 1 %"
    return "over 99 %" if probability >= 0.995 else f"{probability * 100:.0f} %"


def main_time(moments: tuple[Moment, ...]) -> tuple[float, float] | None:
    """Return the shortest stretch of a clip that decides most of it; None if that is most of it.

    Of stretches equally short it is the one with the largest share.

    >>> main_time(tuple(Moment(i, i + 1.0, share, 0.0) for i, share in enumerate([0, 3, 3, 0])))
    (1, 3.0)
    >>> main_time(tuple(Moment(i, i + 1.0, share, 0.0) for i, share in enumerate([-6, 4, 5, 1])))
    (2, 3.0)
    """
    total = sum(one.share for one in moments)
    if len(moments) < 3 or total <= 0:
        return None
    length = moments[-1].ends - moments[0].begins
    found: tuple[float, float] | None = None
    largest = 0.0
    for first in range(len(moments)):
        for last in range(first, len(moments)):
            begins, ends = moments[first].begins, moments[last].ends
            run = moments[first : last + 1]
            share, error = sum(m.share for m in run), math.hypot(*(m.error for m in run))
            if share < WHEN * total or share <= 3 * error:
                continue
            longer = 0.0 if found is None else ends - begins - (found[1] - found[0])
            if found is None or longer < -1e-9 or (longer < 1e-9 and share > largest):
                found, largest = (begins, ends), share
    return found if found and found[1] - found[0] <= SHORT * length + 1e-9 else None


def time_words(one: Explanation, begins: float, ends: float, *, to: str = "to") -> str:
    """Return two times of a clip in words: "0.5 to 1.2 s", or "frames 15 to 36"."""
    if one.fps:
        return f"{begins:.1f} {to} {ends:.1f} s"
    return f"frames {begins:.0f} {to} {ends:.0f}"


def player_words(one: Explanation) -> dict[str, str]:
    """Return what a person would call each of the players; moments by their times."""
    if one.players != "moments":
        return {name: joint_words(name) for name in one.shares}
    times = (time_words(one, moment.begins, moment.ends) for moment in one.moments)
    return dict(zip(one.shares, times, strict=True))


def _disagreement(one: Explanation) -> str:
    if one.label is None or one.label == one.best:
        return ""
    best = float(one.probabilities.max())
    if one.label not in one.classes:
        return f"The file says {one.label}, a class that the run does not know."
    said = percent(one.probability_of(one.label))
    return f"The file says {one.label}, the model {one.best} ({percent(best)}; {one.label} {said})."


def _decision(one: Explanation) -> str:
    name = one.target[:1].upper() + one.target[1:]
    if one.against is not None:
        other = percent(one.probability_of(one.against))
        return f"{name} rather than {one.against}: {percent(one.probability)} to {other}."
    if one.target != one.best and one.label in (None, one.best):
        best = float(one.probabilities.max())
        return f"{name}, {percent(one.probability)}; the model says {one.best}, {percent(best)}."
    return f"{name}, {percent(one.probability)}."


def _without(one: Explanation) -> str:
    named = one.named
    if named is None:
        return _nothing_stands_out(one)
    still = "still " if named.instead == one.target else ""
    other = f" ({named.instead})" if named.instead != one.target else ""
    if one.players == "moments":
        places = [int(name.removeprefix("moment ")) - 1 for name in named.names]
        spans = sorted(_spans(one, places))
        what = listed([time_words(one, *span) for span in spans])
    else:
        what = body_words(named.names)
    what += "," if ", and " in what else ""
    return f"Without {what} it would {still}be {percent(named.hidden)}{other}."


def _spans(one: Explanation, places: list[int]) -> list[tuple[float, float]]:
    """Return the times of some moments, those that follow one another as one."""
    names = list(one.error)
    found: list[tuple[float, float]] = []
    for moment in sorted(one.moments[names.index(f"moment {place + 1}")] for place in places):
        if found and abs(found[-1][1] - moment.begins) < 1e-9:
            found[-1] = found[-1][0], moment.ends
        else:
            found.append((moment.begins, moment.ends))
    return found


def _nothing_stands_out(one: Explanation) -> str:
    if len(one.shares) == 1:
        (only,) = one.shares
        what = "one moment" if one.players == "moments" else body_words([only])
        return f"Nothing but {what} was seen, so all rests on it."
    if one.total <= 0:
        return "Nothing that was seen speaks for it."
    word = one.players[:-1]
    limbs = standing_out(one.limbs, one.limb_error) if one.players == "joints" else []
    if limbs:
        return f"No single joint stands out; of limbs, {body_words(limbs)}."
    return f"No {word} stands out: it rests on many together."


def _movement(one: Explanation) -> str:
    named = one.named
    if named is None or named.frozen is None or one.probability <= 0:
        return ""
    whole = math.log(one.probability)
    lost = whole - math.log(max(named.hidden, 1e-12))
    if lost < math.log(1.25):  # hardly anything is lost by hiding, so there is nothing to split
        return ""
    share = (whole - math.log(max(named.frozen, 1e-12))) / lost
    told = percent(named.frozen)
    if share >= MOVES:
        return f"What counts is the movement: held still, {told}."
    if share <= STANDS:
        return f"What counts is the place, not the movement: held still, still {told}."
    return f"Place and movement both count: held still, {told}."


def _when(one: Explanation) -> str:
    if one.players == "moments":
        return ""
    found = main_time(one.moments)
    return "" if found is None else f"Most between {time_words(one, *found, to='and')}."
