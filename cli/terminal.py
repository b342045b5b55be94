"""What terminals of other encodings than UTF-8 show in place of what they cannot."""

from __future__ import annotations

import codecs
import json
import sys
from typing import Any

HANDLER = "skelfuse.cli.terminal"
# Blocks become characters of rising height (digits do not rise); the rest the nearest ASCII.
SIGNS = {
    **dict(zip("▁▂▃▄▅▆▇█", "_.-=+*#@", strict=True)),
    **{"–": "-", "—": "-", "−": "-", "×": "x", "·": ".", "…": "...", "→": "->"},
    **{"Δ": "d", "²": "2", "ω": "w", "±": "+-"},
}


def replaced(error: UnicodeError) -> tuple[str, int]:
    """Return replacements for characters that cannot be encoded.

    >>> codecs.register_error(HANDLER, replaced)
    >>> "▁█ 3 × 4 日".encode("ascii", HANDLER)
    b'_@ 3 x 4 ?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(SIGNS.get(character, "?") for character in lost), error.end


def tolerant() -> None:
    """Make standard output and error replace characters that their encoding lacks."""
    codecs.register_error(HANDLER, replaced)
    for stream in (sys.stdout, sys.stderr):
        if not _is_utf8(stream) and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=HANDLER)


def json_text(values: Any, *, indent: int | None = None, shown: bool = True) -> str:
    """Return values as JSON; if `shown` on standard output, escaped where its encoding needs it."""
    plain = shown and not _is_utf8(sys.stdout)
    return json.dumps(values, indent=indent, ensure_ascii=plain, allow_nan=indent is not None)


def _is_utf8(stream: Any) -> bool:
    encoding = getattr(stream, "encoding", None) or "ascii"
    return codecs.lookup(encoding).name == "utf-8"
