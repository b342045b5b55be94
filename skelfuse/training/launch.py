"""Launches by torchrun: which of them a run belongs to, and who of their processes tells an error.

The restarts of a launch go on with the run that it began, and with no other. So a launch that
begins a run, or is told to resume one, leaves its name in the run's folder until the run is
finished: by that name its processes, started anew, know that the run they find is their own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from skelfuse.errors import SkelfuseError
from skelfuse.training.distributed import restarted
from skelfuse.training.log import write_whole

MARK = "launch.txt"
NAME = "TORCHELASTIC_RUN_ID"
LEADER_FIRST = 5.0  # seconds; torchrun looks at its processes every tenth of one


def begin_launch(folder: Path) -> None:
    """Leave the name of this launch in a run's folder; alone, take away another's.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> begin_launch(folder)                                # not by torchrun
    >>> list(folder.iterdir()), of_this_launch(folder)
    ([], False)
    """
    name = os.environ.get(NAME)
    if name is None:
        end_launch(folder)
    else:
        write_whole(folder / MARK, name)


def end_launch(folder: Path) -> None:
    """Take the name away: the run belongs to no launch any more."""
    with suppress(OSError):  # a folder that may not be written to is nobody's
        (folder / MARK).unlink(missing_ok=True)


def of_this_launch(folder: Path) -> bool:
    """Return whether torchrun started this process anew, and the run there is its own."""
    if not restarted():
        return False
    try:
        return (folder / MARK).read_text("utf-8") == os.environ.get(NAME)
    except (OSError, UnicodeDecodeError):
        return False


@contextmanager
def leader_first() -> Iterator[None]:
    """Let the leading process be the one that tells an error that all processes meet.

    torchrun ends the others as soon as it has gone. What it did not meet, another tells after a
    few seconds.

    >>> with leader_first():
    ...     raise SkelfuseError("no such store")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: no such store
    """
    try:
        yield
    except SkelfuseError:
        if NAME in os.environ and os.environ.get("RANK", "0") != "0":
            time.sleep(LEADER_FIRST)
        raise
