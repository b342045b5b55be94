"""One training tells the accuracy of both paths at every share."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from research.accuracy import run as accuracy
from research.lab import experiment
from research.lab.cells import cells_of
from research.lab.data_sets import SETS
from skelfuse.layouts import KINECT_V2
from skelfuse.models import SkelFuse
from skelfuse.store import Store


def measured(name: str, together: float, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what is told of a data set where a share is as right as it is large."""

    def load(path: Path, *, device: str) -> Any:
        return SimpleNamespace(model=SkelFuse(KINECT_V2, 2, size="nano", together=together))

    def right(run: Any, *_: object) -> dict[str, float]:
        return {"accuracy": run.model.share, "clean": -run.model.share}

    monkeypatch.setattr(experiment, "load_run", load)
    monkeypatch.setattr(experiment, "accuracies", right)
    cell = cells_of(SETS[name], "generic", accuracy.VARIANTS, seeds=1)[0]
    store = Store.__new__(Store)  # nobody looks into it
    return experiment.by_share(Path("x"), store, {}, cell, device="cpu")


def test_each_share_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {"0.0": 0.0, "0.25": 0.25, "0.5": 0.5, "0.75": 0.75, "1.0": 1.0}
    assert measured("utd-mhad", 0.5, monkeypatch) == {"by_share": shares}
    clean = {share: -value for share, value in shares.items()}
    found = measured("nw-ucla", 0.5, monkeypatch)
    assert found == {"by_share": shares, "clean_by_share": clean}


def test_one_path_has_no_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured("utd-mhad", 0.0, monkeypatch) == {}
