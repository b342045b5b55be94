"""An arm, and a recogniser of its movements that has learned nothing; for tests."""

from __future__ import annotations

from pathlib import Path

import torch

from skelfuse.batches import Sampling
from skelfuse.predict import Recogniser
from skelfuse.run import Run
from skelfuse.skeleton import Skeleton
from skelfuse.training import ModelChoice, TrainConfig, build_model

ARM = Skeleton(
    "arm",
    joints=("shoulder", "elbow", "hand"),
    bones=(("elbow", "shoulder"), ("hand", "elbow")),
    root="shoulder",
)


def untaught() -> Recogniser:
    """Return a model that has learned nothing, but tells any two clips apart."""
    config = TrainConfig(sampling=Sampling(frames=16), model=ModelChoice("skelfuse", "nano"))
    torch.manual_seed(0)
    model = build_model(config.model, ARM, 4)
    model(torch.randn(32, 16, 1, 3, 3))  # in training: the norms take up what numbers come
    return Recogniser(Run(model.eval(), config, ARM, tuple("abcd"), Path("x"), 1))
