"""Checkpoints of models that no training made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from skelfuse.skeleton import Skeleton
from skelfuse.training.checkpoint import WEIGHT, write_checkpoint


def write_run(
    path: Path,
    weights: Mapping[str, Tensor],
    config: dict[str, Any],
    skeleton: Skeleton,
    classes: Sequence[str],
    epoch: int = 1,
) -> None:
    """Write what a model holds as a checkpoint of a run."""
    facts: dict[str, Any] = {"metrics": {}, "provenance": {}, "versions": {}, "epoch": epoch}
    facts |= {"config": config, "skeleton": skeleton.to_dict(), "class_names": [*classes]}
    path.parent.mkdir(exist_ok=True)
    write_checkpoint(path, {WEIGHT + name: value for name, value in weights.items()}, facts)
