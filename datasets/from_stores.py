"""A store made of stores: what their makers did to the clips stays known, and is done once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from skelfuse.clip import Clip
from skelfuse.datasets.preprocess_options import PreprocessOptions
from skelfuse.datasets.sources import Source
from skelfuse.datasets.store_format import FORMAT, read_as
from skelfuse.errors import SkelfuseError
from skelfuse.joint_choice import with_joints
from skelfuse.same_body import difference
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store

DONE_TO_CLIPS = ("align", "scale")


def as_stored(
    sources: Sequence[Source], options: PreprocessOptions, max_persons: int | None
) -> PreprocessOptions:
    """Return the options for sources that are stores; for any others they are as they were.

    Everybody in a store is kept unless `max_persons` says otherwise. Stores that cannot become
    one, of other bodies or made in another way, are an error here, before anything is read.
    """
    stores = [store for source in sources if (store := _opened(source)) is not None]
    if not stores:
        return options
    first, *others = stores
    body = _body(first, options)
    for other in others:
        theirs = _body(other, options)
        if differs := difference(body, theirs):
            raise SkelfuseError(
                "stores of different layouts",
                file=other.path,
                expected=f"{body.name} with {len(body)} joints, as in {first.path}",
                found=f"{theirs.name} with {len(theirs)} joints: {differs}",
                remedy="make them alike with --joints or --skeleton, or keep both stores",
            )
        for what in DONE_TO_CLIPS:
            done = {bool(_made(store).get(what)) for store in (first, other)}
            if len(done) > 1 and not getattr(options, what):
                raise SkelfuseError(
                    f"a store that was made with --{what}, and one that was not",
                    file=other.path,
                    remedy=f"add --{what}: it changes nothing where it was done before",
                )
    most = max_persons or max(int(store.persons.max(initial=1)) for store in stores)
    reading = replace(options.reading, max_persons=most)
    return replace(options, reading=reading, before=_agreed([_made(store) for store in stores]))


def _opened(source: Source) -> Store | None:
    """Return a source as a store; a damaged one is told where it is read, as any bad file is."""
    if source.format != FORMAT.name:
        return None
    try:
        return Store(source.path)
    except SkelfuseError:
        return None


def _body(store: Store, options: PreprocessOptions) -> Skeleton:
    try:
        body, _ = read_as(store.skeleton, options.reading)
        still = Clip(np.zeros((1, 1, len(body), body.dimensions)), body, name="a")
        choice = options.reading.joints
        return with_joints(still, choice).skeleton if choice else body
    except SkelfuseError as error:
        raise error.at(store.path) from None


def _made(store: Store) -> Mapping[str, Any]:
    return store.provenance.options


def _agreed(made: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what all stores say alike of how they were made.

    >>> _agreed([{"missing": 0.0, "fps": 30}, {"missing": 0.0}])
    {'missing': 0.0}
    """
    first, *others = made
    absent = object()
    return {
        key: value
        for key, value in first.items()
        if all(other.get(key, absent) == value for other in others)
    }
