"""The one exception that skelfuse raises for bad input."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from os import PathLike

from skelfuse.plain_text import shown


class SkelfuseError(Exception):
    """Something that the user gave is wrong; the message says what, where, and what to do.

    `within` is what the problem is part of, such as a section or a clip; it begins the message.
    `key` is the setting that is wrong, for whoever knows where it was written; it is not shown.
    `lines` follow below the message.

    >>> raise SkelfuseError("too few joints", file="a.skeleton", line=4, expected=25, found=24,
    ...                     remedy="the file is damaged: fetch it again")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: a.skeleton, line 4: too few joints: expected 25, found 24; \
the file is damaged: fetch it again
    """

    def __init__(
        self,
        problem: str,
        *,
        within: str = "",
        file: str | PathLike[str] | None = None,
        line: int | None = None,
        expected: object = None,
        found: object = None,
        remedy: str | None = None,
        key: str | None = None,
        lines: Sequence[str] = (),
    ) -> None:
        self.problem = f"{within}: {problem}" if within else problem
        self.within = within
        self.file = None if file is None else str(file)
        self.line = line
        self.expected = expected
        self.found = found
        self.remedy = remedy
        self.key = key
        self.lines = tuple(lines)
        super().__init__(problem)  # with which it is made anew where it was sent to

    def __str__(self) -> str:
        where = [self.file] if self.file else []
        if self.line is not None:
            where.append(f"line {self.line}")
        what = [self.problem]
        told = []
        if self.expected is not None:
            told.append(f"expected {self.expected}")
        if self.found is not None:
            told.append(f"found {self.found}")
        if told:
            what.append(", ".join(told))
        message = ": ".join([", ".join(where), *what] if where else what)
        message = f"{message}; {self.remedy}" if self.remedy else message
        return "\n  ".join(shown(line) for line in (message, *self.lines))

    def at(self, file: str | PathLike[str]) -> SkelfuseError:
        """Return the same error with the file named, unless one is named already."""
        return self.with_context(file=file)

    def with_context(
        self,
        *,
        file: str | PathLike[str] | None = None,
        line: int | None = None,
        within: str = "",
        remedy: str | None = None,
        key: str | None = None,
    ) -> SkelfuseError:
        """Return the same error with what it does not say yet: file and line, section, remedy.

        A `key` takes the place of the error's own: it is known better from outside.

        >>> error = SkelfuseError("'epochs' is out of range", key="epochs")
        >>> print(error.with_context(file="mine.yaml", line=3, within="train"))
        mine.yaml, line 3: train: 'epochs' is out of range
        >>> print(error.with_context(within="train").with_context(within="train"))
        train: 'epochs' is out of range
        """
        error = copy(self)
        if self.file is None:
            error.file = None if file is None else str(file)
            error.line = self.line if line is None else line
        error.remedy = self.remedy or remedy
        error.key = self.key if key is None else key
        if within not in ("", self.within):
            error.problem, error.within = f"{within}: {self.problem}", within
        return error
