"""Tensors on their way to a device, and small tables that are sent there once."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


def sent(value: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on a device without waiting for the copy.

    From ordinary memory a copy to a GPU would wait for all that the GPU has yet to do, so it goes
    through memory that is pinned for the purpose.

    >>> sent(torch.ones(2), torch.device("cpu"))
    tensor([1., 1.])
    """
    if value.device == device or device.type == "cpu":
        return value.to(device)
    if device.type == "cuda" and value.device.type == "cpu":
        value = value.pin_memory()
    return value.to(device, non_blocking=True)


@lru_cache(maxsize=64)
def indices_on(device: torch.device, indices: tuple[int, ...]) -> Tensor:
    """Return indices `[N]` (int64) on a device, not to be changed: equal ones are sent once.

    >>> indices_on(torch.device("cpu"), (2, 0, 1))
    tensor([2, 0, 1])
    """
    # What is made in inference mode could not be used in a later training step.
    with torch.inference_mode(False):
        return sent(torch.tensor(indices), device)
