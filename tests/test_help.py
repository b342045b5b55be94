"""What `--help` tells: every command, argument and option."""

from __future__ import annotations

import click
import pytest

from helpers.commands import called
from skelfuse.cli import main


def test_every_option_is_explained() -> None:
    for name, command in main.commands.items():
        for option in command.params:
            if isinstance(option, click.Option):
                without_default = (option.help or "").partition("[default")[0].strip()
                assert len(without_default) > 2, f"skelfuse {name} {option.opts[0]} has no help"


def test_every_argument_is_explained() -> None:
    for name, command in main.commands.items():
        for argument in command.params:
            if isinstance(argument, click.Argument):
                assert argument.name is not None
                assert argument.name.upper() in (command.help or ""), name


def test_the_overview_has_a_sentence_for_each() -> None:
    text = called("--help").output
    for name in main.commands:
        (line,) = (line for line in text.splitlines() if line.startswith(f"  {name} "))
        assert line.endswith(".")
        assert not line.endswith("...")  # as click cuts what is too long


@pytest.mark.parametrize("command", ["train --data store.h5 --out", "evaluate run --data"])
def test_a_path_without_a_name_is_not_the_folder_here(command: str) -> None:
    told = called(*command.split(), "")
    assert told.exit_code == 2
    assert "is empty; is a shell variable unset?" in told.output
