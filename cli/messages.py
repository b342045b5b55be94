"""What commands say beside their result: on standard error, and as much as was asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

LEVEL = "skelfuse.cli.messages"
QUIET_LEVEL, USUAL, VERBOSE_LEVEL = -1, 0, 1


def _set_level(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value:
        return
    if LEVEL in ctx.meta:
        raise click.UsageError("give either --quiet or --verbose")
    ctx.meta[LEVEL] = QUIET_LEVEL if param.name == "quiet" else VERBOSE_LEVEL


def _switch(short: str, name: str, text: str) -> click.Option:
    return click.Option(
        [short, name],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_set_level,
        help=text,
    )


QUIET = _switch("-q", "--quiet", "Print only results and errors.")
VERBOSE = _switch("-v", "--verbose", "Print every message, and where an error was raised.")


def _level() -> int:
    ctx = click.get_current_context(silent=True)
    return USUAL if ctx is None else int(ctx.meta.get(LEVEL, USUAL))


def quiet() -> bool:
    """Return whether only results and errors are wanted."""
    return _level() < USUAL


def verbose() -> bool:
    """Return whether every message is wanted."""
    return _level() > USUAL


def output(text: str, nl: bool = True) -> None:
    """Write a result to standard output."""
    with bar_away():
        # Given explicitly, because click would write UTF-8 to a terminal that only has ASCII.
        click.echo(text, nl=nl, file=sys.stdout)


def deliver(text: str, out: Path | None) -> None:
    """Write a result to the file that --out names, or to standard output."""
    from skelfuse.files import write_text

    if out is None:
        output(text)
    else:
        write_text(out, f"{text}\n", what="the result")
        wrote(out)


def wrote(*places: Path | None) -> None:
    """Print which files were written; None stands for a file that was not asked for."""
    for place in filter(None, places):
        say(f"wrote {place}")


def say(text: str) -> None:
    """Write a message for a person, unless the command is quiet."""
    if not quiet():
        complain(text)


def complain(text: str) -> None:
    """Write what is wrong with the input, even if the command is quiet."""
    with bar_away():
        click.echo(text, file=sys.stderr)


@contextmanager
def bar_away() -> Iterator[None]:
    """Hide a progress bar while something else is written to the terminal."""
    if "tqdm" not in sys.modules:  # then there is no bar
        yield
        return
    from tqdm import tqdm

    with tqdm.external_write_mode():  # otherwise half a bar would remain
        yield
