"""Whether a file may be read at all, and writing one so that it is there whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from skelfuse.errors import SkelfuseError

MAY_READ = "check that it is there and that you may read it"
LEAVE_OUT = "leave it out"
DAMAGED = (
    "the file is damaged, or of a kind that is not read: fetch or write it again, or leave it out"
)
OTHER_PLACE = "make room, or choose another place"
NAME_KEPT = 40  # letters of a file's name that its temporary file has too
_LEFTOVER = re.compile(r"\..*\.[0-9a-f]{16}\.new", re.DOTALL)


def check_readable(path: Path) -> None:
    """Raise where there is no file that can be opened; a pipe or a device could keep us for ever.

    >>> check_readable(Path("no such file"))
    Traceback (most recent call last):
    skelfuse.errors.SkelfuseError: no such file: cannot read: No such file or directory; \
check that it is there and that you may read it
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            what = "a folder" if path.is_dir() else "a pipe, a device or the like"
            raise SkelfuseError("not a file", file=path, found=what, remedy=LEAVE_OUT)
        path.open("rb").close()
    except OSError as error:
        raise as_error(error, path) from None


def as_error(error: Exception, path: Path) -> SkelfuseError:
    """Return whatever went wrong with a file as the error of that file.

    >>> print(as_error(OverflowError("too large"), Path("a.npz")))
    a.npz: cannot be read: OverflowError, too large; the file is damaged, or of a kind that is not \
read: fetch or write it again, or leave it out
    """
    if isinstance(error, SkelfuseError):
        return error.at(path)
    if isinstance(error, OSError):
        told, remedy = f"cannot read: {error.strerror or error}", MAY_READ
    elif isinstance(error, MemoryError):
        told, remedy = "cannot be read: it needs more memory than there is", LEAVE_OUT
    else:
        first = (str(error).strip().splitlines() or [""])[0][:120]
        what = ", ".join(filter(None, (type(error).__name__, first)))
        told, remedy = f"cannot be read: {what}", DAMAGED
    return SkelfuseError(told, file=path, remedy=remedy)


@contextmanager
def damage_told(
    path: Path,
    what: str,
    remedy: str,
    *,
    told: tuple[type[Exception], ...] = (),  # by others, in words of their own
) -> Iterator[None]:
    """Take a file to be whole: what goes wrong in this `with` is damage to it.

    >>> with damage_told(Path("s.h5"), "the store", "make it anew"):
    ...     {}["skeleton"]
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: s.h5: the store is damaged: found KeyError 'skeleton'; \
make it anew
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, (SkelfuseError, *told)):
            raise
        first = (str(error).splitlines() or [""])[0][:120]
        raise SkelfuseError(
            f"{what} is damaged",
            file=path,
            found=f"{type(error).__name__} {first}".strip(),
            remedy=remedy,
        ) from None


@contextmanager
def atomic_write(path: Path, *, flush: bool = False) -> Iterator[Path]:
    """Give a new, empty file to write; at the end it takes the place of `path`.

    If anything fails before, a full disk for one, the old file is as it was and nothing else is
    left. The new file has a name of its own, so that two writers at once never meet; the last one
    to end wins. A link at `path` stays, and the file that it leads to is replaced. The permissions
    of the old file are kept. A pipe or a device is written to as it is. With `flush` the file is on
    the disk, not only on its way there, before it is renamed.

    >>> import tempfile
    >>> page = Path(tempfile.mkdtemp()) / "page.html"
    >>> _ = page.write_text("old")
    >>> with atomic_write(page) as new:
    ...     _ = new.write_text("new")
    ...     page.read_text()
    'old'
    >>> page.read_text(), [path.name for path in page.parent.iterdir()]
    ('new', ['page.html'])
    """
    target = Path(os.path.realpath(path))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if target.is_symlink():  # links that lead in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if path.exists() and not path.is_file():
        yield path
        return
    before = target.stat() if target.exists() else None
    # A name of its own, at which there is nothing: what is there is never opened.
    new = target.with_name(f".{target.name[:NAME_KEPT]}.{secrets.token_hex(8)}.new")
    new.touch(exist_ok=False)
    try:
        if before is not None:  # nobody may read it now who may not read it later
            new.chmod(stat.S_IMODE(before.st_mode) | stat.S_IWUSR)
        yield new
        if before is not None:
            _keep_owner(new, before)
        if flush:
            flush_to_disk(new)
        new.replace(target)
        if flush:
            flush_to_disk(target.parent)
    finally:
        with suppress(OSError):  # it is gone, or in a folder that lets nothing be taken out
            new.unlink()


def _keep_owner(new: Path, before: os.stat_result) -> None:
    if hasattr(os, "chown"):
        with suppress(OSError):  # only few may give a file away
            os.chown(new, before.st_uid, before.st_gid)
    new.chmod(stat.S_IMODE(before.st_mode))


def flush_to_disk(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    if os.name == "nt":  # neither folders nor files opened for reading can be flushed there
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def is_leftover(name: str) -> bool:
    """Tell whether a file name is one of those that `atomic_write` writes to.

    >>> is_leftover(".last.safetensors.0123456789abcdef.new"), is_leftover("last.safetensors")
    (True, False)
    """
    return _LEFTOVER.fullmatch(name) is not None


def remove_leftovers(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder, where no other writes now."""
    with suppress(OSError):
        for path in folder.iterdir():
            if is_leftover(path.name) and not path.is_dir():
                path.unlink()


def write_text(path: str | Path, text: str, *, what: str = "", remedy: str = OTHER_PLACE) -> None:
    """Write text at `path`, whole or not at all; an error says that it was `what`.

    >>> import tempfile
    >>> page = Path(tempfile.mkdtemp()) / "page.html"
    >>> write_text(page, "new", what="the page")
    >>> page.read_text()
    'new'
    """
    path = Path(path)
    try:
        with atomic_write(path) as new:
            new.write_bytes(text.encode())  # line ends as they are, on every system
    except OSError as error:
        raise cannot_write(what, path, error, remedy=remedy) from None


def cannot_write(
    what: str, path: Path, error: OSError, *, remedy: str = OTHER_PLACE
) -> SkelfuseError:
    """Return the error for something that cannot be written.

    >>> print(cannot_write("the page", Path("page.html"), OSError(28, "No space left on device")))
    page.html: cannot write the page: No space left on device; make room, or choose another place
    """
    problem = f"cannot write {what}" if what else "cannot write"
    return SkelfuseError(f"{problem}: {error.strerror or error}", file=path, remedy=remedy)
