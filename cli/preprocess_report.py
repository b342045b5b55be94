"""What `skelfuse preprocess` tells when it is done, on the screen and in a file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from skelfuse.cli.messages import complain, output, say, verbose
from skelfuse.datasets.labels.labelling import Labelling
from skelfuse.datasets.labels.telling import label_lines
from skelfuse.datasets.preprocess import Outcome
from skelfuse.datasets.summary import alike, headline
from skelfuse.errors import SkelfuseError
from skelfuse.files import atomic_write, cannot_write
from skelfuse.store import Store
from skelfuse.telling.counted import counted
from skelfuse.telling.note_lines import note_lines, tally

PROBLEMS_SHOWN = 10
MARKS_SHOWN = 3
CLASSES_SHOWN = 3
BEGINNING = b'{\n "store": '  # of every report
ELSEWHERE = "give the report another name"


def check_report(path: Path, *, store: Path) -> None:
    """Refuse a report that would replace something else, or that cannot be written later."""
    place = Path(os.path.realpath(path))
    if place == Path(os.path.realpath(store)):
        raise SkelfuseError("the report would replace the store", file=path, remedy=ELSEWHERE)
    if os.path.lexists(place) and not place.is_file():
        return  # a pipe, a terminal: nothing is replaced
    try:
        if place.is_file():
            with place.open("rb+") as file:
                start = file.read(len(BEGINNING))
            if start not in (b"", BEGINNING):
                raise SkelfuseError(
                    "a file of this name exists, and it is not a report of preprocess",
                    file=path,
                    remedy=f"{ELSEWHERE}, or move the file away",
                )
        place.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place.parent).close()
    except OSError as error:
        raise cannot_write("the report", path, error) from None


def write_report(path: Path, store: Path, outcome: Outcome) -> bool:
    """Write the result for every file; if that fails, report it and return False."""
    report = {"store": str(store), "problems": outcome.problems, "sources": outcome.sources}
    try:
        with atomic_write(path) as new:
            new.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        complain(f"Error: {cannot_write('the report', path, error)}")
        return False
    return True


def tell(outcome: Outcome, store: Path, *, skip: int, report: Path | None) -> None:
    """Print what the store holds, what was left out, and the first problems."""
    if skip:
        say(f"skip list: {counted(skip, 'name')}, {outcome.left_out:,} found and left out")
    if outcome.error:
        return
    made = Store(store)
    output(headline(made))
    for note in alike(made.class_names)[:CLASSES_SHOWN]:
        say(f"note: {note}")
    where = f"all are in {report}" if report else "--report FILE lists them all"
    for line in note_lines(tally(outcome.notes), more=where):
        say(f"note: {line}")
    for mark, count in list(outcome.marks.items())[:MARKS_SHOWN]:
        told = f"{counted(count, 'joint is', 'joints are')} at {mark} in all axes, far from"
        say(f"note: {told} their bodies; if that means 'not seen': --missing {mark}")
    if not outcome.bad:
        return
    complain(f"{outcome.bad} of {len(outcome.sources)} files had a problem:")
    shown = len(outcome.problems) if verbose() else PROBLEMS_SHOWN
    _list([problem["message"] for problem in outcome.problems], shown, f"; {where}")


def tell_labels(labels: Labelling | None, outcome: Outcome) -> bool:
    """Print the result for the labels; return whether lines of their table were bad."""
    if labels is None or outcome.error:
        return False
    table = labels.table
    notes = [f"  {note}" for note in table.notes] if table else []
    for line in [*label_lines(labels, outcome.sources), *notes]:
        say(line)
    problems = table.problems if table else ()
    if problems:
        complain(f"{len(problems)} of its lines had a problem, and were left out:")
    _list(problems, PROBLEMS_SHOWN)
    return bool(problems)


def _list(problems: Sequence[object], shown: int, where: str = "") -> None:
    for problem in problems[:shown]:
        complain(f"  {problem}")
    if len(problems) > shown:
        complain(f"  ... and {len(problems) - shown} more{where}")
