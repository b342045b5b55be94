"""From the features of a joint to the channels that a network works with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skelfuse.layers.known_norm import KnownNorm
from skelfuse.models.motion_features import Features

# Voters that are given one kind of feature each err differently. What the first three are given;
# any further one, and every last one, is given all.
KINDS = (("joint", "partner"), ("bone",), ("distances", "partner_distances"))


class JointEmbedding(nn.Module):
    """Normalise features, map them linearly, and add which joint it is: `[R,S,N,F]` to `[R,S,N,C]`.

    A feature that a clip does not tell counts as average: it is 0 once normalised. `given`, True
    or False of each channel and feature, says which features a channel sees.

    >>> embed = JointEmbedding(features=30, joints=25, channels=8)
    >>> embed(Features(torch.randn(2, 32, 25, 30), None)).shape
    torch.Size([2, 32, 25, 8])
    """

    given: Tensor | None

    def __init__(
        self, features: int, joints: int, channels: int, given: Tensor | None = None
    ) -> None:
        super().__init__()
        self.norm = KnownNorm(features, affine=False)
        linear = nn.Linear(features, channels)
        self.free, self.bias = linear.weight, linear.bias
        self.identity = nn.Parameter(0.1 * torch.randn(joints, channels))
        self.register_buffer("given", given)  # kept with the weights, which mean nothing without
        if given is not None:  # whoever is given less starts with more of it
            with torch.no_grad():
                self.free *= given * (features / given.sum(dim=1, keepdim=True)).sqrt()

    def weight(self) -> Tensor:
        """Return the weights `[C,F]`, 0 where a channel is not given a feature."""
        return self.free if self.given is None else self.free * self.given

    def forward(self, features: Features) -> Tensor:
        """Embed `features`."""
        normal = self.norm(features.values, features.known)
        return F.linear(normal, self.weight(), self.bias) + self.identity


def features_given(stream_of: Sequence[str], voters: int, channels: int) -> Tensor:
    """Return which of F features each of the voters' channels is given, `[V·C,F]`.

    The first voter is given the joints and how they lie to a partner, the second the bones, the
    third the distances, also those from a partner. The last one, and all beyond the third, are
    given everything, as is a voter for whose kind there is no stream. `stream_of` names each
    feature's stream.

    >>> features_given(("joint", "bone", "bone"), voters=3, channels=1).int().tolist()
    [[1, 0, 0], [0, 1, 1], [1, 1, 1]]
    """
    given = [[True] * len(stream_of) for _ in range(voters)]
    for voter, kind in zip(range(voters - 1), KINDS, strict=False):
        own = [stream in kind for stream in stream_of]
        if any(own):
            given[voter] = own
    return torch.tensor(given).repeat_interleave(channels, dim=0)
