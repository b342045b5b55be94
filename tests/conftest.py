"""Fixtures that several test files share."""

from __future__ import annotations

import hashlib
import os
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from helpers.browser import Browser
from helpers.browser import found as chromium
from helpers.shared import made_once

if TYPE_CHECKING:  # a test of the command line alone does without torch
    from skelfuse import Recogniser
    from skelfuse.training import ModelChoice

# How long an example takes says how busy the machine is.
settings.register_profile("few", deadline=None, max_examples=20)
settings.register_profile("many", deadline=None, max_examples=100)  # as `make test-all` asks for
settings.load_profile("few")

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


@pytest.fixture(scope="session")
def unpacked(
    real_data: Callable[[str], Path], shared: Callable[[str, Callable[[Path], object]], Path]
) -> Callable[[str], Path]:
    """Return the folder with what is in a real archive, or skip."""

    def unpack(archive: str) -> Path:
        path = real_data(archive)

        def extract(folder: Path) -> None:
            with tarfile.open(path) as files:
                # Python 3.10 and 3.11 have it from some bug fix on.
                files.extraction_filter = getattr(tarfile, "data_filter", None)
                files.extractall(folder)

        return shared(archive.partition(".")[0], extract)

    return unpack


@pytest.fixture(scope="session")
def samples(unpacked: Callable[[str], Path]) -> Callable[[str], Path]:
    """Return a real file or folder of the formats' samples by its path, or skip."""
    return lambda name: unpacked("formats.tar.xz") / "formats" / name


@pytest.fixture(scope="session")
def shared(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Callable[[Path], object]], Path]:
    """Return what makes a folder once for all processes of a test run; so change nothing in it."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        return made_once(base / "shared" / name, make)

    return folder


@pytest.fixture(scope="session")
def stick_run(
    shared: Callable[[str, Callable[[Path], object]], Path],
) -> Callable[[ModelChoice], Path]:
    """Return what trains a model on three actions of a stick figure; once, so change no run."""
    from helpers.stick_figure import train_run

    def trained(model: ModelChoice) -> Path:
        name = "stick-" + hashlib.sha256(repr(model).encode()).hexdigest()[:12]
        return shared(name, lambda folder: train_run(folder, model)) / "run"

    return trained


@pytest.fixture(scope="session")
def run(stick_run: Callable[[ModelChoice], Path]) -> Path:
    """Return a run that knows three actions of a stick figure, and nothing else is known of it."""
    from skelfuse.training import ModelChoice

    return stick_run(ModelChoice("skelfuse", "nano"))


@pytest.fixture(scope="session")
def recogniser(run: Path) -> Recogniser:
    """Return the model of that run."""
    from skelfuse import load

    return load(run, device="cpu")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a real browser, or skip."""
    if chromium() is None:
        pytest.skip("no chromium is found (set SKELFUSE_CHROMIUM to its path)")
    one = Browser(tmp_path_factory.mktemp("profile"))
    yield one
    one.close()


@pytest.fixture(scope="module", autouse=True)
def _undrawn(request: pytest.FixtureRequest) -> Iterator[None]:
    """Draw no curves of the runs in most files: the picture takes as long as a short training."""
    with pytest.MonkeyPatch.context() as patch:
        if "torch" in sys.modules and request.node.get_closest_marker("curves") is None:
            patch.setattr("skelfuse.training.experiment.draw_curves", lambda folder: None)
        yield


@pytest.fixture(autouse=True)
def _in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open HDF5 files without a trial of each in another process, unless a test is of that."""
    if not any(map(request.node.get_closest_marker, ("process", "campaign"))):
        monkeypatch.setattr("skelfuse.store.trial.exit_code", lambda *_: 0)


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
    if "torch._dynamo" in sys.modules:  # it takes seconds to import
        torch.compiler.reset()
