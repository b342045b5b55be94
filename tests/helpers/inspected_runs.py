"""What the tests of the inspecting commands look at: a store, and three models' runs on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click import Command
from click.testing import CliRunner

from helpers.checkpoints import write_run
from helpers.stores import stored
from skelfuse.clip import Clip
from skelfuse.layouts import COCO_17
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import TrainConfig, build_model, config_from_dict, train
from skelfuse.training.checkpoint import BEST

EPOCHS = 3
NAMES = ["reach", "shake"]


def told(command: Command, *arguments: object) -> str:
    result = CliRunner().invoke(command, [str(one) for one in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def store_of(path: Path, skeleton: Skeleton, *, frames: int = 21, fps: float | None = 30) -> Store:
    draw, clips = np.random.default_rng(0), []
    for i in range(16):
        coords = draw.normal(size=(1, 1, len(skeleton), skeleton.dimensions))
        moving = np.repeat(coords, frames, axis=0)
        moving += 0.01 * draw.normal(size=moving.shape)
        time = np.linspace(0, 1, frames)
        moving[:, 0, -1, 0] += time if i % 2 else np.sin(12 * np.pi * time)
        label, subject = NAMES[i % 2], "abcd"[i // 4]
        clips.append(Clip(moving, skeleton, name=f"{i:02}", label=label, subject=subject, fps=fps))
    return stored(path, clips)


def config_of(**model: object) -> TrainConfig:
    return config_from_dict(
        {
            "sampling": {"frames": 11, "persons": 1},
            "model": model,
            "train": {"epochs": EPOCHS, "batch_size": 8, "validation": 0, "learning_rate": 0.01},
        }
    )


def runs(folder: Path) -> Path:
    """Return the folder with store.h5, runs of sizes nano and pure, and one of a baseline."""
    store = store_of(folder / "store.h5", COCO_17)
    models: dict[str, dict[str, object]] = {
        "skelfuse": {"size": "nano", "bank": 1},
        "pure": {"size": "pure", "directions": 3, "learnable": False},
    }
    for name, model in models.items():
        train(config_of(**model), store, {"train": np.arange(16)}, folder / name, device="cpu")
    config = config_of(name="stgcn", channels=[4], blocks=[1])
    weights = build_model(config.model, COCO_17, 2).state_dict()
    write_run(folder / "stgcn" / BEST, weights, config.as_dict(), COCO_17, NAMES)
    return folder
