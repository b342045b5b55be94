"""All that a test run writes is in one folder, which goes when every test has passed."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import pytest

PASSED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose a temporary folder for everything, other processes included."""
    if not hasattr(config, "workerinput"):  # workers of pytest-xdist write where they are told
        folder = tempfile.mkdtemp(prefix="skelfuse-tests-")
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        # What is registered first comes last: multiprocessing takes away what it has there before.
        atexit.register(_tidy, folder, config.stash)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Note whether all went well."""
    session.config.stash[PASSED] = exitstatus == pytest.ExitCode.OK


def _tidy(folder: str, stash: pytest.Stash) -> None:
    """Leave nothing, but what a failed test wrote."""
    if stash.get(PASSED, False):
        shutil.rmtree(folder, ignore_errors=True)
