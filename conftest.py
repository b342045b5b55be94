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
# The marks of what `make quick` leaves out.
COSTLY = {"process", "training", "slow", "long", "export", "campaign", "browser", "real"}


def pytest_configure(config: pytest.Config) -> None:
    """Choose a temporary folder for everything, other processes included."""
    if not hasattr(config, "workerinput"):  # workers of pytest-xdist write where they are told
        folder = tempfile.mkdtemp(prefix="skelfuse-tests-")
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        atexit.register(_tidy, Path(folder), config.stash)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Note whether all went well."""
    session.config.stash[PASSED] = exitstatus == pytest.ExitCode.OK


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what reads real data, and examples in docstrings that train."""
    for item in items:
        if "real_data" in getattr(item, "fixturenames", ()):
            item.add_marker("real")
        examples = item.dtest.examples if isinstance(item, pytest.DoctestItem) else ()
        if any("train(" in example.source for example in examples):
            item.add_marker("training")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what takes longest among that which claims to be quick: a mark may be missing."""
    took: dict[str, float] = {}
    for report in terminalreporter.stats.get("passed", ()):
        if not COSTLY & report.keywords.keys():
            took[report.nodeid] = took.get(report.nodeid, 0.0) + report.duration
    terminalreporter.section("the ten slowest tests without a mark")
    for name in sorted(took, key=lambda name: -took[name])[:10]:
        terminalreporter.line(f"{took[name]:.2f} s {name}")


def _tidy(folder: Path, stash: pytest.Stash) -> None:
    """Leave nothing, but what a failed test wrote."""
    if not stash.get(PASSED, False):
        return
    for entry in folder.iterdir():
        if not entry.name.startswith("pymp-"):  # multiprocessing takes that away, maybe later
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    with suppress(OSError):
        folder.rmdir()
