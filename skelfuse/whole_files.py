"""Files that are replaced all together: until each of them is whole, the old ones stay."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from skelfuse.errors import SkelfuseError


@contextmanager
def replaced_together(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Give a path to write for each of `paths`; at the end what was written takes their places.

    If anything fails before, the disk being full for one, nothing of it is left, and what was there
    is as it was. A pipe or a device is written to as it is.

    >>> import tempfile
    >>> page = Path(tempfile.mkdtemp()) / "page.html"
    >>> _ = page.write_text("old")
    >>> with replaced_together([page]) as (new,):
    ...     _ = new.write_text("new")
    ...     page.read_text()
    'old'
    >>> page.read_text(), [path.name for path in page.parent.iterdir()]
    ('new', ['page.html'])
    """
    places = [Path(os.path.realpath(path)) for path in paths]  # a link stays one
    for path in filter(Path.is_dir, paths):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    ordinary = [path.is_file() or not path.exists() for path in paths]
    new = [
        place.with_name(f"{place.name}.new") if aside else path
        for path, place, aside in zip(paths, places, ordinary, strict=True)
    ]
    try:
        yield new
        for written, place, aside in zip(new, places, ordinary, strict=True):
            if aside and written.exists():
                written.replace(place)
    finally:
        for written, aside in zip(new, ordinary, strict=True):
            if aside:
                with suppress(OSError):
                    written.unlink()


def write_text(path: str | Path, text: str, *, what: str) -> None:
    """Write text at `path`, whole or not at all; an error says that it was `what`.

    >>> import tempfile
    >>> page = Path(tempfile.mkdtemp()) / "page.html"
    >>> write_text(page, "new", what="the page")
    >>> page.read_text()
    'new'
    """
    path = Path(path)
    try:
        with replaced_together([path]) as (new,):
            new.write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(what, path, error) from None


def cannot_write(what: str, path: Path, error: OSError) -> SkelfuseError:
    """Return the error for something that cannot be written.

    >>> print(cannot_write("the page", Path("page.html"), OSError(28, "No space left on device")))
    page.html: cannot write the page: No space left on device; make room, or choose another place
    """
    return SkelfuseError(
        f"cannot write {what}: {error.strerror or error}",
        file=path,
        remedy="make room, or choose another place",
    )
