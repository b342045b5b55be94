"""AdamW that decays only weights for which smaller means simpler."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from skelfuse.layers import Directions, FrierenFuse, MotionKernels, NonNegativeLinear

NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm)


def undecayed(model: nn.Module) -> set[str]:
    """Return the names of the parameters that weight decay must leave alone.

    Motion kernels: decay is not one of their regularisers. Raw weights of the non-negative head
    and of the directions: they are not the weights themselves. FrierenFuse's gate, norms,
    biases and other vectors, learned identities of joints: decay would only pull them to a
    place that has no meaning.

    >>> from skelfuse.layouts import KINECT_V2
    >>> from skelfuse.models import SkelFuse
    >>> model = SkelFuse(KINECT_V2, 10)
    >>> kept = undecayed(model)
    >>> "identity" in kept, "frieren.head.raw" in kept, "classifier.weight" in kept
    (True, True, False)
    """
    names = set()
    for path, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            special = isinstance(
                module, (*NORMS, MotionKernels, Directions, NonNegativeLinear, FrierenFuse)
            )
            if special or parameter.ndim < 2 or name in ("bias", "identity", "importance"):
                names.add(f"{path}.{name}" if path else name)
    return names


def make_optimiser(
    model: nn.Module, *, learning_rate: float, weight_decay: float
) -> torch.optim.AdamW:
    """Return AdamW over the parameters that learn, in a group with decay and one without."""
    spared = undecayed(model)
    groups = [
        {
            "params": [p for name, p in learning(model) if (name in spared) is without],
            "weight_decay": 0.0 if without else weight_decay,
        }
        for without in (False, True)
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=learning_rate)


def learning(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the parameters that learn, with their names."""
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)
