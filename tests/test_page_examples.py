"""The Python in the pages: what they show is what comes out."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from skelfuse.models import MODELS
from skelfuse.models.streams import STREAMS

PAGES = {
    page.name: page
    for page in sorted((Path(__file__).resolve().parent.parent / "docs").glob("*.md"))
    if ">>> " in page.read_text(encoding="utf-8")
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known = dict(MODELS), dict(STREAMS)
    try:
        found = doctest.testfile(str(PAGES[name]), module_relative=False, encoding="utf-8")
    finally:  # a page adds a model, another one a stream
        for all_of_them, before in zip((MODELS, STREAMS), known, strict=True):
            all_of_them.clear()
            all_of_them.update(before)
    assert found.attempted
    assert not found.failed
