"""Clips on disk: one HDF5 file in which the frames of all clips lie end to end.

    coords      [R,N,D]  R rows; clip i owns rows offset[i]:offset[i+1], which are its [T,M] frames
    confidence  [R,N]    only if some clip has it
    offset      [C+1]    persons, label, fps [C], and the columns of text, one entry a clip
    intervals, origin    JSON, only if some clip has them: what happens when, what it was cut from
    sources              the files that the clips came from, with their SHA-256

`coords` is one unbroken run of bytes, so that a clip is one seek and any number of processes can
map the file into memory at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip, FloatArray
from skelfuse.clips.provenance import Provenance
from skelfuse.errors import SkelfuseError
from skelfuse.intervals import Interval, Origin
from skelfuse.plain_text import is_plain
from skelfuse.skeleton import Skeleton
from skelfuse.store.digests import clip_digest
from skelfuse.store.hdf5 import PARTS, TEXT_COLUMNS
from skelfuse.store.opening import mapped, metadata_digest, opened, undamaged
from skelfuse.store.seal import ANEW
from skelfuse.store.sound import texts
from skelfuse.store.writer import write_clips
from skelfuse.telling.counted import counted

if TYPE_CHECKING:
    from skelfuse.batches import Augment, ClipDataset, Sampling

TEXTS = 5  # of these columns, what is shown as it is


class Store:
    """The clips of a store, read one at a time; a sequence that can be shared by processes.

    `labels[i]` is the index of the clip's class in `class_names`, -1 where it has none. `subjects`,
    `cameras`, `setups`, `replications` hold None where a clip does not say.
    """

    @classmethod
    def write(cls, path: str | Path, clips: Iterable[Clip], *, half: bool = False) -> Store:
        """Make a store of clips in memory, all of one skeleton, and return it.

        They are kept as `preprocess` keeps those of files: with the people who are seen, the most
        active first, in float32 (`half`: float16). A clip that cannot be kept is an error, and a
        store that was there before stays as it was.

        >>> import tempfile
        >>> from skelfuse.layouts import COCO_17
        >>> draw = np.random.default_rng(0)
        >>> clips = [
        ...     Clip(draw.normal(size=(30, 1, 17, 2)), COCO_17, name=f"clip {i}", label="ab"[i % 2])
        ...     for i in range(4)
        ... ]
        >>> store = Store.write(Path(tempfile.mkdtemp()) / "mine.h5", clips)
        >>> len(store), store.class_names, store[3].label
        (4, ['a', 'b'], 'b')
        """
        write_clips(path, clips, Provenance(half=half))
        return cls(path)

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with undamaged(self.path), opened(self.path) as file:
            self.provenance = Provenance.from_dict(json.loads(file.attrs["provenance"]))
            self.asked: dict[str, Any] = json.loads(file.attrs.get("asked", "{}"))
            self.skeleton = _skeleton(json.loads(file.attrs["skeleton"]), self.path)
            self.class_names: list[str] = json.loads(file.attrs["class_names"])
            self.offset: npt.NDArray[np.int64] = file["offset"][:]
            self.persons: npt.NDArray[np.int32] = file["persons"][:]
            self.labels: npt.NDArray[np.int32] = file["label"][:]
            self.fps: list[float | None] = [None if np.isnan(f) else float(f) for f in file["fps"]]
            columns = {name: texts(file[name], self.path) for name in TEXT_COLUMNS}
            parts = {name: texts(file[name], self.path) for name in PARTS if name in file}
            self._coords = mapped(file["coords"], self.path)
            self._confidence = (
                mapped(file["confidence"], self.path) if "confidence" in file else None
            )
            self.names: list[str] = columns["name"]
            self.subjects, self.cameras, self.setups, self.replications = (
                [text or None for text in columns[name]]
                for name in ("subject", "camera", "setup", "replication")
            )
            self._splits: list[str] = columns["splits"]
            self._notes: list[str] = columns["notes"]
            self.digests: list[str] = columns["digest"]
            self._beside: dict[str, list[str]] = parts
            self._check_columns(
                [*columns.values(), *parts.values(), self.persons, self.labels, self.fps]
            )

    def _check_columns(self, columns: list[Any]) -> None:
        clips, rows = len(self.names), np.diff(self.offset)
        joints = (len(self.skeleton), self.skeleton.dimensions)
        if (
            not isinstance(self.asked, dict)
            or not all(isinstance(name, str) and is_plain(name) for name in self.class_names)
            or not all(is_plain(text) for column in columns[:TEXTS] for text in set(column))
            or {len(rows), *map(len, columns)} != {clips}
            or self._coords.shape != (self.offset[-1], *joints)
            or (self._confidence is not None and self._confidence.shape != self._coords.shape[:2])
            or (clips and (self.offset[0] != 0 or rows.min() < 1 or self.persons.min() < 1))
            or (rows % self.persons).any()
            or (clips and not -1 <= self.labels.min() <= self.labels.max() < len(self.class_names))
        ):
            raise ValueError("columns that do not fit each other, or names that cannot be shown")

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Clip]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        clips = counted(len(self), "clip")
        classes = counted(len(self.class_names), "class", "classes")
        return f"Store({str(self.path)!r}: {clips} of {classes}, {self.skeleton.name})"

    def as_torch_dataset(
        self,
        indices: Sequence[int] | npt.NDArray[np.integer] | None = None,
        *,
        sampling: Sampling | None = None,
        augment: Augment | None = None,
        random: bool = False,
    ) -> ClipDataset:
        """Return clips as a dataset of torch: `x [T,M,N,D]`, `mask [T,M,N]`, number of the class.

        Any `DataLoader` takes it, with any number of workers. `random` draws moments anew each
        time, as in training; `augment` then changes the clips. Training by `skelfuse train` and
        `Batches` reads faster.
        """
        # By its name: batches are made of stores, and a store alone needs no torch.
        dataset: Any = import_module("skelfuse.batches.dataset")
        found: ClipDataset = dataset.ClipDataset(
            self, indices, sampling=sampling, augment=augment, random=random
        )
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return Store, (self.path,)

    @property
    def frames(self) -> npt.NDArray[np.int64]:
        """T of every clip."""
        return np.diff(self.offset) // np.maximum(self.persons, 1)

    @property
    def notes(self) -> list[list[str]]:
        """For every clip what was dropped, repaired or decided on its way into the store."""
        with undamaged(self.path):
            known = {text: list(json.loads(text)) for text in set(self._notes)}
        return [known[text] for text in self._notes]

    @property
    def splits(self) -> list[dict[str, str]]:
        """For every clip the part of each protocol that its file put it in."""
        with undamaged(self.path):
            known = {text: _parts(text) for text in set(self._splits)}
        return [known[text] for text in self._splits]

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
        with undamaged(self.path):
            splits, notes = _parts(self._splits[index]), tuple(json.loads(self._notes[index]))
            intervals, origin = self.intervals(index), self.origin(index)
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
            splits=splits,
            notes=notes,
            intervals=intervals,
            origin=origin,
            ranked=True,
        )

    def intervals(self, index: int) -> tuple[Interval, ...]:
        """Return what happens when in a recording that is kept whole, in order of time."""
        text = self._beside["intervals"][index] if "intervals" in self._beside else ""
        return tuple(map(Interval.from_list, json.loads(text or "[]")))

    def origin(self, index: int) -> Origin | None:
        """Return the part of a recording that a clip was cut from, None where it was not."""
        text = self._beside["origin"][index] if "origin" in self._beside else ""
        return Origin.from_list(json.loads(text)) if text else None

    @property
    def recordings(self) -> list[str]:
        """For every clip the name of the recording that it is of: its own, where it is whole."""
        with undamaged(self.path):
            origins = [self.origin(i) for i in range(len(self))]
        both = zip(origins, self.names, strict=True)
        return [origin.recording if origin else name for origin, name in both]

    def find(self, name: str) -> int:
        """Return the index of a clip by name."""
        if name not in self._index:
            raise SkelfuseError(
                f"no clip named '{name}'",
                file=self.path,
                remedy=f"its clips have names such as {', '.join(self.names[:3])}",
            )
        return self._index[name]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @property
    def sources(self) -> list[dict[str, Any]]:
        """The files that the clips came from: name, bytes, SHA-256, clips, problems."""
        with undamaged(self.path), opened(self.path) as file:
            sources: list[dict[str, Any]] = json.loads(file["sources"].asstr()[()])
            if not all(isinstance(facts, dict) for facts in sources):
                raise ValueError("sources without facts")
            return sources

    def damaged(self) -> Iterator[tuple[str, bool]]:
        """Yield every clip's name and whether its bytes differ from what was written."""
        for i, (name, digest) in enumerate(zip(self.names, self.digests, strict=True)):
            try:
                clip = self[i]
                yield name, clip_digest(clip, clip.coords, clip.confidence) != digest
            except SkelfuseError:  # it is not even a clip any more
                yield name, True

    def check_metadata(self) -> bool:
        """Compare all that is said of clips, files and the store itself with its hash.

        What differs is an error. False is a store of before there was such a hash.
        """
        with undamaged(self.path), opened(self.path) as file:
            written, found = file.attrs.get("digest"), metadata_digest(file)
        if written not in (None, found):
            raise SkelfuseError(
                "the store's metadata have changed since they were written",
                file=self.path,
                remedy=ANEW,
            )
        return written is not None


def _skeleton(values: Any, path: Path) -> Skeleton:
    try:
        return Skeleton.from_dict(values, file=path)
    except SkelfuseError as error:
        raise ValueError(f"in its skeleton, {error.problem}") from None


def _parts(text: str) -> dict[str, str]:
    return dict(json.loads(text).items())
