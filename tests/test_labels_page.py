"""The page on labels: its tables are written, its commands run, and what it shows comes out."""

from __future__ import annotations

import re
import shlex
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from helpers.commands import called

PAGE = Path(__file__).resolve().parent.parent / "docs" / "labels.md"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "$ skelfuse "


def ran(command: str) -> str:
    """Return what a command prints, as a terminal shows it."""
    return called(*shlex.split(command)).output


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands, printed = 0, ""
    for language, name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if name:
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        elif language == "python":
            with redirect_stdout(StringIO()) as out:
                exec(text, {})
            printed = out.getvalue()
        elif language == "text":
            assert printed == text
        elif language == "console":
            command, _, told = text.partition("\n")
            assert command.startswith(PROMPT)
            assert ran(command.removeprefix(PROMPT)) == told, command
            commands += 1
    assert commands == 11
