"""Which sources of an interrupted run need not be read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skelfuse.datasets.pieces import Piece, read_source
from skelfuse.datasets.preprocess_options import PreprocessOptions
from skelfuse.datasets.source_files import fingerprint, stamp
from skelfuse.datasets.sources import Source
from skelfuse.errors import SkelfuseError
from skelfuse.store.journal import AFRESH, Unchanged


def seen(piece: Piece, errors: int) -> dict[str, Any]:
    """Return what is kept of a source that is done, to know later whether it has changed.

    `errors` is how often it could not be read; what the store would not take is no matter here.
    """
    return {"place": piece.source.place, "stamp": piece.stamp, "errors": errors}


def unchanged(sources: Sequence[Source], options: PreprocessOptions, out: Path) -> Unchanged:
    """Return the judge of an interrupted run's sources: whether each is still what was read.

    A source at another place, or none, is an error: the files are not those of that run. One that
    looks changed is compared by its SHA-256; one that had problems is read again, as what was wrong
    may lie beside it.
    """

    def judge(number: int, facts: Mapping[str, Any], was: Any) -> bool:
        source = sources[number] if number < len(sources) else None
        place = was["place"]
        if source is None or (source.name, source.place) != (facts["source"], place):
            raise SkelfuseError(
                "cannot resume: the input files are not those of the interrupted run",
                file=f"{out}.partial",
                expected=place,
                found=source.place if source else "nothing",
                remedy=AFRESH,
            )
        if facts.get("skipped"):
            return True
        if was["errors"] and not _as_bad(source, facts, was["errors"], options):
            return False
        if was["stamp"] is not None and stamp(source.path, source.format) == was["stamp"]:
            return True
        try:
            return fingerprint(source.path, source.format) == (facts["bytes"], facts["sha256"])
        except (OSError, SkelfuseError):
            return False

    return judge


def _as_bad(
    source: Source, facts: Mapping[str, Any], errors: int, options: PreprocessOptions
) -> bool:
    """Whether a source still gives the errors that it gave, and no other."""
    told = {problem["message"] for problem in facts["problems"]}
    found = [error for piece in read_source(source, options) for error in piece.errors]
    return len(found) == errors and {str(error) for error in found} <= told
