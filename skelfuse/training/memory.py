"""What a step of training takes in memory, told before it is taken."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from skelfuse.errors import SkelfuseError

SMALL = 1 << 20  # joints of all frames, people and clips of a batch; less fits everywhere
TOLD = 2 << 30  # bytes
CLIPS, FRAMES = 2, (16, 32)  # what a step is tried with
BESIDE = 1.2  # gradients on their way, and copies: measured 1.08 to 1.34
COPIES = 4  # of the weights: themselves, their gradients, two moments of the optimiser
GB = 1 << 30


def memory_note(model: nn.Module, shape: tuple[int, ...], device: torch.device) -> str | None:
    """Return what to tell of the memory for batches `[B,T,M,N,D]`; too much of it is an error.

    >>> memory_note(nn.Linear(3, 3), (32, 64, 2, 25, 3), torch.device("cpu")) is None
    True
    """
    B, T, M, N, _ = shape
    if B * T * M * N <= SMALL:
        return None
    needed, there = step_memory(model, shape, device), memory_there(device)
    told = f"a batch of {B} clips of {T} frames, {M} people and {N} joints"
    if there is not None and needed > there:
        fitting = int(B * there / needed)
        raise SkelfuseError(
            f"{told} takes more memory than there is",
            expected=f"about {there / GB:.1f} GB at most",
            found=f"about {needed / GB:.1f} GB",
            remedy=f"--set train.batch_size={max(2, fitting)}"
            if fitting >= 2
            else "keep fewer joints (preprocess --joints), or fewer frames (sampling.frames)",
        )
    return f"{told} takes about {needed / GB:.1f} GB of memory" if needed > TOLD else None


def step_memory(model: nn.Module, shape: tuple[int, ...], device: torch.device) -> float:
    """Return about how many bytes one step takes, from two tiny ones.

    What is kept for the gradients grows with clips, people and frames alike.
    """
    B, T, M, N, D = shape
    fewer, more = (_kept(model, (CLIPS, frames, 1, N, D), device) for frames in FRAMES)
    one_frame = (more - fewer) / (FRAMES[1] - FRAMES[0])
    kept = max(fewer + one_frame * (T - FRAMES[0]), 0.0) * B * M / CLIPS
    weights = sum(one.numel() * one.element_size() for one in model.parameters())
    return BESIDE * kept + COPIES * weights


def _kept(model: nn.Module, shape: tuple[int, ...], device: torch.device) -> float:
    """Return the bytes that a forward keeps for its gradients; the model stays as it is."""
    sizes: dict[int, int] = {}
    held: list[Tensor] = []  # or a later one might have the place of an earlier one

    def pack(value: Tensor) -> Tensor:
        held.append(value)
        storage = value.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return value

    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        x = torch.randn(shape, device=device)
        mask = torch.ones(shape[:-1], dtype=torch.bool, device=device)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
            logits = copy.deepcopy(model).train()(x, mask)
    del logits
    return float(sum(sizes.values()))


def memory_there(device: torch.device) -> int | None:
    """Return the bytes that are free on a device, or None where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found = {line.split(":")[0]: line.split()[1] for line in lines}
        free = int(found["MemAvailable"]) * 1024
    except (OSError, LookupError, ValueError):
        return None
    return min(free, _group_limit() or free)


def _group_limit() -> int | None:
    """Return what the group of processes may take in all, as containers are limited."""
    try:
        return int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
