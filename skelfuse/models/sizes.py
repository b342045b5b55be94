"""The sizes in which SkelFuse comes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """What grows from one size of the model to the next."""

    channels: int  # C, features of each joint for each voter
    width: int  # W, channels of the body as a whole for each voter
    dilations: tuple[int, ...]  # of the mixer's blocks, one each
    voters: int = 1  # V, mixers side by side that never see each other


# Parameters for 25 joints and 60 classes: at most 0.1, 0.25, 0.5 and 1.5 million.
NANO = Size(channels=2, width=24, dilations=(1, 2, 4), voters=3)
TINY = Size(channels=4, width=40, dilations=(1, 2, 4), voters=4)
SMALL = Size(channels=4, width=64, dilations=(1, 2, 4, 1), voters=4)
BASE = Size(channels=6, width=96, dilations=(1, 2, 4, 1), voters=6)
SIZES = {"nano": NANO, "tiny": TINY, "small": SMALL, "base": BASE}
