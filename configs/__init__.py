"""The experiments that skelfuse ships, one short YAML each: only what differs from the defaults."""

from __future__ import annotations

import difflib
from pathlib import Path

from skelfuse.errors import SkelfuseError

__all__ = ["find", "names"]

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Return the names of the configurations that are shipped.

    >>> "generic" in names()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def find(name: str) -> Path:
    """Return the file of a configuration: a path, or the name of one that is shipped.

    >>> find("generic").name
    'generic.yaml'
    >>> find("nw-ucla").name
    'nw_ucla.yaml'
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = names()
    short = path.stem.replace("-", "_") if path.suffix in ("", ".yaml") else path.name
    # A path into a folder names a file there and nothing else.
    if short in shipped and path.parent in (Path(), Path("configs")):
        return FOLDER / f"{short}.yaml"
    near = difflib.get_close_matches(short, shipped, n=1)
    raise SkelfuseError(
        f"no such configuration{f' (did you mean {near[0]!r}?)' if near else ''}",
        file=name,
        expected="a YAML file, or one of " + ", ".join(shipped),
    )
