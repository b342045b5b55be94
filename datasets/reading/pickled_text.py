"""Numbers and strings that old pickles write as text."""

from __future__ import annotations

import ast


def text_number(line: bytes) -> int | bool:
    """Return a number, or what stands for True and False.

    >>> text_number(b"17"), text_number(b"01")
    (17, True)
    """
    return {b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line)


def old_string(line: bytes) -> str:
    """Return a string that is written in quotes.

    >>> old_string(b"'nose'")
    'nose'
    """
    text = ast.literal_eval("b" + line.decode("ascii")) if line[:1] in (b"'", b'"') else None
    if not isinstance(text, bytes):
        raise ValueError("a string without quotes")
    return text.decode("latin-1")
