"""What training does about channel gates: their share of the loss, and their temperature."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from skelfuse.layers import ChannelGate
from skelfuse.training.config import Gates


def channel_gates(model: nn.Module) -> list[ChannelGate]:
    """Return the gates in a model."""
    return [part for part in model.modules() if isinstance(part, ChannelGate)]


def static_gates(model: nn.Module) -> list[ChannelGate]:
    """Return those whose weights are their own parameters."""
    return [gate for gate in channel_gates(model) if gate.mode == "static"]


class GatePenalty:
    """Keep the share of a model's channels that is expected open, for the loss.

    A channel that evaluation would leave open costs nothing as long as there are no more of them
    than the budget allows: they may open for good, and the others have to close for good. What a
    dynamic gate opens is known in a forward pass alone: the last one counts.

    >>> model = nn.Sequential(ChannelGate(6, start=0.75))
    >>> penalty = GatePenalty(model, Gates(penalty=2.0, budget=0.5))
    >>> round(penalty.loss().item(), 4)                     # of 6 channels, all likely open
    1.5
    >>> with torch.no_grad():
    ...     model[0].weights[2:] = torch.tensor([1.0, 0.0]) # off, on: 2 are left
    >>> round(penalty.loss().item(), 4)                     # of the 4 that are likely closed
    0.3586
    >>> penalty.anneal(1.0)
    >>> model[0].temperature
    tensor(0.5000)
    """

    def __init__(self, model: nn.Module, weights: Gates) -> None:
        self.weight, self.budget = weights.penalty, weights.budget
        self.gates = channel_gates(model)
        self._seen: dict[ChannelGate, Tensor] = {}
        for gate in self.gates if self.weight else ():
            if gate.mode == "dynamic":
                gate.register_forward_hook(self._see)

    def loss(self) -> Tensor | None:
        """Return what the gates add to the loss, or None where there is nothing to add."""
        if not self.gates or not self.weight:
            return None
        shares = []
        for gate in self.gates:
            likely = gate.probabilities() if gate.mode == "static" else self._seen.pop(gate)
            is_open = likely > 0.5
            free = is_open & (is_open.to(likely.dtype).mean() <= self.budget)
            shares.append(torch.where(free, 0.0, likely).mean())
        return self.weight * torch.stack(shares).mean()

    def anneal(self, progress: float) -> None:
        """Set the temperatures for a share of training done, 0 to 1."""
        for gate in self.gates:
            gate.anneal(progress)

    def _see(self, gate: nn.Module, given: tuple[Any, ...], _: Tensor) -> None:
        assert isinstance(gate, ChannelGate)
        if gate.training:
            self._seen[gate] = gate.probabilities(*given)


def open_share(model: nn.Module) -> float | None:
    """Return the share of channels that evaluation leaves open; None without a static gate.

    >>> open_share(nn.Sequential(ChannelGate(6, start=0.75))), open_share(nn.Linear(2, 2))
    (1.0, None)
    """
    are_open = [gate.open_channels().flatten() for gate in static_gates(model)]
    return float(torch.cat(are_open).double().mean()) if are_open else None
