"""What all commands have in common: help that begins with examples, and one grammar."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import click

from skelfuse.cli.messages import QUIET, VERBOSE

Renamed = Callable[[list[str]], list[str] | None]


class Command(click.Command):
    """A command whose help begins with one sentence and `examples`.

    `renamed` takes the arguments that were given and returns those of today's spelling, or None
    where they are today's already. The old spelling is an error that shows the new one.
    """

    def __init__(
        self,
        name: str | None,
        *,
        examples: Sequence[str] = (),
        renamed: Renamed | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(name, **attributes)
        self.examples = tuple(examples)
        self.renamed = renamed
        self.params += [QUIET, VERBOSE]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; for an old spelling, show the new one."""
        asked = None if ctx.resilient_parsing else self.renamed  # completion checks no spelling
        if asked is not None and (today := asked(args)) is not None:
            raise OldSpelling(f"{ctx.command_path} {shlex.join(today)}")
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sentence, the examples, the usage, and then the details."""
        first, _, rest = inspect.cleandoc(self.help or "").partition("\n\n")
        formatter.write_text(first)
        formatter.write("\n")
        for example in self.examples:
            formatter.write(f"  {example}\n")
        formatter.write("\n")
        self.format_usage(ctx, formatter)
        if rest:
            with formatter.indentation():
                formatter.write("\n")
                formatter.write_text(rest)
        self.format_options(ctx, formatter)


class OldSpelling(click.ClickException):
    """An option of an earlier version: one line that shows the new command."""

    exit_code = 2

    def __init__(self, today: str) -> None:
        super().__init__(f"this is spelled differently now: {today}")
