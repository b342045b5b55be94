"""An error told once more by who knows more: which clip it was, in which file, what can be done."""

from __future__ import annotations

from os import PathLike

from skelfuse.errors import SkelfuseError


def retold(
    error: SkelfuseError,
    *,
    of: str | None = None,
    file: str | PathLike[str] | None = None,
    line: int | None = None,
    remedy: str | None = None,
) -> SkelfuseError:
    """Return the same error of something named; file, line and remedy hold where it has none.

    >>> first = SkelfuseError("no usable 'label'", expected="a whole number")
    >>> print(retold(first, of="clip 3", file="set.pkl", remedy="write it again"))
    set.pkl: clip 3: no usable 'label': expected a whole number; write it again
    """
    return SkelfuseError(
        f"{of}: {error.problem}" if of else error.problem,
        file=error.file or file,
        line=error.line if error.line is not None else line,
        expected=error.expected,
        found=error.found,
        remedy=error.remedy or remedy,
    )
