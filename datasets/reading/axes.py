"""Arrays whose axes stand in another order: said by letters, or noticed and refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.clip import FloatArray
from skelfuse.datasets.format import ReadOptions
from skelfuse.datasets.reading.coordinates import as_confidence, as_coordinates, without_mark
from skelfuse.datasets.reading.layout_of import guessable
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import LAYOUTS
from skelfuse.skeleton import Skeleton
from skelfuse.telling.counted import counted

CROWD = 5  # more people than this, and more than frames, are frames
PIXELS = 5.0  # coordinates beyond this are no fractions of a picture and no metres
MEANINGS = "T frames, M persons, N or V joints, D or C coordinates, B clips (or N beside V)"
SCORE_OR_DEPTH = "--axes TNC --score reads it as a score, --axes TNC as z (TMNC with persons)"
EXAMPLES = "such as --axes TMND, TND, CTVM or NCTVM"
Arranged = tuple[FloatArray, FloatArray | None]  # [T,M,N,D], confidence [T,M,N]


def arrays_of_clips(
    values: npt.NDArray[Any], options: ReadOptions
) -> npt.NDArray[Any] | list[npt.NDArray[Any]]:
    """Return the array of each clip `[T,(M,)N,D]`: one, or as many as `options.axes` has.

    >>> field = np.zeros((4, 3, 7, 25, 2))  # clip, coordinate, frame, joint, person
    >>> [clip.shape for clip in arrays_of_clips(field, ReadOptions(axes="NCTVM"))][:1]
    [(7, 2, 25, 3)]
    """
    if options.axes is None:
        _refuse_other_orders(values)
        return [values]
    letters = canonical(options.axes)
    if values.ndim != len(letters):
        raise SkelfuseError(
            f"an array that --axes {options.axes} does not fit",
            expected=f"{len(letters)} axes",
            found=list(values.shape),
            remedy=f"name every axis by a letter: {MEANINGS}",
        )
    wanted = [axis for axis in "BTMND" if axis in letters]
    ordered = values.transpose([letters.index(axis) for axis in wanted])
    if "T" not in letters:  # pictures: each is a clip of one frame
        ordered = np.expand_dims(ordered, 1 if "B" in letters else 0)
    return ordered if "B" in letters else [ordered]


def one_clip(values: npt.NDArray[Any], options: ReadOptions) -> Arranged:
    """Return the clip of an array that may hold one only, as a table's line stands for one.

    >>> one_clip(np.zeros((4, 3, 7, 25, 2)), ReadOptions(axes="NCTVM"))
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: an array of 4 clips: expected one clip a line of the table, \
found [4, 3, 7, 25, 2]; save a .npy for each clip
    """
    clips = arrays_of_clips(values, options)
    if len(clips) != 1:
        raise SkelfuseError(
            f"an array of {len(clips)} clips",
            expected="one clip a line of the table",
            found=list(values.shape),
            remedy="save a .npy for each clip",
        )
    return arranged(clips[0], options)


def canonical(axes: str) -> str:
    """Return the letters of `--axes` in this house's own: B, T, M, N, D.

    >>> canonical("NCTVM"), canonical("tnc")
    ('BDTNM', 'TND')
    >>> canonical("CTV")
    'DTN'
    >>> canonical("CTX")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: --axes CTX: expected T frames, M persons, N or V joints, \
D or C coordinates, B clips (or N beside V), each once, joints and coordinates among them; \
such as --axes TMND, TND, CTVM or NCTVM
    """
    letters = axes.upper()
    if "V" in letters:
        letters = letters.replace("N", "B").replace("V", "N")
    letters = letters.replace("C", "D")
    if len(set(letters)) < len(letters) or not {"N", "D"} <= set(letters) <= set("BTMND"):
        raise SkelfuseError(
            f"--axes {axes}",
            expected=f"{MEANINGS}, each once, joints and coordinates among them",
            remedy=EXAMPLES,
        )
    return letters


def check_third_column(
    coords: FloatArray, given: Skeleton | None, remedy: str = SCORE_OR_DEPTH
) -> None:
    """Refuse `[T,M,N,3]` with scores for z: 0 to 1, beside pixels or in a flat layout.

    >>> from skelfuse.layouts import COCO_17
    >>> check_third_column(np.full((1, 1, 17, 3), 0.5), COCO_17)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: a third column that looks like a score, in the flat layout \
'coco-17': expected x, y, z, found values of 0.5 to 0.5; --axes TNC --score reads it as a score, \
--axes TNC as z (TMNC with persons)
    """
    if coords.shape[-1] != 3:
        return
    fitting = guessable(coords.shape[2])
    known = [LAYOUTS.get(given.name, given)] if given is not None else fitting
    flat = known[0].name if known and all(body.dimensions == 2 for body in known) else None
    seen = coords[~np.isnan(coords).any(axis=-1)]
    if not len(seen) or seen[:, 2].min() < 0 or seen[:, 2].max() > 1 or not seen[:, 2].any():
        return
    pixels = float(np.abs(seen[:, :2]).max()) > PIXELS
    if not pixels and flat is None:
        return
    raise SkelfuseError(
        "a third column that looks like a score"
        + (f", in the flat layout '{flat}'" if flat else " beside pixels"),
        expected="x, y, z",
        found=f"values of {seen[:, 2].min():.3g} to {seen[:, 2].max():.3g}",
        remedy=remedy,
    )


def arranged(values: npt.NDArray[Any], options: ReadOptions) -> Arranged:
    """Return the coordinates of a clip `[T,(M,)N,D]`, and with `--score` its last column apart.

    >>> coords, scores = arranged(np.full((7, 17, 3), 0.5), ReadOptions(score=True))
    >>> coords.shape, scores.shape
    ((7, 1, 17, 2), (7, 1, 17))
    """
    if not options.score:
        coords = as_coordinates(values)
        return without_mark(coords, options.missing), None
    if values.ndim not in (3, 4) or values.shape[-1] not in (3, 4):
        raise SkelfuseError(
            "no column left for a score",
            expected="x, y, score or x, y, z, score in the last axis",
            found=list(values.shape),
            remedy=f"leave out --score, or name the axes, {EXAMPLES}",
        )
    coords = as_coordinates(values[..., :-1])
    scores = values[..., -1] if values.ndim == 4 else values[:, None, :, -1]
    confidence = as_confidence(scores, coords.shape[:3])
    return without_mark(coords, options.missing), confidence


def _refuse_other_orders(values: npt.NDArray[Any]) -> None:
    """Refuse the field's arrays [C,T,V,M], [M,T,V,C] and those of many clips: never crowds."""
    shape = values.shape
    if values.ndim == 4 and shape[1] > max(shape[0], CROWD):
        if shape[0] == 3 or (shape[0] == 2 and shape[3] <= 2):
            likely, frames, people = "CTVM", shape[1], shape[3]
        elif shape[0] <= CROWD and shape[3] in (2, 3):
            likely, frames, people = "MTVC", shape[1], shape[0]
        else:
            likely, frames, people = "BTNC", shape[1], 1
        raise SkelfuseError(
            f"{shape[1]} persons in {shape[0]} frames",
            expected="[T,N,D] or [T,M,N,D]",
            found=list(shape),
            remedy=f"if these are {frames} frames of {people} person{'s' * (people > 1)}, "
            f"give --axes {likely}; if it is a crowd, --axes TMND; "
            "--missing zeros where zeros are nobody",
        )
    if values.ndim == 5:
        likely = "NCTVM" if shape[1] in (2, 3) else "NMTVC" if shape[1] <= CROWD else "NTMVC"
        raise SkelfuseError(
            "an array of many clips",
            expected="one clip, [T,N,D] or [T,M,N,D]",
            found=list(shape),
            remedy=f"--axes {likely} reads it as {counted(shape[0], 'clip')}, if so ordered; "
            "--missing zeros where zeros are nobody",
        )
