"""A model with the softmax of its decision as torch's exported program."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from skelfuse.export.facts import facts_of
from skelfuse.layers.directions import Directions
from skelfuse.models.deployed import deployed
from skelfuse.run import Run

LARGEST_BATCH = 1024


def program_of(run: Run) -> torch.export.ExportedProgram:
    """Return the graph of a run's model: `x [B,T,M,N,D]` and `mask [B,T,M,N]` to `[B,classes]`."""
    batch = {0: torch.export.Dim("batch", min=1, max=LARGEST_BATCH)}
    return torch.export.export(
        _Probabilities(run.model), drawn(run, 2), dynamic_shapes=(batch, batch)
    )


def drawn(run: Run, clips: int) -> tuple[Tensor, Tensor]:
    """Return clips of random numbers as the graph takes them, a tenth of their joints unseen."""
    draw = torch.Generator().manual_seed(clips)
    *shape, dimensions = facts_of(run)["x"][1:]
    x = torch.randn(clips, *shape, dimensions, generator=draw)
    return x, torch.rand(clips, *shape, generator=draw) > 0.1


class _Probabilities(nn.Module):
    """A model and the softmax of its decision: `[B,T,M,N,D]` and a mask to `[B,classes]`."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = copy.deepcopy(deployed(model)).cpu().float().eval()
        for part in [*self.model.modules()]:
            for name, child in [*part.named_children()]:
                if isinstance(child, Directions):
                    setattr(part, name, _Settled(child))
        for values in (*self.model.parameters(), *self.model.buffers()):
            # A view of another tensor, or one laid out another way, would be written as a part.
            values.data = values.detach().clone(memory_format=torch.contiguous_format)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return torch.softmax(self.model(x, mask), dim=1)


class _Settled(nn.Module):
    """Directions that learn no more, as numbers: QR is work, and ONNX does not know it."""

    frame: Tensor

    def __init__(self, directions: Directions) -> None:
        super().__init__()
        self.register_buffer("frame", directions().detach())

    def forward(self) -> Tensor:
        return self.frame
