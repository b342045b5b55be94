"""What a run and a store must have in common: joints and classes, each known by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skelfuse.errors import SkelfuseError
from skelfuse.run import Run
from skelfuse.same_body import difference, named, order_in
from skelfuse.store import Store

Indices = npt.NDArray[np.intp]


def joint_order(run: Run, store: Store) -> list[int]:
    """Return where in the store each of the run's joints is; other bodies are an error."""
    ours, theirs = run.skeleton, store.skeleton
    differs = difference(ours, theirs)
    if differs is None:
        return order_in(theirs, ours)
    raise SkelfuseError(
        "store and run have different skeletons",
        file=store.path,
        expected=f"{ours.name} ({len(ours)} joints), as {run.path} was trained on",
        found=f"{theirs.name} ({len(theirs)} joints): {differs}",
        remedy="make the store from recordings of that skeleton, or use a run trained on this one",
    )


class Labelled(NamedTuple):
    """Clips with the number of their class among the run's, and what was left out."""

    indices: Indices  # [C] in the store
    label: npt.NDArray[np.int64]  # [C] in the run's class names
    unlabelled: int
    unknown: dict[str, int]  # clips left out, of classes that the run does not know


def labelled(
    store: Store, indices: Indices, class_names: Sequence[str], *, ignore_unknown: bool = False
) -> Labelled:
    """Return clips with the numbers that a run has for their classes, by name.

    A class of these clips that the run does not know is an error, or left out.
    """
    has_label = store.labels[indices] >= 0
    unlabelled = int((~has_label).sum())
    indices = indices[has_label]
    own = store.labels[indices]
    number = {name: i for i, name in enumerate(class_names)}
    of_store = np.array([number.get(name, -1) for name in store.class_names], np.int64)
    label = of_store[own]
    counted = Counter(own[label < 0].tolist())
    unknown = {store.class_names[i]: counted[i] for i in sorted(counted)}
    if unknown and not ignore_unknown:
        raise SkelfuseError(
            f"the run does not know the class{'es' * (len(unknown) > 1)} {named(list(unknown))}",
            file=store.path,
            expected=named(list(class_names)),
            found=f"{sum(unknown.values()):,} of {len(label):,} clips of unknown classes",
            remedy="--ignore-unknown leaves them out",
        )
    return Labelled(indices[label >= 0], label[label >= 0], unlabelled, unknown)


def clips_for(
    runs: Sequence[Run], store: Store, indices: npt.ArrayLike, *, ignore_unknown: bool = False
) -> Labelled:
    """Return those of some clips that runs can be evaluated on; none at all is an error."""
    if not runs:
        raise SkelfuseError("an evaluation needs a run", expected="at least 1", found=0)
    given = np.asarray(indices, np.intp)
    clips = labelled(store, given, runs[0].class_names, ignore_unknown=ignore_unknown)
    if not len(clips.indices):
        raise SkelfuseError(
            "there is no labelled clip to evaluate on",
            file=store.path,
            expected="labelled clips of classes that the run knows",
            found=f"{len(given):,} clips, {clips.unlabelled:,} of them without a label",
            remedy="whole recordings are evaluated with --window 2s"
            if any(store.intervals(i) for i in given)
            else "use another --part or --protocol; skelfuse info lists those that fit",
        )
    return clips


def class_columns(run: Run, first: Run) -> list[int]:
    """Return where among a run's classes those of the first run are; other classes are an error."""
    if set(run.class_names) != set(first.class_names):
        ours, theirs = set(run.class_names), set(first.class_names)
        odd = [name for name in (*run.class_names, *first.class_names) if name in ours ^ theirs]
        raise SkelfuseError(
            "runs with different classes cannot be evaluated together",
            file=run.path,
            expected=f"the {len(theirs)} classes of {first.path}",
            found=f"{len(ours)} classes; not in both: {named(odd)}",
            remedy="evaluate them one by one",
        )
    return [run.class_names.index(name) for name in first.class_names]


def matched(runs: Sequence[Run], store: Store) -> list[tuple[Run, list[int], list[int]]]:
    """Return each run with its `joint_order` in a store, and its `class_columns`."""
    return [(run, joint_order(run, store), class_columns(run, runs[0])) for run in runs]
