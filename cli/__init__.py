"""The `skelfuse` command: each file here parses, calls one function and prints."""

from __future__ import annotations

from skelfuse.cli.silence import InterruptsSilent

with InterruptsSilent():  # until the code that reports them is imported
    import errno
    import signal
    import sys
    import traceback
    from typing import Any

    import click

    from skelfuse import __version__
    from skelfuse.cli.compare import compare
    from skelfuse.cli.evaluate import evaluate
    from skelfuse.cli.explain import explain
    from skelfuse.cli.export import export
    from skelfuse.cli.info import info
    from skelfuse.cli.inspect_head import inspect_head
    from skelfuse.cli.inspect_kernels import inspect_kernels
    from skelfuse.cli.layouts import layouts
    from skelfuse.cli.messages import complain, verbose
    from skelfuse.cli.pose import pose
    from skelfuse.cli.predict import predict
    from skelfuse.cli.preprocess import preprocess
    from skelfuse.cli.prune import prune
    from skelfuse.cli.synth import synth
    from skelfuse.cli.terminal import tolerant
    from skelfuse.cli.termination import asked_to_end, last_of_process
    from skelfuse.cli.train import train
    from skelfuse.cli.view import view
    from skelfuse.errors import SkelfuseError

FAILED = 1
INTERRUPTED = 130


class Failure(click.ClickException):
    """An error, in one line."""

    def show(self, file: Any = None) -> None:
        """Print it on a terminal of any encoding."""
        complain(f"Error: {self.format_message()}")


class _Group(click.Group):
    """Turns a SkelfuseError into one line and exit code 1, in this one place."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command on a terminal of any encoding; with no arguments, that of this process."""
        if arguments or "args" in options:
            tolerant()
            return super().main(*arguments, **options)
        try:
            with last_of_process():
                return self.main(None, **options)
        except (Exception, KeyboardInterrupt):
            if asked_to_end() is None:
                raise
        except SystemExit as done:
            if asked_to_end() is None or done.code != FAILED:
                raise
        sys.exit(128 + (asked_to_end() or 0))  # the error is only what became of the interrupt

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of a workflow, not of the alphabet

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return self._invoke(ctx)
        except click.exceptions.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:
            # A library may have turned the interrupt into another error.
            if asked_to_end() != signal.SIGINT and not isinstance(error, KeyboardInterrupt):
                raise
            text = "Interrupted. What was there before is unchanged"
            known = self.commands[ctx.invoked_subcommand] if ctx.invoked_subcommand else self
            resumes = any(param.name == "resume" for param in known.params)
            complain(f"\n{text}{'; --resume continues from here' * resumes}.")
            ctx.exit(INTERRUPTED)

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SkelfuseError as error:
            if verbose():
                traceback.print_exc()
            raise Failure(str(error)) from None
        except OSError as error:  # if no command has handled it
            if error.errno == errno.EPIPE:  # the reader has closed the pipe; click ends quietly
                raise
            where = f"{error.filename}: " if error.filename else "writing: "
            raise Failure(f"{where}{error.strerror or error}") from None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="skelfuse")
def main() -> None:
    """Recognise actions from joint coordinates, and see why.

    In order: synth, your own files or videos, preprocess, train, evaluate, predict, explain. Each
    command's --help begins with two examples.

    Exit codes: 0 all went well; 1 an error, told in one line; 2 a wrong option;
    3 done, but some input files were bad (listed); 130 interrupted.
    """


for command in (
    synth,
    layouts,
    pose,
    preprocess,
    info,
    view,
    train,
    evaluate,
    compare,
    predict,
    inspect_kernels,
    inspect_head,
    explain,
    prune,
    export,
):
    main.add_command(command)

__all__ = ["main"]
