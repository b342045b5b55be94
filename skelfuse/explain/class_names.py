"""The class that a person means by a name, or by a part of one."""

from __future__ import annotations

import difflib

from skelfuse.errors import SkelfuseError


def number_of(classes: tuple[str, ...], name: str) -> int:
    """Return a class's number by its name, or by a part of it that no other class has.

    >>> number_of(("A1 wave", "A2 kick"), "kick")
    1
    """
    if name in classes:
        return classes.index(name)
    parts = [i for i, known in enumerate(classes) if name and name.lower() in known.lower()]
    if len(parts) == 1:
        return parts[0]
    near = difflib.get_close_matches(name, classes, n=1, cutoff=0.5)
    told = f"(did you mean {near[0]!r}?)" if near else ""
    if parts:
        told = f"(it may be {' or '.join(repr(classes[i]) for i in parts[:4])})"
    raise SkelfuseError(
        f"the run knows no class '{name}'{' ' * bool(told)}{told}",
        expected=", ".join(classes),
    )
