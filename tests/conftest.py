"""Fixtures that several test files share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

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
def exportable() -> None:
    """Skip where torch is too old to export what leaves autocast for a while."""
    import torch

    if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 6):
        pytest.skip("torch 2.4 cannot export regions without autocast; 2.5 was not tried")


@pytest.fixture
def seeded() -> Iterator[None]:
    """Draw the same numbers each time, and let no test hit on what another has compiled."""
    import torch

    torch.manual_seed(0)
    yield
    torch._dynamo.reset()
