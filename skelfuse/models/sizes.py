"""The sizes in which SkelFuse comes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

from skelfuse.errors import SkelfuseError


@dataclass(frozen=True)
class Size:
    """What grows from one size of the model to the next."""

    channels: int  # C, features of each joint for each voter
    alone: tuple[int, ...]  # dilations of the blocks of each joint's own network, one each
    summary: int  # numbers that sum up what a joint did, for each voter
    width: int  # W, channels of the body as a whole for each voter
    dilations: tuple[int, ...]  # of the together path's blocks, one each
    voters: int = 1  # V, networks side by side in each path, that never see each other
    directions: int = 8  # in which each voter's FrierenFuse looks
    together: float = 0.75  # share of the together path in a decision; 0: there is none
    dropout: float = 0.1  # in the blocks
    evidence_dropout: float = 0.2  # of what the logits are linear in


# Parameters for 25 joints and 60 classes: at most 0.15, 0.3, 0.5 and 1.5 million; pure 0.3.
NANO = Size(4, (1,), 4, 24, (1, 2, 4), voters=4, directions=4)
TINY = Size(6, (1, 2), 8, 32, (1, 2, 4), voters=4)
SMALL = Size(8, (1, 2), 8, 52, (1, 2, 4, 1), voters=4)
BASE = Size(10, (1, 2), 10, 88, (1, 2, 4, 1), voters=6)
PURE = replace(SMALL, summary=16, together=0.0)
SIZES = {"nano": NANO, "tiny": TINY, "small": SMALL, "base": BASE, "pure": PURE}


def size_named(size: Size | str) -> Size:
    """Return a size by its name; a `Size` is itself.

    >>> size_named("tiny").channels
    6
    >>> size_named("smal")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: 'size' of the model is not known (did you mean 'small'?): \
expected nano, tiny, small, base, pure, found 'smal'
    """
    if isinstance(size, Size):
        return size
    if isinstance(size, str) and size in SIZES:
        return SIZES[size]
    near = difflib.get_close_matches(str(size), SIZES, n=1)
    raise SkelfuseError(
        "'size' of the model is not known" + (f" (did you mean '{near[0]}'?)" if near else ""),
        expected=", ".join(SIZES),
        found=repr(size),
    )
