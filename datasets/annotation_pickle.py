"""The annotation pickle of PYSKL and MMAction2: one file for a whole data set.

    {"split": {"xsub_train": [frame_dir, ...], ...},
     "annotations": [{"frame_dir": str, "label": int, "total_frames": int,
                      "keypoint": [M,T,V,C], "keypoint_score": [M,T,V]}, ...]}

Nothing in it is run, see safe_pickle.py. A keypoint at exactly 0 with score 0 is missing, and so is
a body that is 0 altogether: the format has no other word for absence.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skelfuse.clip import Clip
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.ntu_names import (
    NTU_CLASSES,
    class_label,
    is_ntu_name,
    parse_ntu_name,
    read_class_names,
)
from skelfuse.datasets.reading import layout_of
from skelfuse.datasets.reading.coordinates import as_confidence, as_coordinates, blank_zeros
from skelfuse.datasets.reading.facts import PROTOCOL, Facts, label_of, make_clip
from skelfuse.datasets.reading.files import files_ending, of_kind, speaks_of
from skelfuse.datasets.reading.likely import check_guess
from skelfuse.datasets.reading.pickled_numpy import DAMAGED, Array
from skelfuse.datasets.reading.safe_pickle import read_pickle
from skelfuse.errors import SkelfuseError

_WORDS = (b"split", b"annotations", b"frame_dir", b"keypoint")
_SPLIT = re.compile(r"(.*?)[_-]?(train|val|test)[_-]?(\d*)", re.ASCII)
Parts = dict[str, dict[str, str]]  # clip -> protocol -> part


def find(path: Path) -> list[Path]:
    """List the .pkl and .pickle files whose first bytes speak of annotations; a file as it is."""
    files = files_ending(path, ".pkl", ".pickle")
    return files if path.is_file() else of_kind(files, lambda file: speaks_of(file, _WORDS))


def read(path: Path, options: ReadOptions) -> Iterator[Clip]:
    """Yield the clips of a file, `[T,M,V,C]`; a bad clip does not end the iteration."""
    annotations, parts, notes = _contents(path)
    reading = _Reading(path, options, parts, notes)
    return map(reading.clip, range(1, len(annotations) + 1), annotations)


def _contents(path: Path) -> tuple[list[Any], Parts, tuple[str, ...]]:
    found = read_pickle(path)
    split: Any = {}
    if isinstance(found, dict):
        split, found = found.get("split") or {}, found.get("annotations")
    if not isinstance(found, list) or not found or not isinstance(split, dict):
        raise SkelfuseError(
            "a pickle without annotations",
            expected="{'split': {...}, 'annotations': [...]}",
            remedy="give the file of the whole data set, or leave this one out",
        )
    parts: Parts = {}
    notes = []
    for name, clips in split.items():
        protocol = split_name(str(name))
        if protocol is None or not isinstance(clips, (list, tuple)):
            notes.append(f"split '{str(name)[:40]}' not used: it is neither train, val nor test")
            continue
        for clip in clips:
            if not isinstance(clip, str):
                raise SkelfuseError(
                    f"split '{name}' lists what is no name",
                    expected="each clip's 'frame_dir'",
                    found=reprlib.repr(clip)[:40],  # lists may be in lists a billion times
                    remedy=DAMAGED,
                )
            parts.setdefault(clip, {})[protocol[0]] = protocol[1]
    return found, parts, tuple(notes)


def split_name(name: str) -> tuple[str, str] | None:
    """Take a split's name apart into protocol and part.

    >>> split_name("xsub_val"), split_name("train2"), split_name("test"), split_name("all")
    (('xsub', 'val'), ('split2', 'train'), ('file', 'test'), None)
    """
    found = _SPLIT.fullmatch(name)
    if found is None:
        return None
    protocol, part, number = found.groups()
    return f"{protocol}{number}" if protocol else f"split{number}" if number else PROTOCOL, part


def _label_number(annotation: Any) -> int | None:
    label = annotation.get("label") if isinstance(annotation, dict) else None
    return label if isinstance(label, int) and not isinstance(label, bool) else None


@dataclass(frozen=True)
class _Reading:
    """What all clips of a file have in common."""

    path: Path
    options: ReadOptions
    parts: Parts
    notes: tuple[str, ...]

    def clip(self, number: int, annotation: Any) -> Clip:
        """Build the clip of one annotation; they count from 1."""
        name = annotation.get("frame_dir") if isinstance(annotation, dict) else None
        if not isinstance(name, str) or not name:
            raise SkelfuseError(
                f"annotation {number} has no 'frame_dir'",
                expected="the clip's name",
                remedy="add one to the annotation",
            )
        try:
            return self._clip(name, annotation)
        except SkelfuseError as error:
            raise error.with_context(within=f"annotation {number}, '{name}'") from None

    def _clip(self, name: str, annotation: dict[str, Any]) -> Clip:
        keypoint, score = annotation.get("keypoint"), annotation.get("keypoint_score")
        if not isinstance(keypoint, Array) or len(keypoint.shape) != 4:
            raise SkelfuseError(
                "no usable 'keypoint'",
                expected="an array [M,T,V,C]",
                found=list(keypoint.shape) if isinstance(keypoint, Array) else None,
                remedy="files that keep the keypoints elsewhere ('raw_file') are not read",
            )
        coords = as_coordinates(keypoint.load(self.path).transpose(1, 0, 2, 3))
        confidence = None
        if isinstance(score, Array) and len(score.shape) == 3:
            seen = score.load(self.path).transpose(1, 0, 2)
            confidence = as_confidence(seen, coords.shape[:3])
        elif score is not None:
            raise SkelfuseError(
                "no usable 'keypoint_score'",
                expected="an array [M,T,V]",
                remedy="correct it, or leave it out",
            )
        blank_zeros(coords, confidence)
        skeleton, guessed = layout_of.choose(
            coords.shape[2], coords.shape[3], self.options.skeleton
        )
        if guessed:
            check_guess(coords, skeleton)
        total = annotation.get("total_frames")
        differs = isinstance(total, int) and total != len(coords)
        odd = (f"'total_frames' says {total}, there are {len(coords)}",) if differs else ()
        facts = self._facts(name, annotation)
        clip = make_clip(facts, coords, confidence, skeleton, self.options)
        return clip.noted(*guessed, *odd, *self.notes)

    def _facts(self, name: str, annotation: dict[str, Any]) -> Facts:
        number = _label_number(annotation)
        if number is None:
            raise SkelfuseError(
                "no usable 'label'", expected="a whole number", remedy="number the classes from 0"
            )
        if not is_ntu_name(name):
            label = label_of(number, None, self.options)
            return Facts(name, label=label, splits=self.parts.get(name, {}))
        ntu = parse_ntu_name(name)
        if ntu.action == number + 1:  # the same words as for the set's own files
            file = self.options.class_names
            label = class_label(ntu.action, read_class_names(file) if file else NTU_CLASSES)
        else:
            label = label_of(number, None, self.options)
        return Facts(
            name,
            label=label,
            subject=str(ntu.subject),
            camera=str(ntu.camera),
            setup=str(ntu.setup),
            replication=str(ntu.replication),
            splits=self.parts.get(name, {}),
        )


FORMAT = Format(
    "annotations",
    "PYSKL / MMAction2 annotation pickle",
    find,
    read,
    needs="a .pkl that holds 'annotations', of PYSKL or MMAction2",
    numbered_classes=True,
)
