"""The pages with Python in them: what they show is what comes out."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
import torch

from skelfuse.models import MODELS

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.parametrize("page", ["python.md", "model.md"])
def test_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known = dict(MODELS)
    torch.manual_seed(0)
    try:
        failed, tried = doctest.testfile(str(DOCS / page), module_relative=False)
    finally:
        MODELS.clear()
        MODELS.update(known)
    assert tried
    assert not failed
