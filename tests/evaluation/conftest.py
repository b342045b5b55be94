"""A run that was really trained, and the clips that it is evaluated on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from helpers import trained_run
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.run import Run, load_run
from skelfuse.store import Store


@pytest.fixture(scope="module")
def folder(
    shared: Callable[[str, Callable[[Path], object]], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return a folder of the module's own with `store.h5` and the run `run`, trained once."""

    def made(folder: Path) -> None:
        trained_run.trained(trained_run.whole_store(folder / "store.h5"), folder / "run")

    own = tmp_path_factory.mktemp("evaluation")
    shutil.copytree(
        shared("evaluated", made), own, dirs_exist_ok=True
    )  # evaluations are kept in it
    return own


@pytest.fixture(scope="module")
def store(folder: Path) -> Store:
    return Store(folder / "store.h5")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return load_run(folder / "run")


@pytest.fixture(scope="module")
def test_part(store: Store) -> npt.NDArray[np.intp]:
    return split(clip_table(store), "official")["test"]
