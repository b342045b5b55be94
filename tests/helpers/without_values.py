"""A model or layer on tensors that have a shape and no values: a branch on data raises."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode


def run_without_values(module: nn.Module, *given: Tensor | None) -> Any:
    with FakeTensorMode() as fake:
        state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        known: dict[str, Tensor] = {name: fake.from_tensor(value) for name, value in state.items()}
        empty = tuple(one if one is None else fake.from_tensor(one) for one in given)
        return torch.func.functional_call(module, known, empty)
