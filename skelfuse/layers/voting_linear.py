"""Several linear classifiers that each see channels of their own, and decide by their mean."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skelfuse.errors import SkelfuseError
from skelfuse.layers.checks import whole_number


class VotingLinear(nn.Linear):
    """Map features `[B,J·V·C]` to the votes of V voters; voter v sees `[:, v]` of `[B,J,V,C]`.

    In evaluation the decision is the mean of the votes, one linear map with the weights of
    `decision_weight`. In training each vote is returned, `[B,V,classes]`, so that each voter
    learns by its own mistakes: voters that only learn by their mean make the same ones. One voter
    is an `nn.Linear`, and its vote is the decision at all times.

    >>> layer = VotingLinear(24, 5, voters=2)               # J·C = 12
    >>> features = torch.randn(4, 24)
    >>> votes, decision = layer(features), layer.eval()(features)
    >>> votes.shape, decision.shape
    (torch.Size([4, 2, 5]), torch.Size([4, 5]))
    >>> torch.allclose(votes.mean(1), decision, atol=1e-6)
    True
    """

    def __init__(self, features: int, classes: int, *, voters: int = 1, channels: int = 1) -> None:
        super().__init__(features, classes)
        self.voters = whole_number("voters", voters, 1)
        self.channels = whole_number("channels", channels, 1)  # C, of a voter
        if features % (voters * channels):
            raise SkelfuseError(
                "the features cannot be shared out among the voters",
                expected=f"a multiple of {voters} voters with {channels} channels",
                found=features,
            )
        nn.init.uniform_(self.weight, -(limit := (voters / features) ** 0.5), limit)

    def decision_weight(self) -> Tensor:
        """Return the weights `[classes,J·V·C]` of the decision."""
        return self.weight / self.voters

    def decided(self, x: Tensor) -> Tensor:
        """Return the decision `[B,classes]`, the mean of the votes."""
        return F.linear(x, self.decision_weight(), self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the decision `[B,classes]`; in training the votes `[B,V,classes]`, if several."""
        if self.voters == 1 or not self.training:
            return self.decided(x)
        shape = (-1, self.voters, self.channels)  # [J,V,C]
        votes = torch.einsum(
            "bjvc,kjvc->bvk", torch.unflatten(x, 1, shape), torch.unflatten(self.weight, 1, shape)
        )
        return votes + self.bias

    def extra_repr(self) -> str:
        """Show the sizes in the printed model."""
        return f"{super().extra_repr()}, voters={self.voters}"


def votes(logits: Tensor) -> Tensor:
    """Return votes `[B,V,classes]` of what a classifier returned in training, several or one.

    >>> votes(torch.zeros(2, 60)).shape
    torch.Size([2, 1, 60])
    """
    return logits if logits.ndim == 3 else logits[:, None]


def decision(logits: Tensor) -> Tensor:
    """Return the decision `[B,classes]` of what a model returned, votes or not.

    >>> decision(torch.tensor([[[1.0, 0.0], [0.0, 4.0]]]))
    tensor([[0.5000, 2.0000]])
    """
    return logits.mean(dim=1) if logits.ndim == 3 else logits
