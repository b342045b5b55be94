"""AdamW that decays only weights for which smaller means simpler, and its learning rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from skelfuse.layers import (
    ChannelGate,
    Directions,
    FrierenFuse,
    MotionKernels,
    NonNegativeLinear,
)
from skelfuse.training.gates import static_gates

NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm)
GATE_RATE = 10.0  # times the rate of the rest: a gate has far to go, from open to shut
NOT_WEIGHTS = (MotionKernels, Directions, NonNegativeLinear, FrierenFuse, ChannelGate)


def undecayed(model: nn.Module) -> set[str]:
    """Return the names of the parameters that weight decay must leave alone.

    Motion kernels: decay is not one of their regularisers. Raw weights of the non-negative head
    and of the directions: they are not the weights themselves. Channel gates, FrierenFuse's gate,
    norms, biases and other vectors, learned identities of joints: decay would only pull them to
    a place that has no meaning.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> model = SkelFuse(KINECT_V2, 10)
    >>> kept = undecayed(model)
    >>> "embed.identity" in kept, "frieren.head.raw" in kept, "own_classifier.weight" in kept
    (True, True, False)
    """
    names = set()
    for path, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            special = isinstance(module, (*NORMS, *NOT_WEIGHTS))
            if special or parameter.ndim < 2 or name in ("bias", "identity", "importance"):
                names.add(f"{path}.{name}" if path else name)
    return names


def make_optimiser(
    *models: nn.Module, learning_rate: float, weight_decay: float, recorded: bool = False
) -> torch.optim.AdamW:
    """Return AdamW over the parameters that learn: with decay, without, and those of gates.

    Each group's `factor` is to be kept when its rate changes: times the rate of the others. Where
    steps are `recorded` as a graph, rates are tensors on the weights' device.
    """
    gates = {part.weights for model in models for part in static_gates(model)}
    named = []
    for model in models:
        spared = undecayed(model)
        named += [(name in spared, p) for name, p in learning(model)]
    groups: list[dict[str, Any]] = [
        {
            "params": [p for is_spared, p in named if is_spared is without and p not in gates],
            "weight_decay": 0.0 if without else weight_decay,
            "factor": 1.0,
        }
        for without in (False, True)
    ]
    groups.append({"params": list(gates), "weight_decay": 0.0, "factor": GATE_RATE})
    groups = [group for group in groups if group["params"]]
    device = groups[0]["params"][0].device
    for group in groups:
        rate = learning_rate * group["factor"]
        group["lr"] = torch.full((), rate, device=device) if recorded else rate
    on_gpu = recorded and device.type == "cuda"
    return torch.optim.AdamW(groups, lr=groups[0]["lr"], capturable=on_gpu)


def set_rate(optimiser: torch.optim.Optimizer, rate: float | Tensor) -> None:
    """Set the learning rate, a number or a tensor `[]`; each group has its factor of it."""
    for group in optimiser.param_groups:
        if not isinstance(group["lr"], Tensor):
            group["lr"] = rate * group["factor"]
        elif isinstance(rate, Tensor):
            group["lr"].copy_(rate * group["factor"])
        else:
            group["lr"].fill_(rate * group["factor"])


def learning(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the parameters that learn, with their names."""
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)


def rate_at(step: int, *, steps: int, warmup: int, final: float = 0.0) -> float:
    """Return the share of the full learning rate at a step counted from 0.

    It would be `final` at the step after the last one, so that the last one still learns.

    >>> [round(rate_at(step, steps=9, warmup=3), 3) for step in range(9)]
    [0.333, 0.667, 1.0, 0.95, 0.812, 0.611, 0.389, 0.188, 0.05]
    >>> rate_at(0, steps=1, warmup=0)
    0.5
    """
    if step < warmup:
        return (step + 1) / warmup
    along = min(1.0, (step + 1 - warmup) / (steps + 1 - warmup))
    return final + (1 - final) * (1 + math.cos(math.pi * along)) / 2
