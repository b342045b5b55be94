"""Numbers that no command can mean are wrong options, told before anything is read."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from helpers.commands import called

COMMANDS = {
    "preprocess": ("preprocess", "in.npz", "--out", "s.h5", "--fps"),
    "predict": ("predict", "runs/x", "in.npz", "--fps"),
    "explain": ("explain", "runs/x", "in.npz", "--fps"),
    "inspect-kernels": ("inspect-kernels", "runs/x", "--fps"),
    "synth": ("synth", "raw", "--noise"),
}
WRONG = ("nan", "inf", "-inf", "-1", "1e999", "many")


@pytest.mark.parametrize(
    ("command", "number"), [*product(COMMANDS, WRONG), ("preprocess", "0"), ("explain", "0")]
)
def test_a_rate_is_a_finite_number(
    command: str, number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = called(*COMMANDS[command], number)
    assert told.exit_code == 2
    assert f"Invalid value for '{COMMANDS[command][-1]}'" in told.stderr
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("option", ["--window", "--stride"])
@pytest.mark.parametrize("length", ["99999999999999999999f", "1" + "0" * 400 + "s", "1000000001f"])
def test_a_length_is_one_that_a_recording_can_have(option: str, length: str) -> None:
    told = called("predict", "runs/x", "in.npz", option, length)
    assert told.exit_code == 2
    assert f"Invalid value for '{option}'" in told.stderr
