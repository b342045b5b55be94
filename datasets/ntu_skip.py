"""The lists of clips to leave out: as NTU RGB+D publishes them, or one name a line of any clips.

Two lists belong to NTU: 302 clips of NTU-60 and 535 of NTU-120 whose skeletons are missing or
incomplete. Each opens with some lines of prose, the first of which says how many names follow.
"""

from __future__ import annotations

import re
from pathlib import Path

from skelfuse.datasets.ntu_names import is_ntu_name
from skelfuse.datasets.reading.files import read_text
from skelfuse.errors import SkelfuseError

ENDINGS = (".skeleton", ".json", ".mat", ".npy")
_LIKE_NTU = re.compile(r"S\d+C\d+P\d+", re.ASCII | re.IGNORECASE)
_PROMISE = re.compile(r"(\d+) of the captured samples", re.ASCII)


def read_skip_list(path: str | Path) -> frozenset[str]:
    r"""Return the names, without the ending of a file, that a list names.

    In a list with a name of NTU's pattern all others must follow it too. Prose may stand only
    before the first name: further down it would more likely be a damaged name, and a clip that
    should be left out would stay in. A list that names fewer clips than its first line promises is
    cut off, and an error; more are welcome, as users add their own.

    Any other list has a name in every line that is not blank: a clip's, or its file's.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "skip.txt")
    ...     _ = file.write_text("Leave these out.\n\nS001C002P005R002A008\n", encoding="utf-8")
    ...     sorted(read_skip_list(file))
    ['S001C002P005R002A008']
    """
    path = Path(path)
    lines = [line.strip() for line in read_text(path, "the skip list").splitlines()]
    of_ntu = any(_LIKE_NTU.match(line) or _PROMISE.match(line) for line in lines)
    return frozenset(_ntu_names(lines, path) if of_ntu else _other_names(lines, path))


def _other_names(lines: list[str], path: Path) -> set[str]:
    for number, line in enumerate(lines, start=1):
        if " " in line and line.endswith((".", ":", "!", "?", ",", ";")):
            raise SkelfuseError(
                "a sentence in a skip list",
                file=path,
                line=number,
                expected="a clip's name",
                found=f"'{line[:60]}'",
                remedy="write one name a line, and nothing else",
            )
    names = {_without_ending(line) for line in lines if line}
    if not names:
        raise SkelfuseError(
            "names are missing in the skip list",
            file=path,
            expected="at least 1",
            found=0,
            remedy="write one name a line",
        )
    return names


def _without_ending(name: str) -> str:
    return next((name[: -len(end)] for end in ENDINGS if name.lower().endswith(end)), name)


def _ntu_names(lines: list[str], path: Path) -> set[str]:
    names: set[str] = set()
    promised = 0
    for number, line in enumerate(lines, start=1):
        name = _without_ending(line)
        if is_ntu_name(name):
            names.add(name)
        elif not names and " " in line:
            found = _PROMISE.match(line)
            promised = int(found[1]) if found else promised
        elif line:
            raise SkelfuseError(
                "not a clip's name in a skip list",
                file=path,
                line=number,
                expected="a name such as S001C002P003R002A013",
                found=f"'{line[:60]}'",
                remedy="correct or remove the line",
            )
    if len(names) < max(promised, 1):
        raise SkelfuseError(
            "names are missing in the skip list",
            file=path,
            expected=f"at least {max(promised, 1)}",
            found=len(names),
            remedy="fetch the list again",
        )
    return names
