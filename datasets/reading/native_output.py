"""Libraries in C and C++ that write to standard error what no option of theirs keeps back."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD_ERROR = 2
_lock = threading.RLock()  # there is one standard error


@contextmanager
def native_output_hidden() -> Iterator[None]:
    """Let nothing through to standard error, by whatever route; for short calls only.

    >>> with native_output_hidden():
    ...     _ = os.write(STANDARD_ERROR, b"W0000 a remark for its developers")
    """
    with _lock:
        try:
            kept = os.dup(STANDARD_ERROR)
        except OSError:  # it is closed: nothing comes through
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, STANDARD_ERROR)
        os.close(nowhere)
        try:
            yield
        finally:
            os.dup2(kept, STANDARD_ERROR)
            os.close(kept)
