"""`skelfuse explain --html`: the page, with typical clips where there are any to be had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skelfuse.datasets.evaluated_part import evaluated_clips
from skelfuse.explain.answer import Explanation
from skelfuse.explain.explanation import Explanation as Sums
from skelfuse.explain.page import write_page
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


def write_explained(
    recogniser: Recogniser,
    views: Sequence[Explanation],
    sums: Sequence[Sums],
    given: dict[str, Any],
    *,
    opened: int,
) -> None:
    """Write the page at --html."""
    typical = _typical(recogniser, views, given)
    write_page(views, given["html"], sums=sums, typical=typical, run=recogniser.run, opened=opened)


def _typical(
    recogniser: Recogniser, views: Sequence[Explanation], given: dict[str, Any]
) -> dict[str, list[Typical]]:
    run, one = recogniser.run, views[0]
    classes = [one.target, *(view.against for view in views if view.against)]
    if given["data"]:
        store = Store(given["data"])
        recogniser.preparation.matched(store[0])  # a store of another body is told at once
        _, training = evaluated_clips(store, {run.config.protocol}, "train")
        found = typical_clips(run, store, training, classes, TYPICAL + 1)
    else:
        kept = kept_exemplars(run)
        if kept is None:
            return {}
        store, found = kept, by_class(kept)
    wanted = {name: own for name, own in found.items() if name in classes}
    return shown_typically(run, store, wanted, but=one.clip)
