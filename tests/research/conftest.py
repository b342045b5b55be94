"""A folder of data for the experiments, which lie beside the library and not in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.trained_run import clip, written
from skelfuse.models import SIZES


@pytest.fixture(autouse=True)
def _sizes_stay() -> Iterator[None]:
    """Take back the sizes that a comparison at equal parameters makes up."""
    before = dict(SIZES)
    yield
    SIZES.clear()
    SIZES.update(before)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder: a raw set with three splits, and the store of one that has one."""
    draw = np.random.default_rng(0)
    arrays: dict[str, Any] = {"class_names": np.array(["jump", "sit", "wave"])}
    clips = [draw.normal(size=(10, 15, 2)).astype(np.float32) for _ in range(24)]
    for split in (1, 2, 3):
        order = draw.permutation(24)
        for part, chosen in (("train", order[:15]), ("test", order[15:])):
            arrays[f"{part}{split}_frames"] = np.concatenate([clips[i] for i in chosen])
            arrays[f"{part}{split}_lengths"] = np.full(len(chosen), 10)
            arrays[f"{part}{split}_label"] = chosen % 3
    path = tmp_path_factory.mktemp("data")
    np.savez(path / "jhmdb14.npz", **arrays)
    written(path / "penn.h5", [clip(i, action) for action in range(3) for i in range(8)])
    return path
