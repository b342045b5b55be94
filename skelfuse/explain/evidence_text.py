"""An explanation in words for people, and in plain values for programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from skelfuse.arrays import Array
from skelfuse.explain.evidence_curves import curves_of, strongest_joints
from skelfuse.explain.exact_sum import ExactSum
from skelfuse.telling.body_words import listed
from skelfuse.telling.tables import aligned, fixed
from skelfuse.telling.words import feature_words, joint_words, scale_words, statistic_kind

BAR = 16  # characters for the greatest joint
CLASSES_SHOWN = 5
SPEAKS = 0.3  # of the strongest joint's evidence, to be named in a sentence


def sum_text(one: ExactSum, *, top: int = 8) -> str:
    """Return what a terminal shows: the decision, the sum, joints, statistics, single entries."""
    entries = (f"  {fixed(v, 2, sign=True)}  {words}" for words, v in entries_of(one, top))
    return "\n\n".join(
        [
            _decision(one),
            _sum(one),
            _joints(one, top),
            _table(one),
            "\n".join(["Strongest single entries", *entries]),
        ]
    )


def sentence(one: ExactSum) -> str:
    """Say in one or two sentences which joints decide, and when."""
    worth = one.reasons.by_joint()
    greatest = np.abs(worth).max()
    if not greatest:
        return "No joint differs from the average training clip."
    joints = [n for n in strongest_joints(one, 4) if abs(worth[n]) >= SPEAKS * greatest]
    said = []
    for sign, does in ((1, "for"), (-1, "against")):
        named = [n for n in joints if sign * worth[n] > 0]
        if not named:
            continue
        names = listed([joint_words(one.skeleton.joints[n]) for n in named])
        keys = curves_of(one, named[0]).key
        times = [one.moment(time) for time in sorted(one.time_of_step()[list(keys)])]
        when = f", most around {' and '.join(dict.fromkeys(times))}" if times else ""
        verb = "speak" if len(named) > 1 else "speaks"
        said.append(f"The {names} {verb} {does} {one.title}{when}.")
    return " ".join(said)


def by_statistic(one: ExactSum) -> tuple[list[str], list[str], Array]:
    """Return the names of statistics and of scales, and the evidence `[N,statistics,scales]`.

    Summed over persons, directions and windows; NaN where a statistic has no such scale.
    """
    kinds = [statistic_kind(feature) for feature in one.evidence.features]
    widths = [scale_words(feature, frames=one.evidence.frames) for feature in one.evidence.features]
    statistics, scales = list(dict.fromkeys(kinds)), list(dict.fromkeys(widths))
    worth = one.reasons.own.sum(0)  # [N,F]
    table = np.full((len(worth), len(statistics), len(scales)), np.nan)
    for kind, width, value in zip(kinds, widths, worth.T, strict=True):
        row, column = statistics.index(kind), scales.index(width)
        table[:, row, column] = np.nan_to_num(table[:, row, column]) + value
    return statistics, scales, table


def entries_of(one: ExactSum, top: int) -> list[tuple[str, float]]:
    """Return the strongest statistics of single joints, in words, and their evidence."""
    own = one.reasons.own
    found = []
    for place in np.argsort(-np.abs(own), axis=None, kind="stable")[:top]:
        m, n, f = np.unravel_index(place, own.shape)
        joint = joint_words(one.skeleton.joints[n])
        feature = feature_words(one.evidence.features[f], frames=one.evidence.frames)
        person = f", person {m + 1}" if one.evidence.present.sum() > 1 else ""
        found.append((f"{joint}, {feature}{person}", float(own[m, n, f])))
    return found


def sum_dict(one: ExactSum) -> dict[str, Any]:
    """Return everything as plain values, ready for JSON: the evidence tensor as well."""
    reasons, evidence = one.reasons, one.evidence
    beyond = reasons.by_joint()
    return {
        "clip": one.clip,
        "label": one.label,
        "run": one.run,
        "class": one.classes[one.number],
        "against": None if one.against is None else one.classes[one.against],
        "probabilities": dict(zip(one.classes, one.probabilities.tolist(), strict=True)),
        "words": sentence(one),
        "logit": reasons.logit,
        "sum": {
            "joints": float(beyond.sum()),
            "together": reasons.together,
            "average_training_clip": reasons.bias,
        },
        "persons_present": evidence.present.tolist(),
        "joints": [
            {
                "joint": name,
                "beyond_average": float(beyond[n]),
                "statistics": float(reasons.own[:, n].sum()),
                "usual": float(reasons.usual[n]),
            }
            for n, name in enumerate(one.skeleton.joints)
        ],
        "features": [
            {"words": feature_words(feature, frames=evidence.frames), **feature._asdict()}
            for feature in evidence.features
        ],
        "axes": {
            "evidence": ["person", "joint", "feature"],
            "over_time": ["person", "step", "joint"],
        },
        "evidence": reasons.own.tolist(),
        "over_time": reasons.timed.tolist(),
        "time": {"unit": "s" if one.fps else "frame", "steps": one.time_of_step().tolist()},
    }


def _decision(one: ExactSum) -> str:
    order = np.argsort(-one.probabilities, kind="stable")[:CLASSES_SHOWN]
    rows = [[f"  {one.classes[i]}", f"{one.probabilities[i]:.1%}"] for i in order]
    said = f", which the file calls {one.label}" if one.label else ""
    return aligned([f"{one.clip}{said}", ""], rows)


def _sum(one: ExactSum) -> str:
    parts = one.parts() | {f"the {one.what}": one.reasons.total}
    numbers = [fixed(value, sign=True) for value in parts.values()]
    width = max(map(len, numbers))
    rule = f"  {'─' * width}"
    lines = [f"  {n.rjust(width)}  {words}" for n, words in zip(numbers, parts, strict=True)]
    return "\n".join([f"Why {one.title}", sentence(one), "", *lines[:-1], rule, lines[-1]])


def _joints(one: ExactSum, top: int) -> str:
    worth = one.reasons.by_joint()
    greatest = np.abs(worth).max() or 1.0
    rows = []
    strongest = strongest_joints(one, top)
    for n in strongest:
        blocks = round(BAR * abs(worth[n]) / greatest)
        person = f"person {one.person_of(n) + 1}" if one.evidence.present.sum() > 1 else ""
        bar = ("█" if worth[n] >= 0 else "░") * blocks
        name = joint_words(one.skeleton.joints[n])
        rows.append([f"  {name}", fixed(float(worth[n]), 2, sign=True), bar, person])
    if len(worth) > top:
        left = float(worth.sum() - worth[strongest].sum())
        rows.append([f"  {len(worth) - top} more", fixed(left, 2, sign=True), "", ""])
    what = "whose logit is" if one.against is None else "where the difference is"
    average = f"({what} {fixed(one.reasons.bias, 2, sign=True)})"
    head = f"Joints: evidence beyond the average training clip {average}; █ for, ░ against"
    return f"{head}\n" + aligned(["", "", "", ""], rows, words={0, 2, 3}).lstrip("\n")


def _table(one: ExactSum) -> str:
    statistics, scales, by_joint = by_statistic(one)
    table = by_joint.sum(0)
    rows = [
        [f"  {name}", *("" if np.isnan(v) else fixed(float(v), 2, sign=True) for v in row)]
        for name, row in zip(statistics, table, strict=True)
    ]
    rows.append(["  sum", *(fixed(float(v), 2, sign=True) for v in np.nansum(table, axis=0))])
    return aligned(["Statistics × scales", *scales], rows)
