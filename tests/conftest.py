"""Fixtures that several test files share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Return a file of a real data set by name, or skip: these sets may not be shipped."""
    folder = Path(os.environ.get("SKELFUSE_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"real data set '{name}' is not there (set SKELFUSE_DATA to its folder)")
        return path

    return find


@pytest.fixture
def seeded() -> Iterator[None]:
    """Draw the same numbers each time, and let no test hit on what another has compiled."""
    import torch

    torch.manual_seed(0)
    yield
    torch._dynamo.reset()
