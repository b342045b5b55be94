"""Labels and subjects that are in the names of files and folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from skelfuse.errors import SkelfuseError

COLUMN = "column:"
EXPECTED = "folder, folder:2 (two above), name:REGEX or column:NAME"


@dataclass(frozen=True)
class FromName:
    """A rule that takes something from a file's place: a folder's name, or a part of its own.

    >>> from_name("folder").of("data/wave/ann_3.csv"), from_name("folder:2").of("a/b/c.csv")
    ('wave', 'a')
    >>> from_name("name:([a-z]+)_").of("data/wave/ann_3.csv")
    'ann'
    """

    folder: int = 0  # so many above the file; 0: by the pattern
    pattern: str = ""

    def of(self, place: str) -> str | None:
        """Return what the rule finds, None where it finds nothing."""
        path = PurePosixPath(place.replace("\\", "/"))
        if self.folder:
            above = [part for part in path.parts[:-1] if part not in ("/", ".", "..")]
            return above[-self.folder] if self.folder <= len(above) else None
        found = re.search(self.pattern, path.name)
        return (found[1] or None) if found else None


def from_name(text: str, what: str = "label") -> FromName:
    """Return the rule that `folder`, `folder:N` or `name:REGEX` stands for."""
    if found := re.fullmatch(r"folder(?::([1-9]))?", text):
        return FromName(folder=int(found[1] or 1))
    kind, _, pattern = text.partition(":")
    if kind != "name" or not pattern:
        raise SkelfuseError(
            f"no way to find the {what}",
            expected=EXPECTED,
            found=text,
            remedy=f"correct --{what}-from",
        )
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise SkelfuseError(
            f"the pattern of --{what}-from is no regular expression: {error}",
            found=pattern,
            remedy="correct it",
        ) from None
    if groups < 1:
        raise SkelfuseError(
            f"the pattern of --{what}-from takes nothing",
            expected="a part in parentheses, such as name:([a-z]+)_",
            found=pattern,
            remedy=f"put the part that is the {what} into parentheses",
        )
    return FromName(pattern=pattern)
