"""What every experiment over data sets is asked on the command line, and how its command ends."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from skelfuse.files import atomic_write

Command = Callable[..., None]


@dataclass(frozen=True)
class Asked:
    """The values of the options that every experiment has."""

    experiment: str  # its folder
    data: Path  # the folder of raw files or stores
    only: tuple[str, ...]
    variants: tuple[str, ...]
    seeds: int
    settings: tuple[str, ...]
    rows: Path
    work: Path  # stores, runs, and who is at what
    workers: int
    threads: int
    device: str
    no_runs: bool
    write: Path | None

    @property
    def command(self) -> str:
        """The command that makes the page anew."""
        settings = "".join(f" --set {setting}" for setting in self.settings)
        write = f" --write {self.write}" if self.write else ""
        words = f"{self.experiment}/run.py DATA --seeds {self.seeds}{settings}{write}"
        return f"python research/{words}"


def experiment_options(name: str, *, variants: str) -> Callable[[Command], Command]:
    """Give a command these options, which reach it as its first argument, an `Asked`."""
    rows = f"research/{name}/rows.jsonl"
    options: tuple[Callable[[Command], Command], ...] = (
        click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path)),
        click.option(
            "--only", multiple=True, metavar="DATASET", help="Several: again, or by commas."
        ),
        click.option("--variants", multiple=True, metavar="NAME", help=variants),
        click.option("--seeds", default=3, show_default=True, type=click.IntRange(1)),
        click.option(
            "--set", "settings", multiple=True, metavar="KEY=VALUE", help="train.epochs=2"
        ),
        click.option("--rows", default=rows, show_default=True, type=Path),
        click.option("--work", default="build/accuracy", show_default=True, type=Path),
        click.option("--workers", default=1, show_default=True, type=click.IntRange(1)),
        click.option("--threads", default=1, show_default=True, type=click.IntRange(1)),
        click.option("--device", default="cpu", show_default=True),
        click.option(
            "--no-runs", is_flag=True, help="Train nothing; write the page of what is there."
        ),
        click.option("--write", type=Path, help="The page, a Markdown file."),
    )

    def asked_together(command: Command) -> Command:
        @functools.wraps(command)
        def called(**given: Any) -> None:
            own = {field.name: given.pop(field.name) for field in fields(Asked)[1:]}
            command(Asked(name, **own), **given)

        decorated: Command = called
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return asked_together


def write_page(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as new:
        new.write_text(text)
    click.echo(f"wrote {path}")


def exit_if_any(failed: Sequence[str]) -> None:
    """End the command with exit code 1 where runs have failed, and name them."""
    if failed:
        click.echo(f"{len(failed)} failed: {'; '.join(failed)}", err=True)
        sys.exit(1)
