"""What the page of an explanation shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skelfuse.arrays import Array, Bools
from skelfuse.explain.answer import Explanation
from skelfuse.explain.evidence_text import by_statistic, entries_of
from skelfuse.explain.exact_sum import ExactSum
from skelfuse.explain.glossary import GLOSSARY
from skelfuse.explain.hiding_text import sureness
from skelfuse.explain.limbs import limbs_of
from skelfuse.explain.scene import on_stage
from skelfuse.explain.typical import Typical
from skelfuse.explain.verdict import percent, player_words, time_words, verdict_parts
from skelfuse.skeleton import Skeleton
from skelfuse.telling.body_words import body_words
from skelfuse.telling.words import joint_words
from skelfuse.viewing.places import packed_places, rounded

DIGITS = 10_000  # of places: a metre's ten thousandth still makes speeds smooth
SUM_DIGITS = 5  # of the sums
ENTRIES = 12  # of the sums
CLASSES = 5
TYPICAL = 3  # clips of a class
FRAMES_A_SECOND = 30.0  # of a clip that does not say its rate


def page_data(
    views: Sequence[Explanation],
    sums: Sequence[ExactSum],
    typical: Mapping[str, Sequence[Typical]],
    *,
    opened: int,
    source: str,
    metres: bool,
) -> dict[str, Any]:
    """Return everything that the page needs: `views` are of one class, the first by itself.

    `sums` are the model's own of each view, or none.
    """
    one = views[0]
    parents = enumerate(one.skeleton.parents)
    order = np.argsort(-one.probabilities, kind="stable")[:CLASSES]
    wanted = [one.target, *(view.against for view in views if view.against)]
    return {
        "clip": one.clip,
        "source": source,
        "agreement": _agreement(one),
        "target": one.target,
        "probability": one.probability,
        "classes": [[one.classes[i], float(one.probabilities[i])] for i in order],
        "players": one.players,
        "seconds": one.fps is not None,
        "unit": "m" if metres else "",
        "pace": 1.0 if one.fps else FRAMES_A_SECOND,
        "flat": one.skeleton.dimensions == 2,
        "digits": DIGITS,
        "joints": [joint_words(name) for name in one.skeleton.joints],
        "bones": [[n, parent] for n, parent in parents if n != parent],
        "body": _body(one.clip, one.x, one.mask, one.time, one.skeleton),
        "names": [*player_words(one).values()],
        "cells": []
        if one.players == "moments"
        else [_cells(one, name, limb=one.players == "limbs") for name in one.shares],
        "limbs": [[joint_words(name), _cells(one, name, limb=True)] for name in one.limbs],
        "hidden": [one.hidden[name] for name in one.shares],
        "frozen": [one.frozen[name] for name in one.shares] if one.frozen else None,
        "views": [_view(view) for view in views],
        "opened": opened,
        "sums": [_sums(view, own) for view, own in zip(views, sums, strict=bool(sums))],
        "typical": {
            name: [
                _body(clip.name, clip.x, clip.mask, clip.time, one.skeleton)
                for clip in typical.get(name, ())[:TYPICAL]
            ]
            for name in dict.fromkeys(wanted)
        },
        "glossary": GLOSSARY,
    }


def _agreement(one: Explanation) -> dict[str, Any]:
    if one.label is None:
        return {"agrees": None, "text": "the file does not say which action this is"}
    if one.label == one.best:
        return {"agrees": True, "text": f"the file says the same: {one.label}"}
    return {"agrees": False, "text": verdict_parts(one).disagreement.rstrip(".")}


def _view(one: Explanation) -> dict[str, Any]:
    said, names = verdict_parts(one), list(one.shares)
    named = one.named
    return {
        "against": one.against,
        "rival": None if one.against is None else percent(one.probability_of(one.against)),
        "heading": said.decision.rstrip("."),
        "reasons": [*said.doubts, *said.reasons],
        "total": one.total,
        "sure": sureness(one),
        "shares": rounded([one.shares[name] for name in names], 4),
        "errors": rounded([one.error[name] for name in names], 4),
        "limbs": rounded(one.limbs.values(), 4),
        "limb_errors": rounded([one.limb_error[name] for name in one.limbs], 4),
        "moments": [
            {
                "words": time_words(one, moment.begins, moment.ends),
                "begins": moment.begins,
                "ends": moment.ends,
                "share": round(moment.share, 4),
                "error": round(moment.error, 4),
            }
            for moment in one.moments
        ],
        "named": [names.index(name) for name in named.names] if named else [],
        "together": named
        and {
            "words": _together(one, named.names),
            "hidden": named.hidden,
            "instead": None if named.instead == one.target else named.instead,
            "frozen": named.frozen,
            "only": named.only,
        },
    }


def _together(one: Explanation, names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return "it"
    return f"all {len(names)}" if one.players == "moments" else body_words(names)


def _cells(one: Explanation, name: str, *, limb: bool) -> list[list[int]]:
    """Return the (person, joint) pairs that a joint's or a limb's name stands for."""
    base, _, number = name.partition(", person ")
    person = int(number) - 1 if number else int(one.mask.any(axis=(0, 2)).argmax())
    joints = limbs_of(one.skeleton)[base] if limb else (base,)
    return [[person, one.skeleton.index(joint)] for joint in joints]


def _sums(view: Explanation, one: ExactSum) -> dict[str, Any]:
    """Return the model's own sum: its parts, joints in the skeleton's order, and statistics."""
    reasons, beyond = one.reasons, one.reasons.by_joint()
    named = {name.partition(", person ")[0] for name in (view.named.names if view.named else ())}
    statistics, scales, cells = by_statistic(one)
    return {
        "rows": [[words, value] for words, value in one.parts().items()],
        "name": f"the {one.what}",
        "total": reasons.total,
        "joints": [
            [float(beyond[n]), float(reasons.own[:, n].sum()), float(reasons.usual[n])]
            for n in range(len(one.skeleton))
        ],
        "named": [n for n, name in enumerate(one.skeleton.joints) if name in named],
        "statistics": statistics,
        "scales": scales,
        "cells": rounded(cells, SUM_DIGITS),
        "entries": [[words, value] for words, value in entries_of(one, ENTRIES)],
    }


def _body(name: str, x: Array, mask: Bools, time: Array, skeleton: Skeleton) -> dict[str, Any]:
    """Return a moving body: places, one after the other, and how long a length of one is."""
    at, length = on_stage(x, mask, skeleton)
    return {
        "name": name,
        "persons": x.shape[1],
        "at": packed_places(at, DIGITS),
        "length": length,
        "time": rounded(time, 4),
    }
