"""Training by several processes at once, as torchrun starts them: who am I, what do all know."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch._C._distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from skelfuse.errors import SkelfuseError
from skelfuse.layers.shared_batch_norm import share_batch_norms
from skelfuse.training.devices import device_named


@dataclass(frozen=True)
class Team:
    """The processes of a run; alone, every method is at once and does nothing.

    >>> team = Team(torch.device("cpu"))
    >>> team.leads, team.sum(torch.tensor([2.0]))
    (True, tensor([2.]))
    """

    device: torch.device
    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and tells."""
        return self.rank == 0

    def sum(self, value: Tensor) -> Tensor:
        """Return the sum over all processes."""
        if self.world == 1:
            return value
        total = value.clone()
        dist.all_reduce(total)
        return total

    def told(self, value: Any) -> Any:
        """Return what the leading process has for `value`."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, device=self.device)
        return box[0]

    def share(self, model: nn.Module) -> nn.Module:
        """Return the model so wrapped that all processes take the same steps."""
        if self.world == 1:
            return model
        devices = [self.device] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(model, device_ids=devices)

    def joined_norms(self, model: nn.Module) -> nn.Module:
        """Return the model with batch statistics over the clips of all processes."""
        if self.world == 1:
            return model
        if self.device.type == "cuda":
            return share_batch_norms(model, nn.SyncBatchNorm.convert_sync_batchnorm)
        return share_batch_norms(model)

    def quietly(self, model: nn.Module, *, last: bool) -> AbstractContextManager[Any]:
        """Return a context that keeps gradients at home until the last batch of a step."""
        if last or not isinstance(model, nn.parallel.DistributedDataParallel):
            return nullcontext()
        return model.no_sync()


@contextmanager
def team(device: str = "auto") -> Iterator[Team]:
    """Join the processes that torchrun started, or work alone.

    Each CUDA process takes the GPU of its LOCAL_RANK and talks by NCCL; on the CPU it is Gloo.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Team(device_named(device))
        return
    mine = device_named(device, local_rank=int(os.environ.get("LOCAL_RANK", "0")))
    on_gpu = mine.type == "cuda"
    if on_gpu:
        torch.cuda.set_device(mine)
    started_here = not dist.is_initialized()
    if started_here:
        _join("nccl" if on_gpu else "gloo", mine if on_gpu else None)
    try:
        yield Team(mine, dist.get_rank(), dist.get_world_size())
        # Whoever is done early must not leave while others still need it; after an error nobody
        # waits, for another process may be gone.
        if started_here:
            dist.barrier()
    finally:
        if started_here:
            dist.destroy_process_group()


def _join(backend: str, device: torch.device | None) -> None:
    store, rank, world = next(rendezvous("env://"))
    # torchrun keeps its store over a restart, and with it the addresses of processes that are
    # gone: whoever comes back first would knock at a dead door.
    store = PrefixStore(f"start {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    dist.init_process_group(backend, store=store, rank=rank, world_size=world, device_id=device)


def restarted() -> bool:
    """Return whether torchrun started this process anew after one was lost."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def shard_size(batch_size: int, world: int) -> int:
    """Return how many clips of a batch each process has.

    >>> shard_size(32, 4)
    8
    """
    if batch_size % world or batch_size < 2 * world:
        raise SkelfuseError(
            "the batch cannot be divided evenly",
            expected=f"train.batch_size a multiple of {world} processes, two clips each or more",
            found=batch_size,
            remedy=f"--set train.batch_size={max(2, -(-batch_size // world)) * world}",
        )
    return batch_size // world
