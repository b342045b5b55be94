"""Clips on disk: one HDF5 file in which the frames of all clips lie end to end.

    coords      [R,N,D]  R rows; clip i owns rows offset[i]:offset[i+1], which are its [T,M] frames
    confidence  [R,N]    only if some clip has it
    offset      [C+1]    persons, label, fps [C], and the columns of text, one entry a clip
    sources              the files that the clips came from, with their SHA-256

`coords` is one unbroken run of bytes, so that a clip is one seek and any number of processes can
map the file into memory at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip, FloatArray
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton

FORMAT = "skelfuse-store"
FORMAT_VERSION = 1
TEXT_COLUMNS = ("name", "subject", "camera", "setup", "replication", "splits", "notes", "digest")


class Store:
    """The clips of a store, read one at a time; a sequence that can be shared by processes.

    `labels[i]` is the index of the clip's class in `class_names`, -1 where it has none. `subjects`,
    `cameras`, `setups`, `replications` hold None where a clip does not say.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with _opened(self.path) as file:
            self.provenance: dict[str, Any] = json.loads(file.attrs["provenance"])
            self.skeleton = Skeleton.from_dict(json.loads(file.attrs["skeleton"]), file=self.path)
            self.class_names: list[str] = json.loads(file.attrs["class_names"])
            self.offset: npt.NDArray[np.int64] = file["offset"][:]
            self.persons: npt.NDArray[np.int32] = file["persons"][:]
            self.labels: npt.NDArray[np.int32] = file["label"][:]
            self.fps: list[float | None] = [None if np.isnan(f) else float(f) for f in file["fps"]]
            columns = {name: file[name].asstr()[:].tolist() for name in TEXT_COLUMNS}
            self._coords = _mapped(file["coords"], self.path)
            self._confidence = (
                _mapped(file["confidence"], self.path) if "confidence" in file else None
            )
        self.names: list[str] = columns["name"]
        self.subjects, self.cameras, self.setups, self.replications = (
            [text or None for text in columns[name]]
            for name in ("subject", "camera", "setup", "replication")
        )
        self._splits: list[str] = columns["splits"]
        self._notes: list[str] = columns["notes"]
        self.digests: list[str] = columns["digest"]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Clip]:
        return (self[i] for i in range(len(self)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Store, (self.path,)

    @property
    def frames(self) -> npt.NDArray[np.int64]:
        """T of every clip."""
        return np.diff(self.offset) // np.maximum(self.persons, 1)

    @property
    def splits(self) -> list[dict[str, str]]:
        """For every clip the part of each protocol that its file put it in."""
        known: dict[str, dict[str, str]] = {}
        return [known.setdefault(text, json.loads(text)) for text in self._splits]

    def coords(self, index: int) -> FloatArray:
        """Return a clip's `[T,M,N,D]`, a view of the file: nothing is read until it is used."""
        rows = self._coords[self.offset[index] : self.offset[index + 1]]
        return rows.reshape(-1, int(self.persons[index]), *rows.shape[1:])

    def confidence(self, index: int) -> FloatArray | None:
        """Return a clip's `[T,M,N]` confidence, or None where no file had it."""
        if self._confidence is None:
            return None
        rows = self._confidence[self.offset[index] : self.offset[index + 1]]
        return rows.reshape(-1, int(self.persons[index]), rows.shape[1])

    def __getitem__(self, index: int) -> Clip:
        if not -len(self) <= index < len(self):
            raise IndexError(f"clip {index} of {len(self)}")
        index %= len(self)
        label = int(self.labels[index])
        confidence = self.confidence(index)
        if confidence is not None and np.isnan(confidence).all():
            confidence = None
        return Clip(
            self.coords(index),
            self.skeleton,
            name=self.names[index],
            label=self.class_names[label] if label >= 0 else None,
            confidence=confidence,
            subject=self.subjects[index],
            camera=self.cameras[index],
            setup=self.setups[index],
            replication=self.replications[index],
            fps=self.fps[index],
            splits=json.loads(self._splits[index]),
            notes=tuple(json.loads(self._notes[index])),
        )

    def find(self, name: str) -> int:
        """Return the index of a clip by name."""
        if name not in self.names:
            raise SkelfuseError(f"no clip named '{name}'", file=self.path)
        return self.names.index(name)

    @property
    def sources(self) -> list[dict[str, Any]]:
        """The files that the clips came from: name, bytes, SHA-256, clips, problems."""
        with _opened(self.path) as file:
            sources: list[dict[str, Any]] = json.loads(file["sources"].asstr()[()])
            return sources

    def damaged(self) -> Iterator[tuple[str, bool]]:
        """Yield every clip's name and whether its bytes differ from what was written."""
        for name, digest, clip in zip(self.names, self.digests, self, strict=True):
            yield name, clip_digest(clip, clip.coords, clip.confidence) != digest


def clip_metadata(clip: Clip) -> dict[str, Any]:
    """Return everything that is known about a clip but its coordinates."""
    return {
        "name": clip.name,
        "label": clip.label,
        "subject": clip.subject,
        "camera": clip.camera,
        "setup": clip.setup,
        "replication": clip.replication,
        "fps": None if clip.fps is None else float(clip.fps),
        "splits": dict(clip.splits),
        "notes": list(clip.notes),
    }


def clip_digest(clip: Clip, coords: FloatArray, confidence: FloatArray | None) -> str:
    """Return the SHA-256 of a clip as stored: its coordinates, confidence and metadata."""
    digest = hashlib.sha256(json.dumps(clip_metadata(clip), sort_keys=True).encode())
    digest.update(np.ascontiguousarray(coords).data)
    if confidence is not None:
        digest.update(np.ascontiguousarray(confidence).data)
    return digest.hexdigest()


def _opened(path: Path) -> h5py.File:
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise SkelfuseError(
            "no such store", file=path, remedy="make one: skelfuse preprocess INPUT --out STORE"
        ) from None
    except OSError as error:
        raise SkelfuseError(
            "not a store, or a store cut short",
            file=path,
            found=str(error).splitlines()[0],
            remedy="make it anew with skelfuse preprocess",
        ) from None
    version = int(file.attrs.get("format_version", 0))
    if file.attrs.get("format") != FORMAT or not 1 <= version <= FORMAT_VERSION:
        found = file.attrs.get("format", "another kind of HDF5 file")
        file.close()
        raise SkelfuseError(
            "not a store that this version reads",
            file=path,
            expected=f"{FORMAT} version 1 to {FORMAT_VERSION}",
            found=f"{found} version {version}" if version else found,
            remedy="update skelfuse, or make the store anew with skelfuse preprocess",
        )
    return file


def _mapped(dataset: h5py.Dataset, path: Path) -> npt.NDArray[Any]:
    start = dataset.id.get_offset()
    if start is None:  # someone repacked the file with chunks or compression: read it whole
        return np.asarray(dataset[:])
    if path.stat().st_size < start + dataset.size * dataset.dtype.itemsize:
        raise SkelfuseError("the store is cut short", file=path, remedy="make it anew")
    return np.memmap(path, dataset.dtype, mode="r", offset=start, shape=dataset.shape)


def natural_key(text: str) -> list[tuple[int, int, str]]:
    """Order texts as people do: 'clip 9' before 'clip 10'.

    >>> sorted(["A10", "A9", "A10 b"], key=natural_key)
    ['A9', 'A10', 'A10 b']
    """
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for letter in f"{text}\0":
        if letter.isdecimal():
            digits += letter
            continue
        if digits:
            parts.append((0, int(digits), ""))
            digits = ""
        parts.append((1, 0, letter))
    return parts


def class_indices(labels: Mapping[str, int]) -> dict[str, int]:
    """Return a number for each class name, in natural order."""
    return {name: i for i, name in enumerate(sorted(labels, key=natural_key))}
