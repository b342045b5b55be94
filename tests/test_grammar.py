"""One grammar for all commands: what a word means in one, it means in every other."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from helpers.commands import called, ran
from skelfuse.cli import main
from skelfuse.cli.command import Command

COMMANDS = {name: one for name, one in main.commands.items() if isinstance(one, Command)}
OF_RUNS = [
    "evaluate",
    "compare",
    "predict",
    "explain",
    "inspect-kernels",
    "inspect-head",
    "prune",
    "export",
]
READING_RUNS = [name for name in OF_RUNS if name != "compare"]  # which reads whole folders
FORMATS = ["table", "json", "jsonl", "csv", "markdown"]


def options_by_name() -> dict[str, list[tuple[str, click.Option]]]:
    found: dict[str, list[tuple[str, click.Option]]] = defaultdict(list)
    for name, command in COMMANDS.items():
        for param in command.params:
            if isinstance(param, click.Option):
                for spelling in param.opts:
                    found[spelling].append((name, param))
    return found


def meaning(option: click.Option) -> str:
    """Return what the help says first, whatever the default."""
    text = (option.help or "").partition("  [default")[0]
    return text.partition(". ")[0].rstrip(".")


@pytest.mark.parametrize(("spelling", "uses"), options_by_name().items(), ids=options_by_name())
def test_an_option_means_one_thing(spelling: str, uses: list[tuple[str, click.Option]]) -> None:
    assert len({meaning(option) for _, option in uses}) == 1, [name for name, _ in uses]
    assert len({type(option.type) for _, option in uses}) == 1
    assert len({option.is_flag for _, option in uses}) == 1
    assert len({option.metavar for _, option in uses}) == 1
    if spelling != "--format":  # of which each command prints some
        assert len({tuple(getattr(option.type, "choices", ())) for _, option in uses}) == 1


def test_every_command_says_as_much_as_is_wanted() -> None:
    for name, command in COMMANDS.items():
        spellings = {spelling for param in command.params for spelling in param.opts}
        assert {"-q", "--quiet", "-v", "--verbose"} <= spellings, name
        assert "--run" not in spellings, name
        assert ("--format" in spellings) == ("--json" in spellings), name
        assert ("--out" in spellings) == ("-o" in spellings), name


@pytest.mark.parametrize("name", OF_RUNS)
def test_a_run_is_the_first_argument(name: str) -> None:
    first = next(p for p in COMMANDS[name].params if isinstance(p, click.Argument))
    assert first.name in ("run", "runs")
    spellings = {spelling for param in COMMANDS[name].params for spelling in param.opts}
    assert ("--checkpoint" in spellings) == (name in READING_RUNS)


def test_formats_of_what_comes_out_are_of_one_list() -> None:
    for _, option in options_by_name()["--format"]:
        assert isinstance(option.type, click.Choice)
        assert set(option.type.choices) <= set(FORMATS)
        assert option.type.choices[0] == "table"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("evaluate --run runs/x --data s.h5", "evaluate runs/x --data s.h5"),
        ("evaluate --run a --run=b --data s.h5", "evaluate a b --data s.h5"),
        ("predict --run runs/x a.npz --top 2", "predict runs/x a.npz --top 2"),
        ("predict - --run runs/x", "predict runs/x -"),
        ("explain --run runs/x a.npz", "explain runs/x a.npz"),
        ("explain a.npz --run runs/x", "explain runs/x a.npz"),
        ("explain r a.npz --json=x -q", "explain r a.npz --json --out x -q"),
        ("explain r a.npz --json x.json", "explain r a.npz --json --out x.json"),
        ("explain r --data s --summary --json=x", "explain r --data s --summary --json --out x"),
        ("predict runs/x a.npz --joints", "predict runs/x a.npz --shares"),
        ("preprocess a --format ntu --out s.h5", "preprocess a --out s.h5 --input-format ntu"),
        ("compare a b --markdown", "compare a b --format markdown"),
    ],
)
def test_an_old_spelling_shows_the_new_one(old: str, new: str) -> None:
    result = CliRunner().invoke(main, old.split(), prog_name="skelfuse")
    assert result.exit_code == 2
    assert result.stderr == f"Error: this is spelled differently now: skelfuse {new}\n"


@pytest.mark.parametrize(
    "arguments",
    ["info s.h5 --json --format table", "info s.h5 -q -v", "predict run - --json"],
)
def test_options_that_contradict_each_other_are_refused(arguments: str) -> None:
    result = called(*arguments.split())
    assert result.exit_code == 2, result.output


def completed(*words: str, begun: str = "") -> list[str]:
    shell = ShellComplete(main, {}, "skelfuse", "_SKELFUSE_COMPLETE")
    return [item.value for item in shell.get_completions([*words], begun)]


def test_values_are_completed() -> None:
    assert completed("train", "--config", begun="ge")[0] == "generic"
    assert completed("layouts", begun="coco")[0] == "coco-17"
    assert completed("train", "--size") == ["nano", "tiny", "small", "base", "pure"]
    assert completed("predict", "runs/x", "a", "--input-format", begun="n") == [
        "ntu",
        "nw-ucla",
        "npz",
        "npy-folder",
        "npy",
    ]
    assert completed("export", "runs/x", "--checkpoint") == ["best", "last"]
    assert "ntu60-xsub" in completed("evaluate", "runs/x", "--protocol", begun="ntu")
    assert "kfold:" in completed("evaluate", "runs/x", "--protocol")


def test_protocols_are_those_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    monkeypatch.chdir(tmp_path)
    subject = np.repeat(["ann", "bob"], 2)
    arrays: dict[str, Any] = {"lengths": [9] * 4, "label": ["a", "b"] * 2, "subject": subject}
    np.savez("a.npz", coords=np.random.default_rng(0).normal(size=(36, 17, 2)), **arrays)
    ran("preprocess", "a.npz", "-o", "s.h5", "--skeleton", "coco-17")
    found = completed("train", "--data", "s.h5", "--protocol")
    assert {"kfold:2/1", "loso:ann"} <= {*found}
    assert "ntu60-xsub" not in found


def test_what_is_quiet_says_nothing_beside_its_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, words in (("none.h5", ()), ("none.h5", ("-v",))):
        result = called("info", name, *words)
        assert result.exit_code == 1
        assert ("Traceback" in result.stderr) == ("-v" in words)
        assert result.stderr.splitlines()[-1].startswith("Error: none.h5: no such store")
