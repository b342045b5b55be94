"""How many of something, as one says it."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with the word for so many.

    >>> counted(1, "class", "classes"), counted(1200, "clip")
    ('1 class', '1,200 clips')
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
