r"""Text that every file and terminal takes: without NUL, and without bytes that are no UTF-8.

A file name of other bytes reaches Python with half characters (surrogates) in their places; JSON
can spell both: `"\u0000"`, `"\ud800"`.
"""

from __future__ import annotations

import re

_UNKEPT = re.compile("[\0\ud800-\udfff]")


def is_plain(text: str) -> bool:
    r"""Tell whether a text can be kept in a store, and printed.

    >>> is_plain("Müller"), is_plain("M\udcfcller"), is_plain("a\0b")
    (True, False, False)
    """
    return _UNKEPT.search(text) is None


def shown(text: str) -> str:
    r"""Return a text with what cannot be printed written out.

    >>> print(shown("M\udcfcller"))
    M\udcfcller
    """
    return _UNKEPT.sub(lambda found: ascii(found[0])[1:-1], text)
