"""A run that teaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.moving_hand import configured
from skelfuse.store import Store
from skelfuse.training import ModelChoice, train


@pytest.fixture(scope="session")
def teacher(store: Store, parts: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with motion kernels and FrierenFuse, which has learned to doubt."""
    folder = tmp_path_factory.mktemp("teacher") / "t"
    fit = {"epochs": 8, "learning_rate": 5e-3, "label_smoothing": 0.75}
    config = configured(ModelChoice("skelfuse", "tiny"), **fit)
    train(config, store, parts, folder)
    return folder
