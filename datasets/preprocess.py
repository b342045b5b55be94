"""From raw skeleton files to a store; a bad file is told and never stops the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.format import Format, ReadOptions
from skelfuse.datasets.formats import recognise
from skelfuse.datasets.reading.contents import fingerprint
from skelfuse.datasets.workers import in_order
from skelfuse.errors import SkelfuseError
from skelfuse.preparation import prepare
from skelfuse.skeleton import Skeleton
from skelfuse.store_writer import StoreWriter, packed

CLIPS_IN_A_PIECE = 64
MANY_SOURCES = 32

Progress = Callable[[int, int], None]  # (sources done, sources with a problem)


@dataclass(frozen=True)
class PreprocessOptions:
    """What to do with the files between disk and store."""

    format: str = "auto"
    reading: ReadOptions = field(default_factory=ReadOptions)
    skip: frozenset[str] = frozenset()  # names of clips to leave out
    align: bool = False  # turn every clip so that its first body faces the camera
    scale: bool = False  # divide by the torso's length
    half: bool = False  # store float16

    def described(self) -> dict[str, Any]:
        """Return the options as plain values, for the store's provenance."""
        reading = asdict(self.reading)
        if self.reading.skeleton is not None:
            reading["skeleton"] = self.reading.skeleton.name
        if self.reading.class_names is not None:
            reading["class_names"] = self.reading.class_names.name
        skip = hashlib.sha256("\n".join(sorted(self.skip)).encode()).hexdigest()
        return {
            "format": self.format,
            **reading,
            "skip": {"names": len(self.skip), "sha256": skip},
            "align": self.align,
            "scale": self.scale,
        }


@dataclass(frozen=True)
class Source:
    """One input file, its format, and the name by which the store and the report speak of it."""

    path: Path
    format: str
    name: str


@dataclass
class Piece:
    """Some packed clips of one source; the last piece also says how it went."""

    source: str
    skeletons: list[Skeleton] = field(default_factory=list)
    clips: list[tuple[dict[str, Any], bytes, bytes]] = field(default_factory=list)
    errors: list[SkelfuseError] = field(default_factory=list)
    fingerprint: tuple[int, str] | None = None  # bytes and SHA-256, with the last piece


@dataclass(frozen=True)
class Outcome:
    """What became of every source, and the error that ended the work early, if one did."""

    sources: list[dict[str, Any]]
    error: SkelfuseError | None = None

    @property
    def problems(self) -> list[dict[str, Any]]:
        """Everything that was wrong with the files: file, line, message."""
        return [problem for facts in self.sources for problem in facts["problems"]]


def find_sources(inputs: Sequence[Path], options: PreprocessOptions) -> list[Source]:
    """List the source files under the inputs, in the order in which they will be stored."""
    sources: list[Source] = []
    for path in inputs:
        form: Format
        form, files = recognise(path, options.format)
        top = path if path.is_dir() else path.parent
        skipped = 0 if top == Path() else len(str(top)) + 1  # quicker than relative_to
        sources += [Source(file, form.name, str(file)[skipped:]) for file in files]
    return sources


def read_source(source: Source, options: PreprocessOptions) -> Iterator[Piece]:
    """Yield one source's clips; whatever is wrong with it is in the last piece, not raised."""
    piece = Piece(source.name)
    if source.path.stem in options.skip:
        piece.fingerprint = (0, "")
        yield piece
        return
    for clip in clips_in(source.path, source.format, options.reading):
        try:
            if isinstance(clip, SkelfuseError):
                raise clip
            if clip.name in options.skip:
                continue
            prepared = prepare(clip, align=options.align, scale=options.scale)
            piece.skeletons.append(prepared.skeleton)
            piece.clips.append(packed(prepared, options.half))
        except SkelfuseError as error:
            piece.errors.append(error.at(source.path))
        if len(piece.clips) == CLIPS_IN_A_PIECE:
            yield piece
            piece = Piece(source.name)
    try:
        piece.fingerprint = fingerprint(source.path)
    except OSError:  # it could not be read above either, and that was told
        piece.fingerprint = (0, "")
    yield piece


def _read_whole(source: Source, options: PreprocessOptions) -> list[Piece]:
    return list(read_source(source, options))


def preprocess(
    sources: Sequence[Source],
    out: Path,
    options: PreprocessOptions,
    *,
    jobs: int,
    resume: bool = False,
    strict: bool = False,
    progress: Progress = lambda done, bad: None,
) -> Outcome:
    """Read all sources into the store `out`; with `strict` stop at the first problem.

    In every case but success the old file at `out` stays as it was, and what is done so far waits
    in `out.partial` for `resume`.
    """
    plan = options.described()
    with StoreWriter(out, provenance=plan, half=options.half, resume=resume) as writer:
        done = writer.done
        _check_resumed(sources, done, out)
        bad = sum(bool(facts["problems"]) for facts in done)
        progress(len(done), bad)
        facts = _new_facts()
        for piece in _pieces(sources[len(done) :], options, jobs):
            _store(writer, piece, facts)
            if strict and facts["problems"]:
                return Outcome([*done, {"source": piece.source, **facts}], piece.errors[0])
            if piece.fingerprint is not None:
                facts["bytes"], facts["sha256"] = piece.fingerprint
                writer.finish_source({"source": piece.source, **facts})
                bad += bool(facts["problems"])
                progress(len(done), bad)
                facts = _new_facts()
        if not writer.names:
            return Outcome(done, _nothing_usable(done))
        writer.finish()
    return Outcome(done)


def _pieces(sources: Sequence[Source], options: PreprocessOptions, jobs: int) -> Iterator[Piece]:
    """Many small files go to worker processes; a few large ones are read here, piece by piece."""
    if jobs > 1 and len(sources) > MANY_SOURCES:
        for pieces in in_order(partial(_read_whole, options=options), sources, jobs=jobs):
            yield from pieces
    else:
        for source in sources:
            yield from read_source(source, options)


def _new_facts() -> dict[str, Any]:
    return {"bytes": 0, "sha256": "", "clips": 0, "problems": []}


def _store(writer: StoreWriter, piece: Piece, facts: dict[str, Any]) -> None:
    for skeleton, clip in zip(piece.skeletons, piece.clips, strict=True):
        try:
            writer.accept(skeleton)
            writer.add(*clip, source=piece.source)
            facts["clips"] += 1
        except SkelfuseError as error:
            piece.errors.append(error.at(piece.source))
    facts["problems"] += [
        {"file": error.file, "line": error.line, "message": str(error)} for error in piece.errors
    ]


def _check_resumed(sources: Sequence[Source], done: list[dict[str, Any]], out: Path) -> None:
    for i, facts in enumerate(done):
        name = sources[i].name if i < len(sources) else "nothing"
        if name != facts["source"]:
            raise SkelfuseError(
                "cannot resume: the input files are not those of the interrupted run",
                file=f"{out}.partial",
                expected=facts["source"],
                found=name,
                remedy="start afresh without --resume",
            )


def _nothing_usable(done: list[dict[str, Any]]) -> SkelfuseError:
    problems = [problem["message"] for facts in done for problem in facts["problems"]]
    first = f"the first problem: {problems[0]}" if problems else "all of them are on the skip list"
    return SkelfuseError(f"none of the {len(done)} files gave a clip", remedy=first)
