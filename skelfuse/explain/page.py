"""An explanation as one page for any browser: nothing is fetched, everything is in the file."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.explain.evidence_curves import Curves, curves_of, strongest_joints
from skelfuse.explain.evidence_text import by_statistic, entries_of, sentence
from skelfuse.explain.explanation import Explanation
from skelfuse.explain.scene import staged
from skelfuse.files import write_text
from skelfuse.telling.words import feature_words, joint_words

Array = npt.NDArray[np.float64]

CURVES = 3
CLASSES = 8
ENTRIES = 12
WHOLE = "whole course"
FRAMES_A_SECOND = 30.0  # of a clip that does not say its rate

EXACT = (
    "At this moment: each joint's evidence is split exactly over the moments of the clip. A "
    "difference belongs in equal parts to the moments that it spans, a range in halves to its two "
    "ends. Shown as if the whole clip were like this moment; the mean over all moments is the "
    "clip's evidence."
)
CURVE_NOTE = (
    "Speed is that of the joint in space. Change is that of the signal that decides most there, "
    "from step to step: up above the line, down below it. Dashed lines and buttons are the "
    "moments that decide most."
)
JOINT_NOTE = (
    "Evidence is what the joint gives here (statistics of its motion) less what it gives in "
    "the average training clip (usual). All joints, how they went together, and the average "
    "clip's logit, {average:+.3f}, add up to the {what}."
)


def write_page(explanation: Explanation, path: str | Path) -> None:
    """Write the page of an explanation, which works without a network, at `path`."""
    write_text(path, page_of(explanation), what="the page")


def page_of(explanation: Explanation) -> str:
    """Return the page as HTML."""
    data = json.dumps(page_data(explanation), ensure_ascii=False, allow_nan=False)
    parts = {
        "title": html.escape(f"{explanation.clip}: why {explanation.title}"),
        "style": _file("page.css"),
        "data": data.replace("<", "\\u003c"),  # a name must not end the script that it is in
        "script": _file("page_view.js") + _file("page.js"),
    }
    # In one pass: what a name or a script holds is never taken for a place to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _file("page.html"))


def _file(name: str) -> str:
    return files("skelfuse.explain").joinpath(name).read_text(encoding="utf-8")


def page_data(one: Explanation) -> dict[str, Any]:
    """Return all that the page shows, as plain values."""
    joints = [joint_words(name) for name in one.skeleton.joints]
    moment, whole = _moments(one), _whole(one)
    has_together = bool(one.evidence.together.any())
    what = "logit" if one.against is None else "difference of the logits"
    curves = [curves_of(one, n) for n in strongest_joints(one, CURVES)]
    reasons, beyond = one.reasons, one.reasons.by_joint()
    source = [one.clip, f"the file says {one.label}" if one.label else "", f"model: {one.run}"]
    parents = enumerate(one.skeleton.parents)
    return {
        "title": one.title,
        "words": sentence(one),
        "source": " · ".join(filter(None, source)),
        "seconds": one.fps is not None,
        "pace": 1.0 if one.fps else FRAMES_A_SECOND,
        "time": _rounded(one.time, 4),
        "steps": _rounded(one.time_of_step(), 4),
        "flat": one.skeleton.dimensions == 2,
        "at": _positions(staged(one.x, one.mask, one.skeleton)),
        "bones": [[n, parent] for n, parent in parents if n != parent],
        "moment": _rounded(moment, 4),
        "whole": _rounded(whole, 4),
        "limits": {"moment": _limit(moment), "whole": _limit(whole)},
        "joints": [
            {
                "name": name,
                "beyond": float(beyond[n]),
                "fuse": float(reasons.own[:, n].sum()),
                "usual": float(reasons.usual[n]),
            }
            for n, name in enumerate(joints)
        ],
        "curves": [_curve(one, curve, joints) for curve in curves],
        "classes": _classes(one),
        "sum": {
            "rows": [
                ["what each joint did by itself", float(beyond.sum())],
                *([["how the joints went together", reasons.together]] if has_together else []),
                ["the average training clip", reasons.bias],
            ],
            "name": f"the {what}",
            "total": reasons.total,
        },
        "tables": _tables(one),
        "entries": _entries(one, joints),
        "exact": EXACT,
        "curve_note": CURVE_NOTE,
        "joint_note": JOINT_NOTE.format(average=reasons.average, what=what),
    }


def _moments(one: Explanation) -> Array:
    """Return the evidence of each person's joints at each step, `[M,S,N]`."""
    timed = one.reasons.timed
    return np.asarray(timed * timed.shape[1] - _usual(one)[:, None])


def _whole(one: Explanation) -> Array:
    """Return the evidence of each person's joints in the whole clip, `[M,N]`."""
    return np.asarray(one.reasons.timed.sum(1) - _usual(one))


def _usual(one: Explanation) -> Array:
    present = one.evidence.present
    return np.asarray(np.outer(present / max(int(present.sum()), 1), one.reasons.usual))  # [M,N]


def _limit(values: Array) -> float:
    return float(np.quantile(np.abs(values), 0.995)) or 1.0


def _curve(one: Explanation, curve: Curves, joints: list[str]) -> dict[str, Any]:
    several = one.evidence.present.sum() > 1
    return {
        "name": joints[curve.joint] + (f", person {curve.person + 1}" if several else ""),
        "worth": float(one.reasons.by_joint()[curve.joint]),
        "direction": curve.direction,
        "speed": _rounded(curve.speed, 4),
        "change": _rounded(curve.change, 5),
        "evidence": _rounded(curve.evidence, 4),
        "key": list(curve.key),
    }


def _classes(one: Explanation) -> list[dict[str, Any]]:
    order = [int(i) for i in np.argsort(-one.probabilities, kind="stable")]
    shown = order[:CLASSES]
    asked = (i for i in (one.number, one.against) if i is not None and i not in shown)
    roles = {one.number: "for", one.against: "against"}
    return [
        {"name": one.classes[i], "p": float(one.probabilities[i]), "role": roles.get(i, "")}
        for i in (*shown, *asked)
    ]


def _tables(one: Explanation) -> list[dict[str, Any]]:
    """Return a table of the statistics that have scales, and one of those of the whole course."""
    statistics, scales, table = by_statistic(one)
    found = []
    for title, columns in (
        ("statistic", np.array([name != WHOLE for name in scales])),
        ("statistic of the course", np.array([name == WHOLE for name in scales])),
    ):
        rows = [i for i in range(len(table)) if not np.isnan(table[i, columns]).all()]
        names = [name for name, kept in zip(scales, columns, strict=True) if kept]
        if len(names) == 1 and names[0] == WHOLE:
            names = ["evidence"]
        values = [[statistics[i], *_rounded(table[i, columns], 6)] for i in rows]
        found.append({"head": [title, *names], "rows": values})
    return found


def _entries(one: Explanation, joints: list[str]) -> list[dict[str, Any]]:
    found = []
    for m, n, f, value in entries_of(one, ENTRIES):
        feature = feature_words(one.evidence.features[f], frames=one.evidence.frames)
        person = f", person {m + 1}" if one.evidence.present.sum() > 1 else ""
        found.append({"words": f"{joints[n]}, {feature}{person}", "value": value})
    return found


def _positions(at: Array) -> Any:
    """Return positions `[T,M,N,3]` as lists, with None for a joint that was not seen."""
    if at.ndim > 1:
        return [_positions(part) for part in at]
    return None if np.isnan(at).any() else [round(float(v), 4) + 0.0 for v in at]


def _rounded(values: Array | Iterable[float], digits: int) -> Any:
    """Return numbers as nested lists, None for what is not a number."""
    array = np.asarray(values, np.float64)
    if array.ndim > 1:
        return [_rounded(row, digits) for row in array]
    return [None if np.isnan(v) else round(float(v), digits) + 0.0 for v in array]
