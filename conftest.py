"""All that a test run writes is in one folder, which goes when every test has passed."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

TEMPORARY = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Choose a temporary folder for everything, other processes included."""
    if not hasattr(config, "workerinput"):  # workers of pytest-xdist write where they are told
        folder = config.stash[TEMPORARY] = tempfile.mkdtemp(prefix="skelfuse-tests-")
        os.environ["TMPDIR"] = tempfile.tempdir = folder


@pytest.hookimpl(trylast=True)  # when the workers have gone
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Leave nothing, but what a failed test wrote."""
    if exitstatus == pytest.ExitCode.OK and (folder := session.config.stash.get(TEMPORARY, "")):
        shutil.rmtree(folder, ignore_errors=True)
