"""From raw skeleton files to a store; a bad file is told and never stops the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from skelfuse.datasets.labels.telling import label_lines
from skelfuse.datasets.pieces import Piece, read_source
from skelfuse.datasets.preprocess_options import PreprocessOptions
from skelfuse.datasets.resume import seen, unchanged
from skelfuse.datasets.sources import Source, find_sources
from skelfuse.datasets.workers import read_in_order
from skelfuse.errors import SkelfuseError
from skelfuse.store.joint_order import reordered
from skelfuse.store.writer import StoreWriter

__all__ = ["Outcome", "PreprocessOptions", "find_sources", "preprocess"]

Progress = Callable[[int, int], None]  # (sources done, sources with a problem)


@dataclass(frozen=True)
class Outcome:
    """What became of every source, and the error that ended the work early, if one did."""

    sources: list[dict[str, Any]]
    error: SkelfuseError | None = None

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Everything that was wrong with the files: file, line, message."""
        return [problem for facts in self.sources for problem in facts["problems"]]

    @property
    def bad(self) -> int:
        """How many sources had a problem."""
        return sum(bool(facts["problems"]) for facts in self.sources)

    @property
    def notes(self) -> list[list[str]]:
        """What was decided on the way, of every clip that has a note."""
        return [notes for facts in self.sources for notes in facts.get("notes", {}).values()]

    @property
    def marks(self) -> dict[str, int]:
        """How many joints are at numbers that may mean "not seen", the most frequent first."""
        found: Counter[str] = Counter()
        for facts in self.sources:
            found.update(facts.get("marks", {}))
        return dict(found.most_common())

    @property
    def left_out(self) -> int:
        """How many clips were left out, as they are on the skip list."""
        return sum(facts.get("left_out", 0) for facts in self.sources)


def preprocess(
    sources: Sequence[Source],
    out: Path,
    options: PreprocessOptions,
    *,
    jobs: int,
    resume: bool = False,
    strict: bool = False,
    asked: Mapping[str, Any] | None = None,
    progress: Progress = lambda done, bad: None,
) -> Outcome:
    """Read all sources into the store `out`; with `strict` stop at the first problem.

    A bad line of the table of labels is one too. The store keeps `asked`, the words of whoever had
    it made.

    In every case but success the old file at `out` stays as it was, and what is done so far waits
    in `out.partial` for `resume`.
    """
    table = options.labels.table if options.labels else None
    if strict and table is not None and table.problems:
        raise table.problems[0]
    plan = options.described()
    judge = unchanged(sources, options, out)
    with StoreWriter(
        out, provenance=plan, half=options.half, resume=resume, asked=asked, unchanged=judge
    ) as writer:
        done = writer.done
        bad = sum(bool(facts["problems"]) for facts in done)
        progress(len(done), bad)
        facts, errors = _new_facts(), 0
        read = partial(read_source, options=options)
        for piece in read_in_order(read, sources[len(done) :], jobs=jobs):
            errors += len(piece.errors)
            _store(writer, piece, facts)
            if strict and facts["problems"]:
                return Outcome([*done, {"source": piece.source.name, **facts}], piece.errors[0])
            if piece.labels is not None:
                facts["labels"] = piece.labels
            if piece.fingerprint is not None:
                facts["bytes"], facts["sha256"] = piece.fingerprint
                told = {"source": piece.source.name, **facts}
                writer.finish_source(told, seen(piece, errors))
                bad += bool(facts["problems"])
                progress(len(done), bad)
                facts, errors = _new_facts(), 0
        if not writer.names:
            return Outcome(done, _nothing_usable(done, options))
        writer.finish()
    return Outcome(done)


def _new_facts() -> dict[str, Any]:
    return {"bytes": 0, "sha256": "", "clips": 0, "problems": []}


def _store(writer: StoreWriter, piece: Piece, facts: dict[str, Any]) -> None:
    path = str(piece.source.path)
    if piece.skipped:
        facts["skipped"] = True
    if piece.skipped or piece.left_out:
        facts["left_out"] = facts.get("left_out", 0) + piece.skipped + piece.left_out
    for mark, count in piece.marks.items():
        facts["marks"] = facts.get("marks", {})
        facts["marks"][f"{mark:g}"] = facts["marks"].get(f"{mark:g}", 0) + count
    for skeleton, clip in zip(piece.skeletons, piece.clips, strict=True):
        try:
            writer.accept(skeleton)
            assert writer.skeleton is not None
            ordered = reordered(clip, skeleton, writer.skeleton, half=writer.half)
            writer.add(*ordered, source=path)
            facts["clips"] += 1
        except SkelfuseError as error:
            piece.errors.append(error.at(path))
    facts["problems"] += [
        {"file": error.file, "line": error.line, "message": str(error)} for error in piece.errors
    ]


def _nothing_usable(done: list[dict[str, Any]], options: PreprocessOptions) -> SkelfuseError:
    problems = [problem["message"] for facts in done for problem in facts["problems"]]
    first = f"the first problem: {problems[0]}" if problems else "all of them are on the skip list"
    if options.labels and not problems and not any(facts.get("left_out") for facts in done):
        first = "; ".join(line.strip() for line in label_lines(options.labels, done))
    return SkelfuseError(f"none of the {len(done)} files gave a clip", remedy=first)
