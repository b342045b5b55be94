"""The device that a user asks for, and the precision that it computes in."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from skelfuse.errors import SkelfuseError


def device_named(name: str, *, local_rank: int = 0) -> torch.device:
    """Return the device: "auto" is a CUDA GPU where there is one, and the CPU elsewhere.

    "cuda" is this process's own GPU when several processes share a machine.

    >>> device_named("cpu")
    device(type='cpu')
    >>> device_named("gpu")
    Traceback (most recent call last):
    ...
    skelfuse.errors.SkelfuseError: no such device: expected auto, cpu, cuda or cuda:NUMBER, \
found gpu
    """
    kind, colon, number = name.partition(":")
    if kind not in ("auto", "cpu", "cuda") or (
        colon and not (kind == "cuda" and number.isdecimal())
    ):
        raise SkelfuseError("no such device", expected="auto, cpu, cuda or cuda:NUMBER", found=name)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cpu" or (kind == "auto" and not count):
        return torch.device("cpu")
    index = int(number) if colon else local_rank
    if index >= count:
        raise SkelfuseError(
            f"the device '{name}' is not there",
            expected=f"one of {count} CUDA devices" if count else "a CUDA device",
            found=f"number {index}" if count else "none",
            remedy="start fewer processes, or use --device cpu" if count else "use --device cpu",
        )
    return torch.device("cuda", index)


def casting(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return a context in which a model computes: bfloat16 on CUDA unless it is told otherwise.

    >>> with casting(torch.device("cpu"), "auto"):
    ...     print((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
    torch.float32
    """
    half = precision == "bfloat16" or (precision == "auto" and device.type == "cuda")
    return torch.autocast(device.type, dtype=torch.bfloat16) if half else nullcontext()
