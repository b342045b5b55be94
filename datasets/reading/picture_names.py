"""The folder and the number of a picture, by its path as tables write it."""

from __future__ import annotations

import re

_PICTURE = re.compile(r"(?:(.*)[/\\])?[^/\\]*?(\d{1,15})\D*", re.ASCII | re.DOTALL)


def picture_of(path: str) -> tuple[str, int | None]:
    """Return a picture's folder and its number, None where it has none.

    >>> picture_of("labeled-data/m4s1/img0012.png"), picture_of("17"), picture_of("last")
    (('m4s1', 12), ('', 17), ('', None))
    """
    found = _PICTURE.fullmatch(path)
    if found is None:
        return "", None
    folder = (found[1] or "").replace("\\", "/").rpartition("/")[2]
    return folder, int(found[2])
