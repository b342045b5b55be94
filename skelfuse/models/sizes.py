"""The sizes in which SkelFuse comes."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Size:
    """What grows from one size of the model to the next."""

    channels: int  # C, features of each joint for each voter
    width: int  # W, channels of the body as a whole for each voter
    dilations: tuple[int, ...]  # of the mixer's blocks, one each
    voters: int = 1  # V, mixers side by side that never see each other
    dropout: float = 0.3  # in the mixers; what is small has nothing to spare
    evidence_dropout: float = 0.5  # of what the logits are linear in

    def dropping(self, dropout: float | None, evidence_dropout: float | None) -> Size:
        """Return the size with another dropout, where one is given.

        >>> NANO.dropping(None, 0.4)
        Size(channels=2, width=26, dilations=(1, 2, 4), voters=4, dropout=0.1, evidence_dropout=0.4)
        """
        if evidence_dropout is None:
            evidence_dropout = self.evidence_dropout
        if dropout is None:
            dropout = self.dropout
        return replace(self, dropout=dropout, evidence_dropout=evidence_dropout)


# Parameters for 25 joints and 60 classes: at most 0.1, 0.25, 0.5 and 1.5 million.
NANO = Size(2, 26, (1, 2, 4), voters=4, dropout=0.1, evidence_dropout=0.2)
TINY = Size(4, 40, (1, 2, 4), voters=4)
SMALL = Size(4, 64, (1, 2, 4, 1), voters=4)
BASE = Size(6, 96, (1, 2, 4, 1), voters=6)
SIZES = {"nano": NANO, "tiny": TINY, "small": SMALL, "base": BASE}
