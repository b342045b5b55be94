"""How well a model does on clips that it does not learn from."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skelfuse.batches import Batches
from skelfuse.errors import SkelfuseError
from skelfuse.training import suspects
from skelfuse.training.devices import casting
from skelfuse.training.distributed import Team


class Measured(NamedTuple):
    """Over all clips of all processes, each counted once."""

    loss: float  # mean cross entropy
    accuracy: float
    clips: int


@torch.no_grad()
def measure(model: nn.Module, batches: Batches, team: Team, *, precision: str = "auto") -> Measured:
    """Return the loss and accuracy of a model in evaluation over one pass of batches."""
    model.eval()
    totals = torch.zeros(3, dtype=torch.float64, device=team.device)
    seen: list[tuple[Tensor, Tensor]] = []  # the clips of each batch, and whether all is well
    for batch in batches.epoch(0):
        with casting(team.device, precision):
            logits = model(batch.x, batch.seen)  # [B,classes]
        seen.append((batch.index, torch.isfinite(logits).all()))
        losses = F.cross_entropy(logits.float(), batch.label, reduction="sum")
        right = (logits.argmax(dim=1) == batch.label).sum()
        totals[:2] += torch.stack([losses.double(), right.double()])
        totals[2] += len(logits)
    # Looked at once, at the end: a look waits for the GPU.
    good = torch.stack([finite for _, finite in seen]).tolist() if seen else []
    for (index, _), finite in zip(seen, good, strict=True):
        if not finite:
            clips = suspects.told(batches.store, index.tolist())
            raise SkelfuseError(
                f"the model's scores are not numbers: in the validation, clips {clips}",
                remedy="look at these clips, or leave them out of the store",
            )
    loss, right_ones, clips = team.sum(totals).tolist()
    return Measured(loss / max(clips, 1), right_ones / max(clips, 1), int(clips))
