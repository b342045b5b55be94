"""A store in which the class can be seen: a hand moves along x, y or z; and quick runs on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from helpers.stores import stored
from skelfuse.batches import Sampling
from skelfuse.clip import Clip
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import Distill, Fit, ModelChoice, TrainConfig

ARM = Skeleton(
    "arm",
    joints=("shoulder", "elbow", "hand"),
    bones=(("elbow", "shoulder"), ("hand", "elbow")),
    root="shoulder",
)


def moving_store(path: Path, clips: int = 48, skeleton: Skeleton = ARM) -> Store:
    """Write clips of 12 to 18 frames by four subjects, three classes in turn."""
    made = []
    for i in range(clips):
        draw, frames = np.random.default_rng(i), 12 + i % 7
        coords = draw.normal(scale=0.05, size=(frames, 1, len(skeleton), 3))
        coords[..., 0] += np.arange(len(skeleton))
        coords[:, 0, -1, i % 3] += np.linspace(0, 1.5, frames)
        label, subject = f"along {'xyz'[i % 3]}", str(i // 3 % 4 + 1)
        made.append(Clip(coords, skeleton, name=f"clip{i}", label=label, subject=subject))
    return stored(path, made, made="for a test")


def configured(model: ModelChoice | None = None, **fit: Any) -> TrainConfig:
    """Make a quick configuration with other values under `train`."""
    values = {"epochs": 8, "batch_size": 12, "warmup_epochs": 1.0, "validation": 0.3, **fit}
    return TrainConfig(
        sampling=Sampling(frames=16),
        model=model or ModelChoice("skelfuse", "nano"),
        train=Fit(**values),
    )


def student(taught_by: Path | None = None, **fit: Any) -> TrainConfig:
    """Configure a quick run without the motion branch, perhaps taught."""
    model = ModelChoice("skelfuse", "nano", {"scales": (), "fuse": False})
    return replace(configured(model, **fit), distill=Distill(str(taught_by) if taught_by else None))


def json_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]
