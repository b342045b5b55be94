"""The notebook runs from its first cell to its last, without Jupyter."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).resolve().parent.parent / "examples" / "first_steps.ipynb"


@pytest.mark.long
@pytest.mark.training
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["metadata"]["kernelspec"]["language"]) == (4, "python")
    names: dict[str, Any] = {}
    said = io.StringIO()
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            with contextlib.redirect_stdout(said):
                exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    text = said.getvalue()
    assert "Store('mine.h5': 60 clips of 3 classes, coco-17)" in text
    assert names["found"].metrics.top1 > 0.8
    assert names["prediction"].best == names["clip"].label
    assert "<html" in (tmp_path / "why.html").read_text(encoding="utf-8")
    assert names["x"].shape == (16, 32, 1, 17, 2)
