"""A store in which the class can be seen: a hand moves along x, y or z."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from helpers.stores import stored
from skelfuse.batches import Sampling
from skelfuse.clip import Clip
from skelfuse.skeleton import Skeleton
from skelfuse.store import Store
from skelfuse.training import Fit, ModelChoice, TrainConfig

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


@pytest.fixture(scope="session")
def make_store() -> Callable[..., Store]:
    """Return `moving_store`, for stores of other sizes and skeletons."""
    return moving_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return 48 clips."""
    return moving_store(tmp_path_factory.mktemp("data") / "s.h5")


@pytest.fixture(scope="session")
def parts(store: Store) -> dict[str, npt.NDArray[np.intp]]:
    """Return a split in which subject 1 tests: 36 clips train."""
    test = np.array([subject == "1" for subject in store.subjects])
    return {"train": np.flatnonzero(~test), "test": np.flatnonzero(test)}


@pytest.fixture(scope="session")
def configured() -> Callable[..., TrainConfig]:
    """Return a function that makes a quick configuration with other values under `train`."""

    def configured(model: ModelChoice | None = None, **fit: Any) -> TrainConfig:
        values = {"epochs": 8, "batch_size": 12, "warmup_epochs": 1.0, "validation": 0.3, **fit}
        return TrainConfig(
            sampling=Sampling(frames=16),
            model=model or ModelChoice("skelfuse", "nano"),
            train=Fit(**values),
        )

    return configured


@pytest.fixture(scope="session")
def lines() -> Callable[[Path], list[dict[str, Any]]]:
    """Return a function that reads a file of JSON lines."""
    return lambda path: [json.loads(line) for line in path.read_text().splitlines()]
