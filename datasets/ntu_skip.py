"""The lists of clips to leave out, as NTU RGB+D publishes them.

Two lists belong to the data set: 302 clips of NTU-60 and 535 of NTU-120 whose skeletons are
missing or incomplete. Each opens with some lines of prose, the first of which says how many names
follow.
"""

from __future__ import annotations

import re
from pathlib import Path

from skelfuse.datasets.ntu_names import is_ntu_name
from skelfuse.errors import SkelfuseError

_PROMISE = re.compile(r"(\d+) of the captured samples", re.ASCII)


def read_skip_list(path: str | Path) -> frozenset[str]:
    r"""Return the names, without suffix, that a list names.

    Prose may stand only before the first name: further down it would more likely be a damaged
    name, and a clip that should be left out would stay in. A list that names fewer clips than
    its first line promises is cut off, and an error; more are welcome, as users add their own.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "skip.txt")
    ...     _ = file.write_text("Leave these out.\n\nS001C002P005R002A008\n", encoding="utf-8")
    ...     sorted(read_skip_list(file))
    ['S001C002P005R002A008']
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SkelfuseError(f"cannot read the skip list: {error}", file=path) from None
    names: set[str] = set()
    promised = 0
    for number, text in enumerate(lines, start=1):
        line = text.strip()
        name = line.removesuffix(".skeleton")
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
    return frozenset(names)
