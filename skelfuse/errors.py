"""The one exception that skelfuse raises for bad input."""

from __future__ import annotations

from os import PathLike
from typing import Any

from skelfuse.plain_text import shown


class SkelfuseError(Exception):
    """Something that the user gave is wrong; the message says what, where, and what to do.

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
        file: str | PathLike[str] | None = None,
        line: int | None = None,
        expected: object = None,
        found: object = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.line = line
        self.expected = expected
        self.found = found
        self.remedy = remedy
        super().__init__(self._message())

    def _message(self) -> str:
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
        return shown(f"{message}; {self.remedy}" if self.remedy else message)

    def at(self, file: str | PathLike[str]) -> SkelfuseError:
        """Return the same error with the file named, unless one is named already."""
        fields = self._fields()
        fields["file"] = self.file or str(file)
        return SkelfuseError(self.problem, **fields)

    def _fields(self) -> dict[str, Any]:
        return {
            name: getattr(self, name) for name in ("file", "line", "expected", "found", "remedy")
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # Worker processes send their errors home; keyword-only arguments alone would be lost.
        return _rebuild, (self.problem, self._fields())


def _rebuild(problem: str, fields: dict[str, Any]) -> SkelfuseError:
    return SkelfuseError(problem, **fields)
