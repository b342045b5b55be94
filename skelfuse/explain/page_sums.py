"""The second half of the page: the model's own sum, by joints and by named statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from skelfuse.explain.answer import Explanation
from skelfuse.explain.evidence_text import entries_of
from skelfuse.explain.exact_sum import ExactSum
from skelfuse.telling.words import feature_words, joint_words, scale_words, statistic_kind

ENTRIES = 12
DIGITS = 5


def page_sums(view: Explanation, one: ExactSum) -> dict[str, Any]:
    """Return the parts of the sum as plain values; joints are in the skeleton's order."""
    reasons, beyond = one.reasons, one.reasons.by_joint()
    has_together = bool(one.evidence.together.any())
    what = "logit" if one.against is None else "difference of the logits"
    named = {name.partition(", person ")[0] for name in (view.named.names if view.named else ())}
    statistics, scales, cells = _by_joint(one)
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
        "cells": cells,
        "entries": _entries(one),
    }


def _by_joint(one: ExactSum) -> tuple[list[str], list[str], list[Any]]:
    """Return the names of statistics and scales, and what each gives: `[N,statistics,scales]`.

    None where a statistic has no such scale.
    """
    features, frames = one.evidence.features, one.evidence.frames
    kinds = [statistic_kind(feature) for feature in features]
    widths = [scale_words(feature, frames=frames) for feature in features]
    statistics, scales = list(dict.fromkeys(kinds)), list(dict.fromkeys(widths))
    worth = one.reasons.own.sum(0)  # [N,F]
    table = np.zeros((len(worth), len(statistics), len(scales)))
    there = np.zeros(table.shape[1:], bool)
    for f, (kind, width) in enumerate(zip(kinds, widths, strict=True)):
        cell = statistics.index(kind), scales.index(width)
        table[:, cell[0], cell[1]] += worth[:, f]
        there[cell] = True
    cells = [
        [
            [
                round(float(v), DIGITS) + 0.0 if known else None
                for v, known in zip(values, kept, strict=True)
            ]
            for values, kept in zip(rows, there, strict=True)
        ]
        for rows in table
    ]
    return statistics, scales, cells


def _entries(one: ExactSum) -> list[list[Any]]:
    found = []
    for m, n, f, value in entries_of(one, ENTRIES):
        feature = feature_words(one.evidence.features[f], frames=one.evidence.frames)
        person = f", person {m + 1}" if one.evidence.present.sum() > 1 else ""
        found.append([f"{joint_words(one.skeleton.joints[n])}, {feature}{person}", value])
    return found
