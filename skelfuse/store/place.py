"""Where a store may be written, and by one run at a time.

Beside the store lies `NAME.partial` while a run works. The run holds a lock in that folder, which
ends with the process however it ends; nothing is replaced or removed that is not skelfuse's own.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import BinaryIO

from skelfuse.errors import SkelfuseError
from skelfuse.files import is_leftover, remove_leftovers
from skelfuse.store.opening import is_store

if sys.platform != "win32":
    import fcntl

LOCK, PLAN = "lock", "plan.json"
# The plan goes first: half a folder is then never taken up.
OWN = (PLAN, "coords", "confidence", "journal", "store.h5")
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


def check_replaceable(path: Path) -> None:
    """Refuse to write a store over anything but a store or an empty file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     notes = Path(folder, "notes.txt")
    ...     _ = notes.write_text("mine")
    ...     try: check_replaceable(notes)
    ...     except SkelfuseError as error: print(error.problem, error.remedy, sep="; ")
    there is a file already, and it is no store; give the store another name, or move the file away
    """
    if not os.path.lexists(path):
        return
    if path.is_file() and (not path.stat().st_size or is_store(path)):
        return
    what = (
        "folder" if path.is_dir() else "file" if path.is_file() else "device, pipe or broken link"
    )
    raise SkelfuseError(
        f"there is a {what} already, and it is no store",
        file=path,
        remedy=f"give the store another name, or move the {what} away",
    )


class Place:
    """The folder `NAME.partial`, held by this process until `leave` or `remove`."""

    def __init__(self, path: Path) -> None:
        self.folder = path.with_name(path.name + ".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = self._held()
        except OSError as error:
            raise SkelfuseError(
                f"cannot write here: {error.strerror}",
                file=path.parent,
                remedy="choose another folder for the store, or make room in this one",
            ) from None

    def _held(self) -> BinaryIO:
        while True:
            self.folder.mkdir(exist_ok=True)
            self._check_own()
            try:
                lock = (self.folder / LOCK).open("ab")
            except FileNotFoundError:  # another run has just finished
                continue
            try:
                _hold(lock, self.folder)
                if os.path.samestat(os.fstat(lock.fileno()), (self.folder / LOCK).stat()):
                    return lock
            except FileNotFoundError:
                pass
            except BaseException:
                lock.close()
                raise
            lock.close()

    def _check_own(self) -> None:
        there = set(os.listdir(self.folder))  # noqa: PTH208 - names are all that is asked
        there = {name for name in there if not is_leftover(name)}
        links = {name for name in there if (self.folder / name).is_symlink()}
        strange = sorted(there - {*OWN, LOCK} | links)  # a link would lead what is written away
        if there and not there & {PLAN, LOCK}:
            strange = sorted(there)
        if strange:
            raise SkelfuseError(
                "needed for an unfinished store, but there is something else in it",
                file=self.folder,
                found=", ".join(strange[:3]),
                remedy="move it away, or give the store another name",
            )

    def clear(self) -> None:
        """Remove what an earlier run left."""
        for name in OWN:
            (self.folder / name).unlink(missing_ok=True)
        remove_leftovers(self.folder)

    def leave(self) -> None:
        """Let another run have the folder; what is in it stays."""
        self._lock.close()

    def remove(self) -> None:
        """Remove the folder, unless somebody has put something into it."""
        self.clear()
        if sys.platform == "win32":
            self._lock.close()  # an open file cannot be removed there
        (self.folder / LOCK).unlink(missing_ok=True)  # while held: who waits for it starts anew
        self._lock.close()
        try:
            self.folder.rmdir()
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


def _hold(lock: BinaryIO, folder: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SkelfuseError(
            "another run is writing this store",
            file=folder,
            remedy="wait until it is done, or give the store another name",
        ) from None
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:  # some network folders know no locks
            raise
