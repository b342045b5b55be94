"""A user's own data in one .npz: all clips' frames one after the other, and their lengths.

    numpy.savez("mine.npz", coords=frames, lengths=[90, 75], label=["wave", "sit"])

`coords` is [sum of T, N, D] or [sum of T, M, N, D], NaN where missing. Optional, one a clip: `name`
(or `names`), `subject`, `camera`, `setup`, `replication`, `fps`, `split` (text) or `train` (bool).
Optional for the file: `class_names`, `joint_names`, `bones` (pairs of names or indices), `fps`,
and `confidence` [sum of T, (M,) N].
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.axes import check_third_column
from skelfuse.datasets.reading.coordinates import as_confidence, as_coordinates
from skelfuse.datasets.reading.facts import (
    PER_CLIP,
    WHO,
    Facts,
    check_names,
    in_file,
    label_of,
    make_clip,
)
from skelfuse.datasets.reading.files import files_ending, of_kind
from skelfuse.datasets.reading.likely import check_guess
from skelfuse.datasets.reading.numpy_file import Npz, holds
from skelfuse.datasets.reading.scores import hide_unsure
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

Array = npt.NDArray[Any]
SCORE_APART = "save the score as 'confidence' [sum of T, N]; a depth is told by 'joint_names'"
MOST_CLASSES = 100_000
SAVE_AGAIN = "correct it, and save the file again"
KNOWN = (
    *("coords", "lengths", "confidence", "names", "class_names", "joint_names", "bones"),
    *PER_CLIP,
)


def find(path: Path) -> list[Path]:
    """List the .npz files that hold `coords`."""
    files = files_ending(path, ".npz")
    if path.is_file():  # a damaged file that was named outright is read, to say what is wrong
        return [file for file in files if holds(file, "coords") is not False]
    return of_kind(files, lambda file: holds(file, "coords"))


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield a file's clips, read one after the other; a bad clip does not end the iteration."""
    npz = Npz(path)
    try:
        ignored = check_names(npz.keys, KNOWN, "array")
        lengths = _lengths(npz)
        skeleton, order, notes = _skeleton(npz, options)
        guessed = bool(notes)
        facts = _facts(npz, len(lengths), options, (*notes, *ignored))
        frames = npz.rows("coords", lengths)
        sure: Iterator[Array | None] = repeat(None)
        if "confidence" in npz.keys:
            shape = npz.header("coords").shape[:-1]
            if npz.header("confidence").shape != shape:
                raise SkelfuseError(
                    "'confidence' of the wrong shape",
                    expected=list(shape),
                    found=list(npz.header("confidence").shape),
                )
            sure = npz.rows("confidence", lengths)
    except SkelfuseError as error:
        raise error.with_context(remedy=SAVE_AGAIN) from None

    def clip(known: Facts, rows: Array, confidences: Array | None) -> Clip:
        try:
            coords = as_coordinates(rows)[:, :, order]
            check_third_column(coords, options.skeleton, SCORE_APART)
            if guessed:
                check_guess(coords, skeleton)
            unsure: tuple[str, ...] = ()
            if confidences is not None:
                confidences = confidences.reshape(coords.shape[:3])[:, :, order]
                confidences = as_confidence(confidences, coords.shape[:3])
                coords, unsure = hide_unsure(coords, confidences, options.min_score, 0)
            return make_clip(known, coords, confidences, skeleton, options).noted(*unsure)
        except SkelfuseError as error:
            raise error.with_context(within=f"clip '{known.name}'", remedy=SAVE_AGAIN) from None

    return map(clip, facts, frames, sure)


def _lengths(npz: Npz) -> list[int]:
    header = npz.header("coords")
    npz.check_count("lengths", header.shape[0] if header.shape else 0)
    lengths = npz.load("lengths")
    if len(header.shape) not in (3, 4) or header.shape[-1] not in (2, 3) or 0 in header.shape:
        raise SkelfuseError(
            "'coords' of the wrong shape",
            expected="[sum of T, N, D] or [sum of T, M, N, D], D = 2 or 3",
            found=list(header.shape),
        )
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or (lengths < 1).any():
        raise SkelfuseError(
            "'lengths' are not the frames of each clip",
            expected="whole numbers from 1 in one row",
            found=f"{lengths.dtype} {list(lengths.shape)}, least {lengths.min(initial=1)}"
            if lengths.dtype.kind in "iuf"
            else lengths.dtype,
        )
    total = sum(lengths.tolist())
    if total != header.shape[0]:
        raise SkelfuseError(
            "'lengths' do not add up to the rows of 'coords'",
            expected=f"{header.shape[0]} rows",
            found=f"a sum of {total}",
        )
    return [int(length) for length in lengths]


def _skeleton(
    npz: Npz, options: ReadOptions
) -> tuple[Skeleton, list[int] | slice, tuple[str, ...]]:
    """Return the skeleton, where in the file its joints stand, and notes."""
    *_, joints, dimensions = npz.header("coords").shape
    everything = slice(None)
    if "joint_names" not in npz.keys:
        skeleton, notes = layout_of.choose(joints, dimensions, options.skeleton)
        return skeleton, everything, notes
    names = _texts(npz, "joint_names", joints)
    if len(names) != joints:
        raise SkelfuseError(
            "'joint_names' do not fit 'coords'", expected=f"{joints} names", found=len(names)
        )
    if options.skeleton is not None:
        order = layout_of.order_in_file(names, options.skeleton)
        return replace(options.skeleton, dimensions=dimensions), order, ()
    bones: list[list[str | int]] | None = None
    if "bones" in npz.keys:
        npz.check_count("bones", 20 * joints)
        pairs = npz.load("bones")
        if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iuUS":
            raise SkelfuseError(
                "'bones' of the wrong shape or kind",
                expected="[bones, 2] names or indices",
                found=f"{pairs.dtype} {list(pairs.shape)}",
            )
        bones = (pairs.astype(np.str_) if pairs.dtype.kind == "S" else pairs).tolist()
    return layout_of.from_names(names, bones, dimensions), everything, ()


def _texts(npz: Npz, name: str, most: int) -> list[str]:
    npz.check_count(name, most)
    array = npz.load(name)
    if array.ndim != 1 or array.dtype.kind not in "USiu":
        raise SkelfuseError(
            f"'{name}' of the wrong kind",
            expected="one row of text or whole numbers",
            found=f"{array.dtype} {list(array.shape)}",
        )
    try:
        return [str(text).strip() for text in array.astype(np.str_).tolist()]
    except ValueError:
        raise SkelfuseError(f"'{name}' is not plain text", remedy="save it as str") from None


def _column(npz: Npz, name: str, clips: int) -> list[str | None]:
    if name not in npz.keys:
        return [None] * clips
    texts = _texts(npz, name, clips)
    if len(texts) != clips:
        raise SkelfuseError(f"'{name}' needs one value a clip", expected=clips, found=len(texts))
    return [text or None for text in texts]


def _facts(npz: Npz, clips: int, options: ReadOptions, notes: tuple[str, ...]) -> list[Facts]:
    own_names = _column(npz, "names" if "names" in npz.keys else "name", clips)
    told = {what: _column(npz, what, clips) for what in WHO}
    labels, rates, parts = _labels(npz, clips, options), _rates(npz, clips), _parts(npz, clips)
    digits = max(5, len(str(clips)))
    return [
        Facts(
            own_names[i] or f"{npz.path.stem}-{i + 1:0{digits}d}",
            label=labels[i],
            fps=rates[i],
            splits=in_file(parts[i]),
            notes=notes,
            **{what: column[i] for what, column in told.items()},
        )
        for i in range(clips)
    ]


def _labels(npz: Npz, clips: int, options: ReadOptions) -> list[str | None]:
    texts = _column(npz, "label", clips)
    if "label" not in npz.keys or npz.header("label").dtype.kind not in "iu":
        return texts
    class_names = _texts(npz, "class_names", MOST_CLASSES) if "class_names" in npz.keys else None
    return [label_of(int(text or 0), class_names, options) for text in texts]


def _rates(npz: Npz, clips: int) -> list[float | None]:
    if "fps" not in npz.keys:
        return [None] * clips
    npz.check_count("fps", clips)
    rates = npz.load("fps")
    known = rates[~np.isnan(rates)] if rates.dtype.kind == "f" else rates  # NaN is unknown
    usable = rates.dtype.kind in "iuf" and np.isfinite(known).all() and (known > 0).all()
    if not usable or rates.shape not in ((), (1,), (clips,)):
        raise SkelfuseError("'fps' of the wrong kind", expected=f"1 or {clips} positive numbers")
    told = np.broadcast_to(rates, (clips,)).tolist()
    return [None if math.isnan(rate) else float(rate) for rate in told]


def _parts(npz: Npz, clips: int) -> list[str | None]:
    if "train" not in npz.keys:
        return _column(npz, "split", clips)
    npz.check_count("train", clips)
    train = npz.load("train")
    if "split" in npz.keys:
        raise SkelfuseError("both 'split' and 'train'", remedy="leave one of the two out")
    if train.shape != (clips,) or not np.isin(train, (0, 1)).all():
        raise SkelfuseError(
            "'train' needs True or False for each clip",
            expected=f"bool [{clips}]",
            found=f"{train.dtype} {list(train.shape)}",
        )
    return ["train" if flag else "test" for flag in train.astype(bool)]


FORMAT = Format(
    "npz",
    "your own: one .npz with coords, lengths, label",
    find,
    read,
    needs="an .npz with coords [sum of T,N,D], lengths and label",
    named_by_users=True,
    numbered_classes=True,
)
