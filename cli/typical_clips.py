"""Typical clips to be shown beside an explained one: kept by the run, or out of --data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skelfuse.datasets.evaluated_part import evaluated_clips
from skelfuse.explain.answer import Explanation
from skelfuse.explain.page_data import TYPICAL
from skelfuse.explain.typical import (
    Typical,
    by_class,
    kept_exemplars,
    shown_typically,
    typical_clips,
)
from skelfuse.predict import Recogniser
from skelfuse.store import Store


def typical_beside(
    recogniser: Recogniser, views: Sequence[Explanation], given: dict[str, Any]
) -> dict[str, list[Typical]]:
    """Return typical clips of the class explained and of its rivals; none where there are none."""
    run, one = recogniser.run, views[0]
    classes = [one.target, *(view.against for view in views if view.against)]
    if given["data"]:
        store = Store(given["data"])
        recogniser.preparation.matched(store[0])  # a store of another body is told at once
        _, training = evaluated_clips(store, {given["protocol"] or run.config.protocol}, "train")
        found = typical_clips(run, store, training, classes, TYPICAL + 1)
    else:
        kept = kept_exemplars(run)
        if kept is None:
            return {}
        store, found = kept, by_class(kept)
    wanted = {name: own for name, own in found.items() if name in classes}
    return shown_typically(run, store, wanted, but=one.clip)
