"""An explanation by hiding as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from skelfuse.explain.answer import Explanation
from skelfuse.explain.verdict import percent, player_words, time_words, verdict
from skelfuse.telling.tables import aligned, fixed
from skelfuse.telling.words import joint_words

BAR = 12  # characters for the largest share
PAIRS = 3
NOTABLE = 0.1  # of the total: weaker synergies are not told


def hiding_text(one: Explanation, *, top: int = 8) -> str:
    """Return the sentences, and the shares of joints, limbs and moments with how sure they are."""
    parts = ["\n".join(verdict(one)), _players(one, top)]
    if one.players == "joints":
        limbs = sorted(one.limbs.items(), key=lambda limb: -limb[1])
        rows = ((joint_words(name), share, one.limb_error[name]) for name, share in limbs)
        parts.append(_shares("Limbs", rows))
    if one.players != "moments":
        moments = ((time_words(one, m.begins, m.ends), m.share, m.error) for m in one.moments)
        parts += [_shares("Moments", moments), _pairs(one)]
    return "\n\n".join(filter(None, parts))


def sureness(one: Explanation) -> str:
    """Say of what the shares are a mean."""
    if not one.rounds:
        return "every set of them was asked, so the shares are exact"
    return f"mean of {one.rounds} random orders ± standard error"


def _players(one: Explanation, top: int) -> str:
    order, words = one.order(), player_words(one)
    shown = order if len(order) <= top + 1 else order[:top]
    largest = max(map(abs, one.shares.values())) or 1.0
    titles = [one.players.capitalize(), "share", "", "", "without it"]
    if one.frozen:
        titles.append("held still")
    rows = []
    for name in shown:
        share = one.shares[name]
        row = [f"  {words[name]}", fixed(share, 2, sign=True), _error(one.error[name])]
        row += [_bar(share, largest), percent(one.hidden[name])]
        rows.append([*row, percent(one.frozen[name])] if one.frozen else row)
    if len(order) > len(shown):
        rest = sum(one.shares[name] for name in order[len(shown) :])
        more = f"  {len(order) - len(shown)} more"
        rows.append([more, fixed(rest, 2, sign=True), *[""] * (len(titles) - 2)])
    what = "log probability" if one.against is None else "difference of the log probabilities"
    note = f"shares of the {what}; {sureness(one)}"
    return aligned(titles, rows, words={0, 2, 3}) + f"\n  ({note})"


def _shares(title: str, shares: Iterable[tuple[str, float, float]]) -> str:
    """Return the table of names with their shares and errors."""
    found = list(shares)
    largest = max((abs(share) for _, share, _ in found), default=0.0) or 1.0
    rows = [
        [f"  {name}", fixed(share, 2, sign=True), _error(error), _bar(share, largest)]
        for name, share, error in found
    ]
    return aligned([title, "share", "", ""], rows, words={0, 2, 3})


def _pairs(one: Explanation) -> str:
    words = player_words(one)
    rows = [
        [
            f"  {words[first]} + {words[second]}",
            fixed(value, 2, sign=True),
            "only together" if value > 0 else "one would do",
        ]
        for (first, second), value in list(one.pairs.items())[:PAIRS]
        if abs(value) >= NOTABLE * abs(one.total)
    ]
    return aligned(["Pairs", "synergy", ""], rows, words={0, 2}) if rows else ""


def _error(error: float) -> str:
    return f"± {error:.2f}" if error else ""


def _bar(share: float, largest: float) -> str:
    return ("█" if share >= 0 else "░") * round(BAR * abs(share) / largest)
