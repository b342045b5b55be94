"""From a file's numbers to coordinates: float32, NaN where a joint was not seen, never infinite."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.clip import FloatArray
from skelfuse.errors import SkelfuseError

ROOM = 100.0  # metres; no sensor of bodies sees so far
FLOAT32 = 2.0**-24  # of a number: how far the nearest float32 may be from it
SHARP = 1e-4  # of a body's extent: how far a joint may be moved by rounding
BEYOND_BELIEF = 1e3
SAMPLED = 1 << 14  # joints by which a file's middle and extent are found
NOT_METRES = "convert the file to metres, or leave it out if it is damaged"
NOT_AN_ARRAY = "write one row of 2 or 3 numbers for each joint of each frame"


def as_coordinates(values: npt.NDArray[Any]) -> FloatArray:
    """Return `[T,N,D]` or `[T,M,N,D]` as float32 `[T,M,N,D]`; half a position becomes no position.

    >>> row = as_coordinates(np.array([[[1, 2], [3, np.nan]]]))
    >>> row.shape, row[0, 0].tolist()
    ((1, 1, 2, 2), [[1.0, 2.0], [nan, nan]])
    """
    if values.dtype.kind not in "iuf":
        raise SkelfuseError(
            "coordinates that are not numbers", found=f"type {values.dtype}", remedy=NOT_AN_ARRAY
        )
    if values.ndim == 3:
        values = values[:, None]
    if values.ndim != 4 or 0 in values.shape or values.shape[-1] not in (2, 3):
        raise SkelfuseError(
            "coordinates of the wrong shape",
            expected="frames, (persons,) joints, and 2 or 3 axes, at least one of each",
            found=list(values.shape),
            remedy=NOT_AN_ARRAY,
        )
    values = _nearer(values)
    with np.errstate(over="ignore", invalid="ignore"):  # a signalling NaN is a NaN
        coords = np.array(values, dtype=np.float32)
    wild = np.isinf(coords)
    if wild.any():
        frame, person, joint, _ = np.argwhere(wild)[0].tolist()
        raise SkelfuseError(
            f"infinite or absurdly large coordinate in frame {frame}, person {person}, "
            f"joint {joint} (counted from 0)",
            remedy="write NaN for what is missing",
        )
    coords[np.isnan(coords).any(axis=-1)] = np.nan
    return coords


def _nearer(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return float64 coordinates that float32 would blur, such as UTM, moved to their middle.

    All joints of all frames move alike, by a whole number. One number in all axes, far away, stands
    for "not seen" and stays what it is.

    >>> utm = np.array([[[[4_500_000.125, 0.5], [4_500_001.0, 1.5]]]])
    >>> as_coordinates(utm)[0, 0].tolist()
    [[0.125, -0.5], [1.0, 0.5]]
    """
    if values.dtype.kind != "f" or values.dtype.itemsize <= 4:
        return values
    flat = values.reshape(-1, values.shape[-1])
    if len(flat) > SAMPLED:  # medians of millions take as long as reading them from text
        flat = flat[np.random.default_rng(0).integers(len(flat), size=SAMPLED)]
    flat = flat[np.isfinite(flat).all(axis=1)]
    if not len(flat):
        return values
    with np.errstate(over="ignore", invalid="ignore"):  # absurd numbers are refused afterwards
        middle = np.median(flat, axis=0)
        extent = float(np.median(np.abs(flat - middle).max(axis=1)))
    if not 0 < np.abs(middle).max() * FLOAT32 <= BEYOND_BELIEF or extent == 0:
        return values
    if float(np.abs(middle).max()) * FLOAT32 <= extent * SHARP:
        return values
    marks = (values == np.rint(values[..., :1])).all(axis=-1, keepdims=True)
    return np.where(marks, values, values - np.floor(middle))


def without_mark(coords: FloatArray, mark: float | None) -> FloatArray:
    """Return coordinates in which joints that are at the mark in all axes are missing.

    >>> without_mark(np.array([[[[-1, -1], [-1, 2]]]], np.float32), -1).tolist()
    [[[[nan, nan], [-1.0, 2.0]]]]
    """
    if mark is None:
        return coords
    there = (coords == np.float32(mark)).all(axis=-1, keepdims=True)
    return np.where(there, np.float32(np.nan), coords)


def in_a_room(metres: FloatArray) -> FloatArray:
    """Return coordinates `[T,M,N,D]` in metres as they are, if a room can hold them all.

    >>> far = np.zeros((1, 1, 2, 3)); far[0, 0, 1, 2] = 2150
    >>> in_a_room(far)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: no room holds the z of joint 1 in frame 0, person 0 (counted \
from 0): expected -100 to 100 metres, found 2150; convert the file to metres, or leave it out if \
it is damaged
    """
    far = np.abs(metres) > ROOM
    if far.any():
        frame, person, joint, axis = np.argwhere(far)[0].tolist()
        raise SkelfuseError(
            f"no room holds the {'xyz'[axis]} of joint {joint} in frame {frame}, person {person} "
            "(counted from 0)",
            expected=f"-{ROOM:g} to {ROOM:g} metres",
            found=f"{metres[frame, person, joint, axis]:g}",
            remedy=NOT_METRES,
        )
    return metres


def as_confidence(values: npt.NDArray[Any], shape: tuple[int, ...]) -> FloatArray:
    """Return confidences as float32 of the wanted shape `[T,M,N]`; an unknown one is 0.

    >>> as_confidence(np.array([[[1, np.nan]]]), (1, 1, 2)).tolist()
    [[[1.0, 0.0]]]
    """
    if values.dtype.kind not in "biuf" or values.shape != shape:
        raise SkelfuseError(
            "confidences of the wrong shape or kind",
            expected=f"numbers {list(shape)}",
            found=f"{values.dtype} {list(values.shape)}",
            remedy="write one number from 0 to 1 for each joint of each frame, or leave them out",
        )
    with np.errstate(over="ignore", invalid="ignore"):
        confidence = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=np.inf)
    if np.isinf(confidence).any():
        raise SkelfuseError("infinite confidence", remedy="write a number from 0 to 1")
    return confidence


def blank_zeros(coords: FloatArray, confidence: FloatArray | None) -> FloatArray:
    """Write NaN for the zeros by which many formats say 'not there'; changes `coords` in place.

    With confidences: joints at exactly 0 whose confidence is 0. Always: bodies whose joints are all
    at exactly 0 in a frame. A single joint at 0 without a confidence stays: zero is a position.

    >>> pair = np.array([[[[0, 0], [1, 2]], [[0, 0], [0, 0]]]], dtype=np.float32)
    >>> blank_zeros(pair, None)[0].tolist()
    [[[0.0, 0.0], [1.0, 2.0]], [[nan, nan], [nan, nan]]]
    """
    zero = (coords == 0).all(axis=-1)  # [T,M,N]
    gone = zero.all(axis=-1, keepdims=True)
    if confidence is not None:
        gone = gone | (zero & (confidence <= 0))
    coords[gone & zero] = np.nan
    return coords
