"""Whoever interrupts a command is told how it goes on, where it can."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from skelfuse.cli import main

COMMANDS = {
    "synth": ("raw",),
    "preprocess": ("raw", "--out", "s.h5"),
    "train": ("--config", "synth", "--data", "s.h5", "--out", "runs/x"),
    "predict": ("runs/x", "a.npz"),
    "export": ("runs/x", "--out", "m.pt2"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_resume_is_named_where_it_is_an_option(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main.commands[name], "callback", interrupted)
    told = CliRunner().invoke(main, [name, *COMMANDS[name]])
    assert told.exit_code == 130
    assert "Interrupted. What was there before is unchanged" in told.stderr
    assert ("--resume" in told.stderr) == (name in ("preprocess", "train"))
