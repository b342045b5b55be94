"""Listing files by name, quickly: a data set may hold a hundred thousand of them."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from skelfuse.errors import SkelfuseError
from skelfuse.files import MAY_READ, check_readable

BEGINNING = 4096  # bytes by which most files tell what they are
BLOCK = 1 << 16  # bytes read at once of files that are searched further
LONGEST_WORD = 64
MAY_LIST = "make it readable, or name the folders and files beside it one by one"


def walk(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (folder, name) of every file below a folder, or of the file itself.

    Hidden files and folders are left out: they are what editors, archives and file managers leave.
    Links to folders are followed, but no folder is searched twice: links may lead in a circle.
    A folder that may not be listed is an error: nobody knows what would be missed in it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as top:
    ...     _ = Path(top, "clip.json").write_text("{}"), Path(top, "._clip.json").write_text("")
    ...     [name for folder, name in walk(Path(top))]
    ['clip.json']
    """
    if path.is_file():
        yield str(path.parent), path.name
        return
    seen: set[tuple[int, int]] = set()
    tops = deque([str(path)])  # links wait, so that a file is found where it really is
    while tops:
        for folder, folders, names in os.walk(tops.popleft(), onerror=_unlisted):
            facts = os.stat(folder)  # noqa: PTH116 - quick
            which = facts.st_dev, facts.st_ino
            if which in seen:
                folders.clear()
                continue
            seen.add(which)
            folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
            inside = (os.path.join(folder, inner) for inner in folders)  # noqa: PTH118 - quick
            tops += filter(os.path.islink, inside)
            for name in names:
                if not name.startswith("."):
                    yield folder, name


def _unlisted(error: OSError) -> None:
    if isinstance(error, FileNotFoundError):  # nothing is missed in what is not there
        return
    raise SkelfuseError(
        f"cannot list the folder: {error.strerror}", file=error.filename, remedy=MAY_LIST
    ) from None


def files_ending(path: Path, *endings: str) -> list[Path]:
    """List the files whose names end so, in any case of letters, sorted.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as top:
    ...     _ = [Path(top, name).write_text("") for name in ("b.MAT", "a.mat", "c.json")]
    ...     [file.name for file in files_ending(Path(top), ".mat")]
    ['a.mat', 'b.MAT']
    """
    found = (
        os.path.join(folder, name)  # noqa: PTH118 - a Path for each of 100,000 names is slow
        for folder, name in walk(path)
        if name.lower().endswith(endings)
    )
    return [Path(file) for file in sorted(found)]


def ending(*endings: str) -> Callable[[Path], list[Path]]:
    """Return what finds the files with these endings: all that most formats need.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as top:
    ...     _ = [Path(top, name).write_text("") for name in ("a.mine", "B.MINE", "c.txt")]
    ...     [file.name for file in ending(".mine")(Path(top))]
    ['B.MINE', 'a.mine']
    """
    return lambda path: files_ending(path, *endings)


def of_kind(files: Iterable[Path], kind: Callable[[Path], bool | None]) -> list[Path]:
    """List the files of a kind, and beside such those that nobody can look into (`kind` None).

    So a damaged one is read with the others, and told, instead of passed over.

    >>> import tempfile
    >>> files = [Path(tempfile.mkdtemp(), name) for name in ("walk", "notes", "damaged")]
    >>> _ = [file.touch() for file in files]
    >>> kinds = {"walk": True, "notes": False}
    >>> [file.stem for file in of_kind(files, lambda file: kinds.get(file.stem))]
    ['walk', 'damaged']
    >>> of_kind(files[1:], lambda file: kinds.get(file.stem))
    []
    """
    kinds = {file: _kind_of(file, kind) for file in files}
    if True not in kinds.values():
        return []
    return [file for file, found in kinds.items() if found is not False]


def _kind_of(file: Path, kind: Callable[[Path], bool | None]) -> bool | None:
    try:
        return kind(file) if file.is_file() else None
    except Exception:
        return None


def read_text(path: Path, what: str = "the file", encoding: str = "utf-8-sig") -> str:
    """Return a file's text with its line ends as they are.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as top:
    ...     _ = Path(top, "a.txt").write_bytes("one, é".encode("latin-1"))
    ...     try: read_text(Path(top, "a.txt"), "the table")
    ...     except SkelfuseError as error: print(error.line, error.problem, sep=" | ")
    1 | cannot read the table: its byte 6 is no UTF-8
    """
    if path.exists():  # what is missing is told below, with what it is
        check_readable(path)
    try:
        content = path.read_bytes()
        return content.decode(encoding)
    except OSError as error:
        raise SkelfuseError(
            f"cannot read {what}: {error.strerror or error}", file=path, remedy=MAY_READ
        ) from None
    except UnicodeDecodeError as error:
        coding = encoding.upper().removesuffix("-SIG")
        raise SkelfuseError(
            f"cannot read {what}: its byte {error.start + 1} is no {coding}",
            file=path,
            line=1 + content[: error.start].count(b"\n"),
            remedy=f"save it as {coding}, or fetch it again if it is damaged",
        ) from None


def read_any_text(path: Path) -> str:
    """Return a file's text, in UTF-8 or, as old programs write it, in Latin-1.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as top:
    ...     _ = Path(top, "a.trc").write_bytes("é".encode("latin-1"))
    ...     read_any_text(Path(top, "a.trc"))
    'é'
    """
    try:
        return read_text(path)
    except SkelfuseError as error:
        if error.line is None:  # not even the bytes can be read
            raise
        return read_text(path, encoding="latin-1")


def speaks_of(path: Path, words: Iterable[bytes], *, within: int = BEGINNING) -> bool | None:
    """Tell whether one of these words is in a file's first bytes; None where it has none.

    >>> speaks_of(Path("no such file"), [b"keypoints"]) is None
    True
    """
    pattern = re.compile(b"|".join(map(re.escape, words)))
    before = None
    try:
        check_readable(path)
        with path.open("rb") as file:
            while block := file.read(min(BLOCK, within)):
                within -= len(block)
                if pattern.search((before or b"") + block):
                    return True
                before = block[-LONGEST_WORD:]  # a word may begin in one block and end in the next
    except (OSError, SkelfuseError):
        return None
    return None if before is None else False


def beginning(path: Path, size: int = BEGINNING) -> bytes:
    """Return the first bytes of a file; nothing where it cannot be read.

    >>> beginning(Path("no such file"))
    b''
    """
    try:
        check_readable(path)
        with path.open("rb") as file:
            return file.read(size)
    except (OSError, SkelfuseError):
        return b""
