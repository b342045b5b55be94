"""A run that teaches, and the student that learns from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skelfuse.store import Store
from skelfuse.training import Distill, ModelChoice, TrainConfig, train


@pytest.fixture(scope="session")
def teacher(
    store: Store,
    parts: dict[str, Any],
    configured: Callable[..., TrainConfig],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return a run with motion kernels and FrierenFuse, which has learned to doubt."""
    folder = tmp_path_factory.mktemp("teacher") / "t"
    fit = {"epochs": 8, "learning_rate": 5e-3, "label_smoothing": 0.75}
    config = configured(ModelChoice("skelfuse", "tiny"), **fit)
    train(config, store, parts, folder)
    return folder


@pytest.fixture(scope="session")
def student(configured: Callable[..., TrainConfig]) -> Callable[..., TrainConfig]:
    """Return a function that configures a quick run without the motion branch, perhaps taught."""

    def student(taught_by: Path | None = None, **fit: Any) -> TrainConfig:
        model = ModelChoice("skelfuse", "nano", {"scales": (), "fuse": False})
        return replace(
            configured(model, **fit), distill=Distill(str(taught_by) if taught_by else None)
        )

    return student
