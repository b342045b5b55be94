"""What an unfinished store has so far: a journal, and the coordinates that it vouches for."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton
from skelfuse.store.digests import packed_digest

SOURCE_FIELDS = (
    *("source", "bytes", "sha256", "clips", "problems", "skipped", "left_out", "labels", "marks"),
)
BESIDE = ("frames", "persons", "has_confidence", "digest", "source")  # in a clip's line
AFRESH = "start afresh without --resume"
# Of a finished source: its number, the facts told of it, and what was seen of it then.
Unchanged = Callable[[int, Mapping[str, Any], Any], bool]


@dataclass
class Taken:
    """What a run can take up: the sources that are done, and where in the files they end."""

    skeleton: Skeleton | None = None
    done: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # clip -> its source
    ends: dict[str, int] = field(
        default_factory=lambda: {"coords": 0, "confidence": 0, "journal": 0}
    )


def facts_of(line: Mapping[str, Any], notes: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return what is told of a finished source, with the notes of its clips.

    >>> facts_of({"source": "a.txt", "clips": 1, "coords_end": 12}, {"a": ["a ghost was dropped"]})
    {'source': 'a.txt', 'clips': 1, 'notes': {'a': ['a ghost was dropped']}}
    """
    facts = {key: line[key] for key in SOURCE_FIELDS if key in line}
    return {**facts, "notes": dict(notes)} if notes else facts


def journal_lines(journal: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield each whole line of the journal and where it ends."""
    end = 0
    with journal.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):  # the last line of a killed run
                return
            end += len(line)
            yield _checked(line), end


def journal_line(facts: Mapping[str, Any]) -> bytes:
    """Return a line of the journal, which ends in the SHA-256 of what is before it."""
    text = json.dumps(facts).encode()
    return text + b" " + hashlib.sha256(text).hexdigest().encode() + b"\n"


def _checked(line: bytes) -> dict[str, Any]:
    text, _, digest = line.rstrip(b"\n").rpartition(b" ")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        raise ValueError("a line of the journal is not what was written")
    return dict(json.loads(text))


def take_up(folder: Path, *, half: bool, unchanged: Unchanged) -> Taken:
    """Read what an interrupted run left: all sources up to the first that is not as it was.

    That is one that `unchanged` says no to, or one whose clips are not in the files bit by bit, as
    a power cut may leave them.
    """
    try:
        with (folder / "coords").open("rb") as coords, (folder / "confidence").open("rb") as sure:
            return _read(folder, (coords, sure), np.dtype("<f2" if half else "<f4"), unchanged)
    except SkelfuseError:
        raise
    except Exception as error:
        raise SkelfuseError(
            "cannot resume: what the interrupted run left is damaged",
            file=folder,
            found=f"{type(error).__name__} {error}".splitlines()[0],
            remedy=AFRESH,
        ) from None


def _read(
    folder: Path, files: tuple[BinaryIO, BinaryIO], dtype: np.dtype[Any], unchanged: Unchanged
) -> Taken:
    taken, skeleton = Taken(), None
    pending: dict[str, str] = {}
    notes: dict[str, list[str]] = {}
    for line, end in journal_lines(folder / "journal"):
        if "skeleton" in line:
            skeleton = Skeleton.from_dict(line["skeleton"])
        elif "name" in line:
            if skeleton is None or not _is_there(line, skeleton, files, dtype):
                break
            pending[line["name"]] = line["source"]
            if line["notes"]:
                notes[line["name"]] = line["notes"]
        else:
            facts = facts_of(line, notes)
            ends = {"coords": line["coords_end"], "confidence": line["confidence_end"]}
            if [*ends.values()] != [file.tell() for file in files]:
                break
            if not unchanged(len(taken.done), facts, line.get("seen")):
                break
            taken.done.append(facts)
            taken.names.update(pending)
            taken.ends, taken.skeleton = {**ends, "journal": end}, skeleton
            pending, notes = {}, {}
    return taken


def _is_there(
    line: dict[str, Any],
    skeleton: Skeleton,
    files: tuple[BinaryIO, BinaryIO],
    dtype: np.dtype[Any],
) -> bool:
    values = line["frames"] * line["persons"] * len(skeleton)
    coords = files[0].read(values * skeleton.dimensions * dtype.itemsize)
    sure = files[1].read(values * dtype.itemsize)
    return bool(line_digest(line, coords, sure) == line["digest"])


def line_digest(line: Mapping[str, Any], coords: bytes, confidence: bytes) -> str:
    """Return the SHA-256 that a clip's journal line has to have with these bytes."""
    metadata = {key: value for key, value in line.items() if key not in BESIDE}
    return packed_digest(metadata, coords, confidence if line["has_confidence"] else None)


def cut(folder: Path, taken: Taken) -> None:
    """Cut off what belongs to no source that was taken up."""
    for name, size in taken.ends.items():
        os.truncate(folder / name, size)
