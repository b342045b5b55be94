"""Arguments as an earlier version spelled them, and as they are spelled now."""

from __future__ import annotations


def run_first(arguments: list[str]) -> list[str] | None:
    """Return `--run RUN` as the first argument; None where there is none.

    >>> run_first(["--data", "s.h5", "--run", "a", "--run=b"])
    ['a', 'b', '--data', 's.h5']
    >>> run_first(["a", "--data", "s.h5"])
    """
    runs, others = _taken(arguments, "--run")
    return [*runs, *others] if runs else None


def run_first_and_shares(arguments: list[str]) -> list[str] | None:
    """Return `--run RUN` as the first argument, and `--joints` as `--shares`, its name now.

    >>> run_first_and_shares(["a.npz", "--run", "runs/a", "--joints"])
    ['runs/a', 'a.npz', '--shares']
    >>> run_first_and_shares(["runs/a", "a.npz"])
    """
    today = run_first(arguments) or arguments
    today = ["--shares" if argument == "--joints" else argument for argument in today]
    return None if today == arguments else today


def run_first_and_out(arguments: list[str]) -> list[str] | None:
    """Return `--run RUN` as the first argument, and `--json FILE` as `--json --out FILE`.

    >>> run_first_and_out(["runs/a", "a.npz", "--json", "why.json"])
    ['runs/a', 'a.npz', '--json', '--out', 'why.json']
    >>> run_first_and_out(["runs/a", "a.npz", "--json", "--top", "3"])
    """
    today = run_first(arguments) or arguments
    named = "--summary" in today or not any(word.startswith("-") for word in today[:2])
    for at, word in enumerate(today):
        name, equals, value = word.partition("=")
        after = today[at + 1 : at + 2]
        if name == "--json" and (equals or (named and after and not after[0].startswith("-"))):
            rest = today[at + 1 :] if equals else today[at + 2 :]
            today = [*today[:at], "--json", "--out", value if equals else after[0], *rest]
            break
    return None if today == arguments else today


def input_format(arguments: list[str]) -> list[str] | None:
    """Return `--format`, where it named the format of what is read, as `--input-format`.

    >>> input_format(["a.npz", "--format", "npz"])
    ['a.npz', '--input-format', 'npz']
    """
    formats, others = _taken(arguments, "--format")
    return [*others, "--input-format", formats[-1]] if formats else None


def markdown(arguments: list[str]) -> list[str] | None:
    """Return `--markdown` as a format.

    >>> markdown(["runs/a", "--markdown"])
    ['runs/a', '--format', 'markdown']
    """
    if "--markdown" not in arguments:
        return None
    others = [argument for argument in arguments if argument != "--markdown"]
    return [*others, "--format", "markdown"]


def _taken(arguments: list[str], option: str) -> tuple[list[str], list[str]]:
    """Return the values of an option, and what is left without it."""
    values, others = [], []
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name == option:
            values.append(value if equals else next(rest, "..."))
        else:
            others.append(argument)
    return values, others
