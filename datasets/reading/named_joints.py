"""A body by the joint names that a file brings, and a clip of it: animals, markers, tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.coordinates import as_coordinates
from skelfuse.datasets.reading.facts import Facts, make_clip
from skelfuse.datasets.reading.layout_of import from_names
from skelfuse.datasets.reading.scores import hide_unsure
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Pair, Skeleton


def named_clip(
    facts: Facts,
    coords: FloatArray,
    scores: FloatArray | None,
    joints: Sequence[str],
    options: ReadOptions,
    *,
    bones: Sequence[Pair] | None = None,
    min_score: float = 0.0,
    body: str = "file",
    people: Sequence[str] = (),
) -> Clip:
    """Return a clip of `[T,M,N,D]` whose joints are named; scores `[T,M,N]` where there are any.

    The joints are those of the file, with its bones or without any; a skeleton that the user gives
    chooses among them by their names. `min_score` is the format's own threshold.

    >>> coords = np.ones((4, 1, 2, 2), dtype=np.float32)
    >>> clip = named_clip(Facts("a"), coords, None, ["nose", "tail"], ReadOptions())
    >>> clip.skeleton.joints, clip.skeleton.bones
    (('nose', 'tail'), ())
    """
    coords = as_coordinates(coords)
    skeleton, chosen, notes = body_of(joints, coords.shape[-1], options.skeleton, bones, body)
    if chosen is not None:
        coords = coords[:, :, chosen]
        scores = None if scores is None else scores[:, :, chosen]
    if scores is not None:
        coords, unsure = hide_unsure(coords, scores, options.min_score, min_score)
        notes += unsure
        with np.errstate(over="ignore", invalid="ignore"):
            scores = np.nan_to_num(scores, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    return make_clip(facts, coords, scores, skeleton, options, people).noted(*notes)


def body_of(
    joints: Sequence[str],
    dimensions: int,
    given: Skeleton | None,
    bones: Sequence[Pair] | None,
    name: str,
) -> tuple[Skeleton, list[int] | None, tuple[str, ...]]:
    """Return the skeleton, where in the file its joints stand (None: as they are), and notes.

    >>> arm = Skeleton("arm", ("elbow", "hand"), (("hand", "elbow"),), "elbow")
    >>> body_of(["hand", "head", "elbow"], 3, arm, None, "file")[1:]
    ([2, 0], ("1 joint of the file that skeleton 'arm' has not is left out: head",))
    """
    names = list(joints)
    if given is None:
        try:
            return from_names(names, bones, dimensions, name=name), None, ()
        except SkelfuseError:
            if not bones:
                raise
        loose = from_names(names, [], dimensions, name=name)
        return loose, None, ("the file's bones form no tree: left out",)
    missing = [joint for joint in given.joints if joint not in names]
    if missing:
        raise SkelfuseError(
            f"the file's joints are not those of the skeleton '{given.name}'",
            expected=", ".join(given.joints[:12]),
            found=", ".join(names[:12]),
            remedy="give a skeleton of the file's joints, or leave out --skeleton",
        )
    further = [joint for joint in names if joint not in given.joints]
    few = f"{len(further)} joint{'s' if len(further) > 1 else ''} of the file"
    has = f"that skeleton '{given.name}' has not {'are' if len(further) > 1 else 'is'} left out"
    note = (f"{few} {has}: {', '.join(further)}",) if further else ()
    skeleton = replace(given, dimensions=dimensions)
    return skeleton, [names.index(joint) for joint in given.joints], note
