"""The store that the tests of training share, and its split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from helpers.moving_hand import moving_store
from skelfuse.store import Store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return 48 clips."""
    return moving_store(tmp_path_factory.mktemp("data") / "s.h5")


@pytest.fixture(scope="session")
def parts(store: Store) -> dict[str, npt.NDArray[np.intp]]:
    """Return a split in which subject 1 tests: 36 clips train."""
    test = np.array([subject == "1" for subject in store.subjects])
    return {"train": np.flatnonzero(~test), "test": np.flatnonzero(test)}
