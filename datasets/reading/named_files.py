"""Files whose names say what they are of, as most published data sets number them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from skelfuse.datasets.reading.files import files_ending
from skelfuse.errors import SkelfuseError


def named(pattern: re.Pattern[str], *endings: str) -> Callable[[Path], list[Path]]:
    """Return what finds the files with these endings whose names before it are of a pattern."""

    def find(path: Path) -> list[Path]:
        return [file for file in files_ending(path, *endings) if pattern.fullmatch(file.stem)]

    return find


def numbers_in_name(
    path: Path, pattern: re.Pattern[str], data_set: str, usual: str, classes: int | None = None
) -> list[int]:
    """Return the numbers in a file's name, of which the first, the action, is at most `classes`.

    >>> pattern = re.compile("a([0-9]+)_s([0-9]+)")
    >>> numbers_in_name(Path("a01_s12.mat"), pattern, "MINE", "aXX_sXX.mat", 27)
    [1, 12]
    >>> numbers_in_name(Path("a28_s12.mat"), pattern, "MINE", "aXX_sXX.mat", 27)
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: not a name of MINE: expected aXX_sXX.mat with an action \
from 1 to 27, found a28_s12.mat; rename the file, or leave it out
    """
    found = pattern.fullmatch(path.stem)
    numbers = [int(number) for number in found.groups()] if found else []
    if not numbers or (classes is not None and not 1 <= numbers[0] <= classes):
        limit = f" with an action from 1 to {classes}" if classes is not None else ""
        raise SkelfuseError(
            f"not a name of {data_set}",
            expected=usual + limit,
            found=path.name,
            remedy="rename the file, or leave it out",
        )
    return numbers
