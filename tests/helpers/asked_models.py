"""Models of which it is known what they look at, and clips to ask them about; for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skelfuse.batches import Sampling
from skelfuse.clip import Clip
from skelfuse.layouts import COCO_17
from skelfuse.run import Run
from skelfuse.skeleton import Skeleton
from skelfuse.training import TrainConfig


class Stub(nn.Module):
    """A model that is a plain function."""

    def __init__(self, logits: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.logits, self.one = logits, nn.Parameter(torch.ones(1))
        self.largest = 0

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:  # everything was seen
            mask = torch.ones(x.shape[:4], dtype=torch.bool)
        self.largest = max(self.largest, mask.numel())
        return self.logits(x, mask)


def run_of(model: nn.Module, skeleton: Skeleton = COCO_17, **facts: Any) -> Run:
    sampling = Sampling(frames=facts.pop("frames", 16), centre=False)
    config = replace(TrainConfig(sampling=sampling), **facts.pop("config", {}))
    classes = facts.pop("classes", ("nod", "wave", "kick"))
    return Run(model, config, skeleton, classes, Path("run"), 1, **facts)


def clip_of(
    skeleton: Skeleton = COCO_17, persons: int = 1, frames: int = 30, **fields: Any
) -> Clip:
    draw = np.random.default_rng(0)
    coords = draw.normal(size=(frames, persons, len(skeleton), skeleton.dimensions))
    return Clip(coords.astype(np.float32), skeleton, name="a", fps=10, **fields)


def speed_of(joint: int) -> Stub:
    """Return a model for which the speed of a joint decides between its first two classes."""

    def logits(x: Tensor, mask: Tensor) -> Tensor:
        both = mask[:, 1:, 0, joint] & mask[:, :-1, 0, joint]
        speed = torch.where(both, x[:, :, 0, joint].diff(dim=1).norm(dim=-1), 0).sum(dim=1)
        return torch.stack([0 * speed, speed, 0 * speed], dim=1)

    return Stub(logits)
