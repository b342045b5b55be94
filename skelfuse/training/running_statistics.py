"""Running statistics that forget at once the numbers that they start with."""

from __future__ import annotations

import math

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class RunningStatistics:
    """Let batch normalisations forget at once the numbers that they start with.

    Their running mean and variance begin at 0 and 1, and after 20 batches an eighth of that is
    still there: much, where features vary by a hundredth. So the first batches are averaged
    plainly, until the norms' own momentum is reached.

    >>> import torch
    >>> norm = nn.BatchNorm1d(1)
    >>> statistics = RunningStatistics(norm)
    >>> for batch, value in enumerate((4.0, 6.0)):
    ...     statistics.at(batch)
    ...     _ = norm(torch.tensor([[value - 1], [value + 1]]))
    >>> norm.running_mean.item(), norm.running_var.item()
    (5.0, 2.0)
    """

    def __init__(self, model: nn.Module) -> None:
        norms = [part for part in model.modules() if isinstance(part, _BatchNorm)]
        self.norms = [(norm, norm.momentum) for norm in norms if norm.momentum is not None]
        slowest = min((momentum for _, momentum in self.norms), default=1.0)
        self.settled = math.ceil(1 / slowest)  # from this batch on the momentum is the norms' own

    def at(self, batch: int) -> None:
        """Prepare for a batch counted from 0."""
        for norm, momentum in self.norms:
            norm.momentum = max(momentum, 1 / (batch + 1))
