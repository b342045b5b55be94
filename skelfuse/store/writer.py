"""Write a store so that nothing is ever lost: beside the old file, in steps that can be taken up.

While it works the writer keeps a folder `NAME.partial` next to the store: the coordinates so far,
and a journal with one line a clip and one line a finished source file. A killed run leaves it; the
next run cuts off what belongs to no finished source, or to one that has changed since, and goes on.
The finished store is renamed into place.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse import __version__
from skelfuse.clip import Clip, FloatArray
from skelfuse.clips.half import halved
from skelfuse.clips.preparation import Preparation
from skelfuse.clips.provenance import Provenance
from skelfuse.errors import SkelfuseError
from skelfuse.files import atomic_write
from skelfuse.same_body import difference
from skelfuse.skeleton import Skeleton
from skelfuse.store.digests import clip_digest, clip_metadata
from skelfuse.store.hdf5 import write_store
from skelfuse.store.journal import AFRESH, Taken, Unchanged, cut, facts_of, journal_line, take_up
from skelfuse.store.place import PLAN, Place, check_replaceable

MEMORY = "clips in memory"  # in the place of a file's name


def packed(clip: Clip, half: bool = False) -> tuple[dict[str, Any], bytes, bytes]:
    """Turn a clip into its journal line and the bytes of its coordinates and confidence."""
    dtype = np.dtype("<f2" if half else "<f4")

    def stored(numbers: FloatArray) -> FloatArray:
        small = halved(numbers, of=f"clip '{clip.name}'") if half else numbers
        return np.ascontiguousarray(small, dtype)

    coords = stored(clip.coords)
    confidence = None if clip.confidence is None else stored(clip.confidence)
    line = {
        **clip_metadata(clip),
        "frames": clip.frames,
        "persons": clip.persons,
        "has_confidence": confidence is not None,
        "digest": clip_digest(clip, coords, confidence),
    }
    filler = np.full(coords.shape[:3], np.nan, dtype) if confidence is None else confidence
    return line, coords.tobytes(), filler.tobytes()


def write_clips(path: str | Path, clips: Iterable[Clip], made: Provenance) -> None:
    """Write a store of clips in memory; see `Store.write`. `made` says what was done to them."""
    half, options = made.half, dict(made.options)
    with StoreWriter(path, provenance=options, half=half, resume=False) as writer:
        try:
            for clip in clips:
                writer.accept(clip.skeleton)
                prepared = Preparation(clip.skeleton, half=half).prepared(clip)
                writer.add(*packed(prepared, half), source=MEMORY)
            if not writer.names:
                raise SkelfuseError("no clips to write", remedy="give one or more")
            facts = {"bytes": 0, "sha256": "", "clips": len(writer.names), "problems": []}
            writer.finish_source({"source": MEMORY, **facts})
            writer.finish()
        except BaseException:
            writer.discard()  # nothing can take it up: the clips were in memory
            raise


class StoreWriter:
    """Append packed clips, source by source, then `finish`; leaving its `with` closes the files.

    `provenance` says how the clips were made: a run that is taken up must have the same. `asked`
    is only kept in the store: what was to be read. `unchanged` says whether a source that an
    interrupted run has finished is still what it was.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        provenance: dict[str, Any],
        half: bool = False,
        resume: bool,
        asked: Mapping[str, Any] | None = None,
        unchanged: Unchanged = lambda number, facts, seen: True,
    ) -> None:
        check_replaceable(Path(path))
        # A link stays one: the store that it leads to is replaced.
        self.path = Path(os.path.realpath(path) if Path(path).is_symlink() else path)
        self.half = half
        self.plan = {"provenance": provenance, "half": half, "version": __version__}
        self.asked = dict(asked or {})
        self._place = Place(self.path)
        self.folder = self._place.folder
        try:
            if resume and (self.folder / PLAN).exists():
                self._check_plan()
                taken = take_up(self.folder, half=half, unchanged=unchanged)
                cut(self.folder, taken)
            else:
                taken = Taken()
                self._place.clear()
            self.skeleton = taken.skeleton
            self.done = taken.done  # finished sources
            self.names = taken.names  # clip -> its source
            self._notes: dict[str, list[str]] = {}  # of the clips of the source in work
            self._coords, self._confidence, self._journal = (
                (self.folder / name).open("ab") for name in ("coords", "confidence", "journal")
            )
            with atomic_write(self.folder / PLAN) as new:
                new.write_text(json.dumps(self.plan))
        except BaseException:
            self._place.leave()
            raise

    def _check_plan(self) -> None:
        try:
            earlier = json.loads((self.folder / PLAN).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise SkelfuseError(
                f"cannot resume: the interrupted run's plan is damaged: {error}",
                file=self.folder / PLAN,
                remedy=AFRESH,
            ) from None
        if earlier != self.plan:
            changed = _first_difference(earlier, self.plan)
            raise SkelfuseError(
                f"cannot resume: {changed} is not what the interrupted run had",
                file=self.folder,
                remedy=f"call it as before, or {AFRESH}",
            )

    def accept(self, skeleton: Skeleton) -> None:
        """Take the first clip's skeleton as the store's; refuse any other body."""
        if self.skeleton is None:
            self.skeleton = skeleton
            self._note({"skeleton": skeleton.to_dict()})
        if differs := difference(self.skeleton, skeleton):
            raise SkelfuseError(
                "a clip of another skeleton than the clips before it",
                expected=f"{self.skeleton.name} ({len(self.skeleton)} joints)",
                found=f"{skeleton.name} ({len(skeleton)} joints): {differs}",
                remedy="make one store for each skeleton",
            )

    def add(self, line: dict[str, Any], coords: bytes, confidence: bytes, source: str) -> None:
        """Append one packed clip; a name that is there already is an error."""
        if line["name"] in self.names:
            raise SkelfuseError(
                f"a clip named '{line['name']}' is there already",
                found=f"the first one in {self.names[line['name']]}",
                remedy="rename or remove one of them; the first was kept",
            )
        self.names[line["name"]] = source
        with self._writing():
            self._coords.write(coords)
            self._confidence.write(confidence)
            self._note({**line, "source": source})
        if line["notes"]:
            self._notes[line["name"]] = line["notes"]

    def finish_source(self, source: dict[str, Any], seen: Any = None) -> None:
        """Mark a source file as done: a later resume does not read it while it is as `seen`."""
        with self._writing():
            for file in (self._coords, self._confidence):
                file.flush()  # the data must be there before the line that vouches for it
            ends = {"coords_end": self._coords.tell(), "confidence_end": self._confidence.tell()}
            self._note({**source, **ends, "seen": seen})
            self._journal.flush()
        self.done.append(facts_of(source, self._notes))
        self._notes = {}

    def _note(self, line: dict[str, Any]) -> None:
        self._journal.write(journal_line(line))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:  # h5py has the one or the other
            raise SkelfuseError(
                f"cannot write the store: {_reason(error)}",
                file=self.folder,
                remedy="make room, then go on with --resume",
            ) from None

    def discard(self) -> None:
        """Stop here, and leave nothing but the old store, if there is one."""
        with suppress(SkelfuseError):
            self._close_files()
        self._place.remove()

    def close(self) -> None:
        """Stop here; what is done stays for a resume."""
        try:
            self._close_files()
        finally:
            self._place.leave()

    def _close_files(self) -> None:
        with self._writing(), ExitStack() as files:
            for file in (self._coords, self._confidence, self._journal):
                files.callback(file.close)

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, kind: object, error: object, at: object) -> None:
        with suppress(*[SkelfuseError] if error else []):  # the first error is the one to tell
            self.close()

    def finish(self) -> None:
        """Write the whole store aside, rename it into place, and remove the partial folder."""
        self._close_files()
        assert self.skeleton is not None, "finish() without any clip"
        whole = self.folder / "store.h5"
        with self._writing():
            write_store(
                whole,
                self.folder,
                self.skeleton,
                provenance=self.plan,
                asked=self.asked,
                half=self.half,
            )
            check_replaceable(self.path)  # it may have come in the meantime
            if self.path.exists():
                shutil.copymode(self.path, whole)
            whole.replace(self.path)
            self._place.remove()


def _reason(error: OSError | RuntimeError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    number = re.search(r"errno = (\d+)", str(error))
    return os.strerror(int(number[1])) if number else str(error)


def _first_difference(earlier: Any, now: Any, where: str = "plan") -> str:
    if isinstance(earlier, dict) and isinstance(now, dict):
        for key in [*earlier, *now]:
            if earlier.get(key) != now.get(key):
                return _first_difference(earlier.get(key), now.get(key), key)
    return f"'{where}' ({now!r}, then {earlier!r})"
