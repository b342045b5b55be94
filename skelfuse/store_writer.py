"""Write a store so that nothing is ever lost: beside the old file, in steps that can be taken up.

While it works the writer keeps a folder `NAME.partial` next to the store: the coordinates so far,
and a journal with one line a clip and one line a finished source file. A killed run leaves it; the
next run cuts off what belongs to no finished source and goes on. The finished store is renamed into
place.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse import __version__
from skelfuse.clip import Clip
from skelfuse.errors import SkelfuseError
from skelfuse.skeleton import Skeleton
from skelfuse.store import clip_digest, clip_metadata
from skelfuse.store_file import journal_lines, write_store


def packed(clip: Clip, half: bool = False) -> tuple[dict[str, Any], bytes, bytes]:
    """Turn a clip into its journal line and the bytes of its coordinates and confidence."""
    dtype = np.dtype("<f2" if half else "<f4")
    coords = np.ascontiguousarray(clip.coords, dtype)
    confidence = None if clip.confidence is None else np.ascontiguousarray(clip.confidence, dtype)
    line = {
        **clip_metadata(clip),
        "frames": clip.frames,
        "persons": clip.persons,
        "has_confidence": confidence is not None,
        "digest": clip_digest(clip, coords, confidence),
    }
    filler = np.full(coords.shape[:3], np.nan, dtype) if confidence is None else confidence
    return line, coords.tobytes(), filler.tobytes()


class StoreWriter:
    """Append packed clips, source by source, then `finish`; leaving its `with` closes the files."""

    def __init__(
        self, path: str | Path, *, provenance: dict[str, Any], half: bool = False, resume: bool
    ) -> None:
        self.path = Path(path)
        self.half = half
        self.plan = {"provenance": provenance, "half": half, "version": __version__}
        self.folder = self.path.with_name(self.path.name + ".partial")
        self.skeleton: Skeleton | None = None
        self.done: list[dict[str, Any]] = []  # finished sources
        self.names: dict[str, str] = {}  # clip -> its source
        if resume and (self.folder / "plan.json").exists():
            self._take_up()
        else:
            self._start()

    def _start(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self.folder.mkdir()
        except OSError as error:
            raise SkelfuseError(
                f"cannot write here: {error.strerror}", file=self.path.parent
            ) from None
        self._coords, self._confidence, self._journal = (
            (self.folder / name).open("wb") for name in ("coords", "confidence", "journal")
        )
        _write_whole(self.folder / "plan.json", json.dumps(self.plan))

    def _take_up(self) -> None:
        earlier = json.loads((self.folder / "plan.json").read_text())
        if earlier != self.plan:
            changed = _first_difference(earlier, self.plan)
            raise SkelfuseError(
                f"cannot resume: {changed} is not what the interrupted run had",
                file=self.folder,
                remedy="call it as before, or start afresh without --resume",
            )
        coords = confidence = journal = 0
        pending: dict[str, str] = {}
        rows = 0
        for line, end in journal_lines(self.folder / "journal"):
            if "skeleton" in line:
                self.skeleton = Skeleton.from_dict(line["skeleton"])
            elif "name" in line:
                pending[line["name"]] = line["source"]
                rows += line["frames"] * line["persons"]
            else:
                self.done.append(line)
                self.names.update(pending)
                pending = {}
                coords, confidence, journal = line["coords_end"], line["confidence_end"], end
        if not self.done:
            self.skeleton = None
        files = []
        for name, size in (("coords", coords), ("confidence", confidence), ("journal", journal)):
            os.truncate(self.folder / name, size)
            files.append((self.folder / name).open("ab"))
        self._coords, self._confidence, self._journal = files

    def accept(self, skeleton: Skeleton) -> None:
        """Take the first clip's skeleton as the store's; refuse any other."""
        if self.skeleton is None:
            self.skeleton = skeleton
            self._note({"skeleton": skeleton.to_dict()})
        elif skeleton != self.skeleton:
            raise SkelfuseError(
                "a clip of another skeleton than the clips before it",
                expected=f"{self.skeleton.name} ({len(self.skeleton)} joints)",
                found=f"{skeleton.name} ({len(skeleton)} joints)",
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
        self._coords.write(coords)
        self._confidence.write(confidence)
        self._note({**line, "source": source})

    def finish_source(self, source: dict[str, Any]) -> None:
        """Mark a source file as done: a later resume will not read it again."""
        for file in (self._coords, self._confidence):
            file.flush()  # the data must be there before the line that vouches for it
        ends = {"coords_end": self._coords.tell(), "confidence_end": self._confidence.tell()}
        self._note({**source, **ends})
        self._journal.flush()
        self.done.append(source)

    def _note(self, line: dict[str, Any]) -> None:
        self._journal.write(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Stop here; what is done stays for a resume."""
        for file in (self._coords, self._confidence, self._journal):
            file.close()

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def finish(self) -> None:
        """Write the whole store aside, rename it into place, and remove the partial folder."""
        self.close()
        assert self.skeleton is not None, "finish() without any clip"
        whole = self.folder / "store.h5"
        write_store(whole, self.folder, self.skeleton, provenance=self.plan, half=self.half)
        whole.replace(self.path)
        (self.folder / "plan.json").unlink()  # first, so that half a folder is never taken up
        shutil.rmtree(self.folder)


def _write_whole(path: Path, text: str) -> None:
    aside = path.with_suffix(".new")
    aside.write_text(text)
    aside.replace(path)


def _first_difference(earlier: Any, now: Any, where: str = "plan") -> str:
    if isinstance(earlier, dict) and isinstance(now, dict):
        for key in [*earlier, *now]:
            if earlier.get(key) != now.get(key):
                return _first_difference(earlier.get(key), now.get(key), key)
    return f"'{where}' ({now!r}, then {earlier!r})"
