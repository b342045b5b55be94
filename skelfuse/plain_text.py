r"""Text that every file and terminal takes: no control characters, no bytes that are no UTF-8.

A file name of other bytes reaches Python with half characters (surrogates) in their places; JSON
can spell all of them: `"\u001b"`, `"\ud800"`. What controls a terminal, ends a line or turns the
direction of writing would let a name of a file say what it likes in the name of a command.
"""

from __future__ import annotations

import re

_UNKEPT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def is_plain(text: str) -> bool:
    r"""Tell whether a text can be kept in a store, and printed.

    >>> is_plain("Müller"), is_plain("M\udcfcller"), is_plain("a\0b"), is_plain("a\x1b[2J")
    (True, False, False, False)
    """
    return _UNKEPT.search(text) is None


def shown(text: str) -> str:
    r"""Return a text with what cannot be printed written out.

    >>> print(shown("M\udcfcller \x1b[2J"))
    M\udcfcller \u001b[2J
    """
    return _UNKEPT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def cell(value: object) -> object:
    r"""Return the value of a table's cell; text that a spreadsheet would run begins with ' then.

    >>> cell("=HYPERLINK(1)"), cell("sit"), cell(-1.5)
    ("'=HYPERLINK(1)", 'sit', -1.5)
    """
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@")):
        return f"'{value}"
    return value
