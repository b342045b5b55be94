"""J-HMDB joints as ragged arrays: `train1_frames` [sum of T,15,2], `train1_lengths`, ...

One file has three splits, and so every clip three times: equal clips become one, with three splits.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from skelfuse.clip import Clip, FloatArray
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_coordinates
from skelfuse.datasets.reading.files import files_ending, of_kind
from skelfuse.datasets.reading.numpy_file import REMEDY, Npz, holds
from skelfuse.errors import SkelfuseError
from skelfuse.layouts import JHMDB_15

MOST_CLASSES = 1000
FPS = 30.0
PARTS = ("train", "test")
FRAMES = "train1_frames"


def find(path: Path) -> list[Path]:
    """List the .npz files that hold `train1_frames`."""
    return of_kind(files_ending(path, ".npz"), lambda file: holds(file, FRAMES))


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield every distinct clip, `[T,1,15,2]`, with its part in each split ("split1", ...)."""
    npz = Npz(path)
    npz.check_count("class_names", MOST_CLASSES)
    names = [str(name) for name in npz.load("class_names").ravel()]
    skeleton = layout_of.imposed(options.skeleton, JHMDB_15)
    seen: dict[tuple[bytes, int], tuple[FloatArray, str]] = {}
    splits: dict[tuple[bytes, int], dict[str, str]] = {}
    for split in _splits(npz):
        copies: Counter[bytes] = Counter()
        for part in PARTS:
            for frames, label in _clips(npz, f"{part}{split}", len(names)):
                digest = hashlib.sha256(f"{label} {frames.shape}".encode() + frames.tobytes())
                # Two recordings may be equal: the second of a split is the second of each split.
                clip = (digest.digest(), copies[digest.digest()])
                copies[digest.digest()] += 1
                seen.setdefault(clip, (frames, names[label]))
                splits.setdefault(clip, {})[f"split{split}"] = part
    return iter(
        Clip(
            frames,
            skeleton,
            name=f"{label}-{number:04d}",
            label=label,
            fps=options.fps or FPS,
            splits=splits[clip],
        )
        for number, (clip, (frames, label)) in enumerate(seen.items(), start=1)
    )


def _splits(npz: Npz) -> list[int]:
    count = 1
    while f"train{count + 1}_frames" in npz.keys:
        count += 1
    return list(range(1, count + 1))


def _clips(npz: Npz, part: str, classes: int) -> Iterator[tuple[FloatArray, int]]:
    header = npz.header(f"{part}_frames")
    for name in ("lengths", "label"):
        npz.check_count(f"{part}_{name}", max(header.shape, default=0))
    lengths, labels = npz.load(f"{part}_lengths"), npz.load(f"{part}_label")
    fits = lengths.dtype.kind in "iu" and labels.dtype.kind in "iu" and lengths.ndim == 1
    if not fits or lengths.shape != labels.shape or (lengths < 1).any():
        raise SkelfuseError(
            f"'{part}_lengths' and '{part}_label' do not fit",
            expected="two rows of equally many whole numbers, lengths from 1",
            found=f"{lengths.dtype} {list(lengths.shape)} and {labels.dtype} {list(labels.shape)}",
            remedy=REMEDY,
        )
    rows = sum(lengths.tolist())
    if header.shape != (rows, len(JHMDB_15), 2):
        raise SkelfuseError(
            f"'{part}_frames' has the wrong shape",
            expected=[rows, len(JHMDB_15), 2],
            found=list(header.shape),
            remedy=REMEDY,
        )
    if not np.isin(labels, np.arange(classes)).all():
        raise SkelfuseError(
            f"'{part}_label' has a class without a name",
            expected=f"0 to {classes - 1}",
            found=sorted(set(labels.tolist()))[-1],
            remedy="add its name to 'class_names', or correct the label",
        )
    clips = npz.rows(f"{part}_frames", lengths.tolist())
    for frames, label in zip(clips, labels.tolist(), strict=True):
        yield as_coordinates(frames), label


FORMAT = Format(
    "jhmdb",
    "J-HMDB, ragged .npz with three splits",
    find,
    read,
    needs="an .npz with train1_frames and its like",
)
