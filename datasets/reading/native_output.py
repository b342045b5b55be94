"""Libraries in C and C++ that write to standard error what no option of theirs keeps back."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_ERROR = 2
_lock = threading.Lock()
_within = 0  # how many are hiding it now, in all threads
_kept = -1  # the descriptor by which it comes back


@contextmanager
def native_output_hidden() -> Iterator[None]:
    """Let nothing through to standard error, by whatever route; for short calls only.

    >>> with native_output_hidden():
    ...     _ = os.write(STANDARD_ERROR, b"W0000 a remark for its developers")
    """
    global _within, _kept  # noqa: PLW0603 - there is one standard error
    with _lock:
        if not _within:
            _kept = _redirected()
        _within += 1
    try:
        yield
    finally:
        with _lock:
            _within -= 1
            if not _within and _kept >= 0:
                os.dup2(_kept, STANDARD_ERROR)
                os.close(_kept)


def _redirected() -> int:
    """Lead standard error to nowhere; return a descriptor of what it was, -1 if it is closed."""
    try:
        kept = os.dup(STANDARD_ERROR)
    except OSError:
        return -1
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STANDARD_ERROR)
    os.close(nowhere)
    return kept
