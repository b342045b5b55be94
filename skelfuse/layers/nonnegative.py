"""A linear map whose weights are never negative: what a feature adds, no other takes away."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError
from skelfuse.layers.blocks import assembled, share_of
from skelfuse.layers.checks import whole_number


class NonNegativeLinear(nn.Module):
    """`y = φ W` with `W = |raw| [F,C]`: never negative, whatever the optimiser does to `raw`.

    The start is sparse: every output listens to `start_inputs` features drawn at random, with
    weights around `1 / start_inputs`, and hardly (below `floor`) to the rest. Were the start
    dense, all outputs would be almost one and the same sum, and learn as one.

    `groups` are equal parts of the features and of the outputs that belong together: W is 0
    between them. Features of the groups take turns, `turn` at a time (see `assembled`).

    Weight decay does not belong on `raw`: it is not the weight.

    >>> _ = torch.manual_seed(0)
    >>> head = NonNegativeLinear(6, 2)
    >>> head(torch.ones(4, 6)).shape, bool((head.weight() >= 0).all())
    (torch.Size([4, 2]), True)
    """

    def __init__(
        self,
        features: int,
        channels: int,
        *,
        start_inputs: int = 3,
        floor: float = 0.01,
        groups: int = 1,
        turn: int = 1,
    ) -> None:
        super().__init__()
        self.features = whole_number("features", features, 1)
        self.channels = whole_number("channels", channels, 1)
        if not 0 < floor < 1:
            raise SkelfuseError(
                "floor is out of range",
                expected="between 0 and 1",
                found=repr(floor),
                remedy="at exactly zero |raw| has no gradient to grow by",
            )
        whole_number("groups", groups, 1)
        heard, own = share_of("features", features, groups), share_of("channels", channels, groups)
        self.turn = whole_number("turn", turn, 1)
        share_of("features of a group", heard, turn)
        inputs = min(whole_number("start_inputs", start_inputs, 1), heard)
        self.raw = nn.Parameter(  # [G,F/G,C/G]
            torch.stack([sparse_start(heard, own, inputs, floor) for _ in range(groups)])
        )

    def weight(self) -> Tensor:
        """Return `W [F,C]`, every entry at least 0."""
        return assembled(torch.unflatten(self.raw, 1, (-1, self.turn)).abs())

    def forward(self, features: Tensor) -> Tensor:
        """Map features `[...,F]` to outputs `[...,C]`."""
        return features @ self.weight().to(features.dtype)

    def extra_repr(self) -> str:
        """Show the sizes in the printed model."""
        return f"{self.features}, {self.channels}"


def sparse_start(features: int, channels: int, inputs: int, floor: float) -> Tensor:
    """Draw `W [F,C]` in which each column has `inputs` large entries, the rest below `floor`.

    >>> _ = torch.manual_seed(0)
    >>> (sparse_start(10, 3, inputs=2, floor=0.01) > 0.01).sum(0)
    tensor([2, 2, 2])
    """
    weight = floor * (0.1 + 0.9 * torch.rand(features, channels))
    chosen = torch.rand(features, channels).argsort(0)[:inputs]  # [inputs,C], no feature twice
    return weight.scatter(0, chosen, (0.5 + torch.rand(inputs, channels)) / inputs)
