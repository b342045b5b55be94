"""All that a test run writes is in one folder, which goes when every test has passed."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

PASSED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose a temporary folder for everything, other processes included."""
    if not hasattr(config, "workerinput"):  # workers of pytest-xdist write where they are told
        folder = tempfile.mkdtemp(prefix="skelfuse-tests-")
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        atexit.register(_tidy, Path(folder), config.stash)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Note whether all went well."""
    session.config.stash[PASSED] = exitstatus == pytest.ExitCode.OK


def _tidy(folder: Path, stash: pytest.Stash) -> None:
    """Leave nothing, but what a failed test wrote."""
    if not stash.get(PASSED, False):
        return
    for entry in folder.iterdir():
        if not entry.name.startswith("pymp-"):  # multiprocessing takes that away, maybe later
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    with suppress(OSError):
        folder.rmdir()
