"""Whether a file may be read at all, which comes before whether it is whole."""

from __future__ import annotations

from pathlib import Path

from skelfuse.errors import SkelfuseError

MAY_READ = "check that it is there and that you may read it"


def check_readable(path: Path) -> None:
    """Raise where a file cannot be opened.

    >>> check_readable(Path("no such file"))
    Traceback (most recent call last):
    skelfuse.errors.SkelfuseError: no such file: cannot read: No such file or directory; \
check that it is there and that you may read it
    """
    try:
        path.open("rb").close()
    except OSError as error:
        raise SkelfuseError(
            f"cannot read: {error.strerror or error}", file=path, remedy=MAY_READ
        ) from None
