"""The second half of the page: the model's own sum, by joints and by named statistics."""

from __future__ import annotations

from typing import Any

from skelfuse.explain.answer import Explanation
from skelfuse.explain.evidence_text import by_statistic, entries_of
from skelfuse.explain.exact_sum import ExactSum
from skelfuse.telling.words import feature_words, joint_words
from skelfuse.viewing.places import rounded

ENTRIES = 12
DIGITS = 5


def page_sums(view: Explanation, one: ExactSum) -> dict[str, Any]:
    """Return the parts of the sum as plain values; joints are in the skeleton's order."""
    reasons, beyond = one.reasons, one.reasons.by_joint()
    has_together = bool(one.evidence.together.any())
    what = "logit" if one.against is None else "difference of the logits"
    named = {name.partition(", person ")[0] for name in (view.named.names if view.named else ())}
    statistics, scales, cells = by_statistic(one)
    return {
        "rows": [
            ["what each joint did by itself", float(beyond.sum())],
            *([["how the joints went together", reasons.together]] if has_together else []),
            ["the average training clip", reasons.bias],
        ],
        "name": f"the {what}",
        "total": reasons.total,
        "joints": [
            [float(beyond[n]), float(reasons.own[:, n].sum()), float(reasons.usual[n])]
            for n in range(len(one.skeleton))
        ],
        "named": [n for n, name in enumerate(one.skeleton.joints) if name in named],
        "statistics": statistics,
        "scales": scales,
        "cells": rounded(cells, DIGITS),
        "entries": _entries(one),
    }


def _entries(one: ExactSum) -> list[list[Any]]:
    found = []
    for m, n, f, value in entries_of(one, ENTRIES):
        feature = feature_words(one.evidence.features[f], frames=one.evidence.frames)
        person = f", person {m + 1}" if one.evidence.present.sum() > 1 else ""
        found.append([f"{joint_words(one.skeleton.joints[n])}, {feature}{person}", value])
    return found
