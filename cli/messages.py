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
        raise click.UsageError("--quiet or --verbose, not both")
    ctx.meta[LEVEL] = QUIET_LEVEL if param.name == "quiet" else VERBOSE_LEVEL


QUIET = click.Option(
    ["-q", "--quiet"],
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_set_level,
    help="Print only results and errors.",
)
VERBOSE = click.Option(
    ["-v", "--verbose"],
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_set_level,
    help="Print every message, and where an error was raised.",
)


def level() -> int:
    """Return how much the command that runs is to say."""
    ctx = click.get_current_context(silent=True)
    return USUAL if ctx is None else int(ctx.meta.get(LEVEL, USUAL))


def quiet() -> bool:
    """Tell whether only results and errors are wanted."""
    return level() < USUAL


def verbose() -> bool:
    """Tell whether every message is wanted."""
    return level() > USUAL


def output(text: str, nl: bool = True) -> None:
    """Write a result to standard output."""
    with bar_away():
        # Named, because click would write UTF-8 to a terminal that knows ASCII alone.
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
    """Say which files were written; None is one that nobody asked for."""
    for place in filter(None, places):
        say(f"wrote {place}")


def say(text: str) -> None:
    """Write a message for a person, unless the command is to be quiet."""
    if not quiet():
        complain(text)


def complain(text: str) -> None:
    """Write what is wrong with the input, however quiet the command is to be."""
    with bar_away():
        click.echo(text, file=sys.stderr)


@contextmanager
def bar_away() -> Iterator[None]:
    """Take a progress bar from the terminal while something else is written there."""
    if "tqdm" not in sys.modules:  # then there is no bar
        yield
        return
    from tqdm import tqdm

    with tqdm.external_write_mode():  # half a bar would stay behind
        yield
