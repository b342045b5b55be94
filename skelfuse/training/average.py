"""A running average of the weights: what evaluation uses, steadier than any single step."""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """Keep `model`, a copy whose weights follow another model's slowly.

    After n updates the decay is `min(decay, (1 + n) / (10 + n))`: the start is forgotten soon,
    and a short run averages over about its last tenth. Running statistics are averaged alike.

    >>> follower = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(follower.weight, 0.0)
    >>> average = WeightAverage(follower, decay=0.5)
    >>> _ = nn.init.constant_(follower.weight, 8.0)
    >>> average.update(follower, updates=100)
    >>> average.model.weight.item()
    4.0
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)

    @torch.no_grad()
    def update(self, model: nn.Module, updates: int) -> None:
        """Move the average towards the model's weights after its update number `updates`."""
        decay = min(self.decay, (1 + updates) / (10 + updates))
        now = model.state_dict()
        for name, mean in self.model.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(now[name], 1 - decay)
            else:
                mean.copy_(now[name])
