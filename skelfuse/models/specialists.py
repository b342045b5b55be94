"""Voters that are given one kind of feature each, and so err differently."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

# What the first three voters are given; any further one, and every last one, is given all.
KINDS = (("joint", "partner"), ("bone",), ("distances", "partner_distances"))


def features_given(stream_of: Sequence[str], voters: int, channels: int) -> Tensor:
    """Return which of F features each of the voters' channels is given, `[V·C,F]`.

    The first voter is given the joints and how they lie to a partner, the second the bones, the
    third the distances. The last one, and all beyond the third, are given everything, as is a
    voter for whose kind there is no stream. `stream_of` names each feature's stream.

    >>> features_given(("joint", "bone", "bone"), voters=3, channels=1).int().tolist()
    [[1, 0, 0], [0, 1, 1], [1, 1, 1]]
    """
    given = [[True] * len(stream_of) for _ in range(voters)]
    for voter, kind in zip(range(voters - 1), KINDS, strict=False):
        own = [stream in kind for stream in stream_of]
        if any(own):
            given[voter] = own
    return torch.tensor(given).repeat_interleave(channels, dim=0)
