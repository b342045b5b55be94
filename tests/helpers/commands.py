"""The command line in this process: called as a person calls it, with anything for arguments."""

from __future__ import annotations

import subprocess
import sys

from click.testing import CliRunner, Result

from skelfuse.cli import main


def called(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def ran(*arguments: object, stdin: str | None = None) -> Result:
    """Return what a command says that ends well."""
    result = called(*arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result


def refused(*arguments: object, stdin: str | None = None) -> str:
    """Return the one line in which a command says why it cannot."""
    result = called(*arguments, stdin=stdin)
    assert result.exit_code == 1, result.output
    (line,) = result.output.splitlines()
    assert line.startswith("Error: ")
    return line


def in_new_process(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script of Python in a process of its own, which must end well."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done
