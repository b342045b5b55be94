"""A running average of the weights: what evaluation uses, steadier than any single step."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class WeightAverage:
    """Keep `model`, a copy whose weights follow another model's slowly.

    After n updates the decay is `min(decay, (1 + n) / (10 + n))`: the start is forgotten soon,
    and a short run averages over about its last tenth. Running statistics are averaged alike.

    >>> follower = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(follower.weight, 0.0)
    >>> average = WeightAverage(follower, decay=0.5)
    >>> _ = nn.init.constant_(follower.weight, 8.0)
    >>> average.follow(follower, average.share(updates=100))
    >>> average.model.weight.item()
    4.0
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)

    def share(self, updates: int) -> float:
        """Return how much of the way to the model's weights update number `updates` goes."""
        return 1 - min(self.decay, (1 + updates) / (10 + updates))

    @torch.no_grad()
    def follow(self, model: nn.Module, share: float | Tensor) -> None:
        """Go a share of the way to the model's weights; a number, or a tensor `[]`."""
        now = model.state_dict()
        means: list[Tensor] = []
        news: list[Tensor] = []
        for name, mean in self.model.state_dict().items():
            if mean.is_floating_point():
                means.append(mean)
                news.append(now[name])
            else:
                mean.copy_(now[name])
        if isinstance(share, Tensor):
            torch._foreach_lerp_(means, news, [share] * len(means))
        else:
            torch._foreach_lerp_(means, news, share)  # few launches on a GPU
