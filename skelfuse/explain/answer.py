"""Why a clip was decided as it was: what its joints, limbs and moments are worth to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from skelfuse.arrays import Array, Bools
from skelfuse.explain.players import Kind
from skelfuse.skeleton import Skeleton

AT_MOST = 4  # names that a sentence holds
ABOVE_ERROR = 3.0  # standard errors
ABOVE_EQUAL = 1.5  # times what it would be if all had equal shares
OF_LARGEST = 0.3


class Moment(NamedTuple):
    """A part of a clip, in seconds (in frames, where the clip has no rate), and its share."""

    begins: float
    ends: float
    share: float
    error: float


class Named(NamedTuple):
    """The few that the decision needs most together, and what becomes of it without them.

    They are as many as have shares that stand out, at most four, and each has a share clearly
    above its error. Of two that say the same one may be left out for another of a smaller share.
    """

    names: tuple[str, ...]
    hidden: float  # the target's probability with all of them hidden
    instead: str  # the likeliest class then
    frozen: float | None  # with all of them held still; None of moments
    only: float  # with nothing but them seen


@dataclass(frozen=True, eq=False)
class Explanation:
    """What decided for `target`, or for it rather than `against`, asked by hiding it.

    Shares are Shapley values of the target's log probability: what a joint adds to it, on average
    over the orders in which joints may come into sight. They add up to `total`: the log
    probability as the clip is, less that of nothing seen, which is the class's share in training.
    With `against` everything is the difference between the two classes' log probabilities.

    `hidden` and `frozen` are the target's probability with this one alone hidden, or held at its
    mean place: where holding still does nothing, its place counts and not its movement.
    `pairs` are what two add together beyond what each adds alone, the strongest first; below zero
    one of the two would do. `doubts` say what of the clip is as in no training clip.
    """

    clip: str
    label: str | None  # what the file says
    classes: tuple[str, ...]
    probabilities: Array  # [K], as the clip is
    target: str
    against: str | None
    players: Kind  # of whom `error`, `pairs`, `hidden`, `frozen`, `named` and `order()` speak
    joints: dict[str, float]  # empty unless they are the players
    limbs: dict[str, float]
    limb_error: dict[str, float]
    moments: tuple[Moment, ...]
    total: float
    error: dict[str, float]  # the standard error of each share
    rounds: int  # orders asked; 0: every set of players, so that no share has an error
    pairs: dict[tuple[str, str], float]
    hidden: dict[str, float]
    frozen: dict[str, float]
    named: Named | None  # None: nothing stands out
    by_class: Array  # [P,K], the shares in every class's log probability
    fps: float | None
    skeleton: Skeleton
    x: Array  # [T,M,N,D] as the model saw the clip
    mask: Bools  # [T,M,N]
    time: Array  # [T], in seconds, or in frames
    # The model's own sums, exact: what the logit exceeds that of the average training clip by. None
    # where the model has no such paths.
    own: Mapping[str, float] | None = None  # of each joint by itself
    together: float | None = None  # of the joints together
    statistics: Mapping[tuple[str, str], float] | None = None  # of (joint, statistic and scale)
    doubts: tuple[str, ...] = ()

    @property
    def probability(self) -> float:
        """How likely the target is, as the clip is."""
        return self.probability_of(self.target)

    @property
    def best(self) -> str:
        """The likeliest class."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def shares(self) -> dict[str, float]:
        """The shares of the players; moments are called "moment 1", "moment 2" and so on."""
        if self.players == "moments":
            return dict(zip(self.error, (one.share for one in self.moments), strict=True))
        return self.joints if self.players == "joints" else self.limbs

    def probability_of(self, name: str) -> float:
        """Return how likely a class is, as the clip is."""
        return float(self.probabilities[self.classes.index(name)])

    def order(self) -> list[str]:
        """Return the players' names, the largest share first."""
        shares = self.shares
        return sorted(shares, key=lambda name: -shares[name])

    def __repr__(self) -> str:
        first = ", ".join(
            f"{name} {self.shares[name]:+.2f} ± {self.error[name]:.2f}"
            for name in self.order()[:AT_MOST]
        )
        rest = len(self.shares) - AT_MOST
        more = f", {rest} more" if rest > 0 else ""
        rival = "" if self.against is None else f" rather than {self.against}"
        return (
            f"Explanation({self.clip!r}: {self.target}{rival}, {self.probability:.1%}; "
            f"{first}{more}; total {self.total:+.2f})"
        )


def standing_out(shares: Mapping[str, float], error: Mapping[str, float]) -> list[str]:
    """Return at most four names whose share is clearly above its error, and above most others'.

    >>> standing_out({"hand": 2.0, "foot": 0.2, "hip": 0.1}, dict.fromkeys(["hand", "foot"], 0.1))
    ['hand']
    >>> standing_out({"hand": 1.0, "foot": 1.0, "hip": 1.0}, {})
    []
    """
    if not shares:
        return []
    equal = max(sum(shares.values()), 0.0) / len(shares)
    least = max(ABOVE_EQUAL * equal, OF_LARGEST * max(shares.values()))
    found = [
        name
        for name, share in shares.items()
        if share >= least and clearly_above(share, error.get(name, 0.0))
    ]
    return sorted(found, key=lambda name: -shares[name])[:AT_MOST]


def clearly_above(share: float, error: float) -> bool:
    """Tell whether a share is so far above its standard error that chance does not explain it."""
    return share > 0 and share > ABOVE_ERROR * error


def plain_values(one: Explanation) -> dict[str, Any]:
    """Return an explanation as plain values, ready for JSON."""
    named = one.named
    return {
        "clip": one.clip,
        "label": one.label,
        "doubts": list(one.doubts),
        "class": one.target,
        "against": one.against,
        "probability": one.probability,
        "probabilities": dict(zip(one.classes, one.probabilities.tolist(), strict=True)),
        "players": one.players,
        "total": one.total,
        "rounds": one.rounds,
        "joints": one.joints,
        "limbs": one.limbs,
        "moments": [moment._asdict() for moment in one.moments],
        "time_unit": "s" if one.fps else "frame",
        "error": one.error,
        "limb_error": one.limb_error,
        "pairs": [{"joints": pair, "synergy": value} for pair, value in one.pairs.items()],
        "hidden": one.hidden,
        "frozen": one.frozen,
        "named": None if named is None else named._asdict(),
        "by_class": {
            name: dict(zip(one.classes, row.tolist(), strict=True))
            for name, row in zip(one.shares, one.by_class, strict=True)
        },
        "own": None if one.own is None else dict(one.own),
        "together": one.together,
        "statistics": None
        if one.statistics is None
        else [[*key, value] for key, value in one.statistics.items()],
    }
