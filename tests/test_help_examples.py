"""The examples that a command's help begins with: each one runs, in a folder as a reader has it."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from helpers.video_extra import read_by_script
from skelfuse.cli import main
from skelfuse.cli.command import Command
from skelfuse.training.checkpoint import WEIGHT, read_checkpoint, write_checkpoint

NANO = "--size nano --epochs 1 --set sampling.frames=16 --set train.validation=0"
GATED = "--set model.frequencies.dct_window=8 --set model.frequencies.gate=static"
EXAMPLES = [name for name, command in main.commands.items() if isinstance(command, Command)]
pytestmark = [pytest.mark.training, pytest.mark.long]


# What a command says beside its result.
BESIDE_THE_RESULT = ("wrote ", "note: ", "next: ", "chosen: ", "warning: ", "skip list: ")


def called(line: str, *, quiet: bool = False) -> str:
    """Run a line as a shell would, without its redirection of output; a quiet one has results."""
    program, *words = shlex.split(line.partition(" > ")[0])
    assert program == "skelfuse"
    words += ["--quiet"] * quiet
    result = CliRunner().invoke(main, words, prog_name="skelfuse")
    assert result.exit_code == 0, f"{line}\n{result.output}"
    if quiet:
        assert result.stderr == "", line
        assert not any(text.startswith(BESIDE_THE_RESULT) for text in result.stdout.splitlines())
    return result.stdout


def close_half_of_the_gate(run: Path) -> None:
    for name in ("best.safetensors", "last.safetensors"):
        facts, tensors = read_checkpoint(run / name)
        (key,) = (key for key in tensors if key.startswith(WEIGHT) and key.endswith("gate.weights"))
        weights = tensors[key].view(-1, 2)  # off, on
        weights[:, 0], weights[:, 1] = -1.0, 1.0
        weights[: len(weights) // 2, 0] = 2.0
        write_checkpoint(run / name, tensors, facts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the examples name: raw files, a store, runs."""
    found = tmp_path_factory.mktemp("examples")
    draw = np.random.default_rng(0)
    arrays: dict[str, Any] = {"lengths": [20] * 6, "label": ["squat", "lunge"] * 3}
    np.savez(found / "mine.npz", coords=draw.normal(size=(120, 17, 2)), **arrays)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(found)
        called("skelfuse synth raw --clips 24 --classes 4 --jobs 1")
        called("skelfuse preprocess raw -o store.h5 --jobs 1")
        base = "skelfuse train --config synth --data store.h5 --device cpu"
        for run, more in (("first", ""), ("second", "--seed 1"), ("gated", GATED)):
            called(f"{base} -o runs/{run} {NANO} {more}")
    close_half_of_the_gate(found / "runs" / "gated")
    return found


@pytest.fixture(autouse=True)
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(folder)
    before = {*folder.rglob("*")}
    yield
    for path in {*folder.rglob("*")} - before:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_command_run_and_are_quiet(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = main.commands[name]
    assert isinstance(command, Command)
    lines = CliRunner().invoke(main, [name, "--help"]).output.splitlines()
    assert lines[0].endswith(".")
    assert [line.strip() for line in lines[2:4]] == list(command.examples)
    assert lines[1] == lines[4] == ""
    assert all(ord(sign) < 128 for line in lines for sign in line)
    if name == "export":
        request.getfixturevalue("exportable")
    monkeypatch.setattr("skelfuse.prune.REPEATS", 1)
    if any("--p" in example for example in command.examples):
        pytest.importorskip("matplotlib")
    if name == "pose":
        read_by_script(monkeypatch)
        Path("videos").mkdir()
        for video in ("walk.mp4", "videos/sit.mp4"):
            Path(video).write_bytes(b"pictures")
    if name == "synth":
        shutil.move("raw", "kept")
    try:
        for example in command.examples:
            called(example, quiet=True)
    finally:
        if name == "synth":
            shutil.rmtree("raw")
            shutil.move("kept", "raw")
