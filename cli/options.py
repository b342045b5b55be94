"""The options that several commands share: one name, one meaning, one type, one help text."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click

from skelfuse.cli.completion import formats, layouts, protocols
from skelfuse.cli.numbers import FPS, Finite, mark
from skelfuse.cli.paths import FILE

AUTO = "auto"
TABLE, JSON = "table", "json"

Function = Callable[..., Any]
Option = Callable[[Function], Function]


def data(*, required: bool = False) -> Option:
    """Return `--data STORE`."""
    return click.option(
        "--data", metavar="STORE", type=FILE, required=required, help="Store with the clips."
    )


def protocol(default: str) -> Option:
    """Return `--protocol`, with its default described in words."""
    return click.option(
        "--protocol",
        shell_complete=protocols,
        help="How to split the clips, e.g. ntu60-xsub or kfold:5/1; skelfuse info lists those "
        f"that fit a store.  [default: {default}]",
    )


def checkpoint(default: str = "best") -> Option:
    """Return `--checkpoint best|last`."""
    return click.option(
        "--checkpoint",
        type=click.Choice(["best", "last"]),
        help=f"Checkpoint to load from a run's folder.  [default: {default}]",
    )


def part(default: str | None = None) -> Option:
    """Return `--part`; without a `default` here, the command has one."""
    told = "" if default else "  [default: test]"
    return click.option(
        "--part",
        default=default,
        show_default=default is not None,
        help=f"Part of the split, or 'all' for every clip.{told}",
    )


def _length(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    from skelfuse.errors import SkelfuseError
    from skelfuse.predict.windows import Length

    try:
        if text is not None:
            Length.parse(text)
    except SkelfuseError as error:
        raise click.BadParameter(str(error)) from None
    return text


window = click.option(
    "--window", callback=_length, help="Recognise windows of this length, e.g. 2s or 60f."
)
stride = click.option(
    "--stride", callback=_length, help="Distance between window starts.  [default: window / 4]"
)


rest_label = click.option(
    "--rest-label",
    metavar="NAME",
    help="Label of the frames outside all intervals.  [default: left out]",
)


def one_class(more: str, name: str = "class_name", *, multiple: bool = False) -> Option:
    """Return `--class`."""
    text = f"Class, by its name or a part of it.{more}"
    return click.option("--class", name, metavar="CLASS", multiple=multiple, help=text)


def one_clip(more: str) -> Option:
    """Return `--clip`."""
    return click.option("--clip", "clip_name", metavar="NAME", help=f"One clip, by its name.{more}")


def out(type_: click.Path, what: str, *, required: bool = False) -> Option:
    """Return `-o/--out`: where the result goes."""
    return click.option(
        "-o", "--out", type=type_, required=required, help=f"Where to write. {what}"
    )


def output_format(forms: Sequence[str], *, default: str | None = TABLE) -> Option:
    """Return `--format` of the output and its short form `--json`: the command gets one `form`."""

    def both(function: Function) -> Function:
        @click.option(
            "--format",
            "form",
            type=click.Choice(list(forms)),
            help=f"Format of what is printed.  [default: {forms[0]}]",
        )
        @click.option(
            "--json", "as_json", is_flag=True, help="Print JSON; short for --format json."
        )
        @functools.wraps(function)
        def decided(*arguments: Any, form: str | None, as_json: bool, **given: Any) -> Any:
            if as_json and form not in (None, JSON):
                raise click.UsageError(f"--json or --format {form}, not both")
            return function(*arguments, form=JSON if as_json else form or default, **given)

        return decided

    return both


device = click.option(
    "--device", default=AUTO, show_default=True, help="Where to compute: auto, cpu, cuda or cuda:1."
)
crops = click.option(
    "--crops",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Crops per clip, averaged.",
)
jobs = click.option(
    "--jobs", type=click.IntRange(1), help="Number of processes.  [default: one per core]"
)
input_format = click.option(
    "--input-format",
    default=AUTO,
    show_default=True,
    shell_complete=formats,
    help="Format of the files that are read; skelfuse preprocess --help lists them.",
)
skeleton = click.option(
    "--skeleton",
    metavar="LAYOUT",
    type=FILE,
    shell_complete=layouts,
    help="Joint layout: a name that skelfuse layouts lists, or a YAML file.",
)
class_names = click.option(
    "--class-names", type=FILE, help='File with class names, one line each: "A001 drink water".'
)
min_score = click.option(
    "--min-score",
    type=Finite(0),
    help="Joints with a lower score or likelihood are missing.  [default: the format's own]",
)
fps = click.option("--fps", type=FPS, help="Frames per second.")
columns = click.option("--columns", help="A table's columns, e.g. '{joint}_{axis}'.")
axes = click.option("--axes", help="The order of an array's axes, e.g. CTVM or TNC.")
score = click.option("--score", is_flag=True, help="An array's last coordinate is a score.")
missing = click.option(
    "--missing",
    callback=mark,
    metavar="nan|zeros|NUMBER",
    default="nan",
    show_default=True,
    help="Value in all axes that marks a missing joint, e.g. -9999; zeros is 0.",
)
plot = click.option("--plot", type=FILE, help="Draw a picture into this file.")
resume = click.option("--resume", is_flag=True, help="Continue where an interrupted call stopped.")
strict = click.option("--strict", is_flag=True, help="Stop at the first problem in the data.")
show_all = click.option(
    "--all", "everything", is_flag=True, help="Print the full report, not just one screen."
)


def seed(default: int | None, told: str = "") -> Option:
    """Return `--seed`."""
    return click.option(
        "--seed",
        type=click.IntRange(0),
        default=default,
        show_default=default is not None,
        help=f"Random seed.{f'  [default: {told}]' if told else ''}",
    )


def top(default: int) -> Option:
    """Return `--top`."""
    return click.option(
        "--top",
        type=click.IntRange(1),
        default=default,
        show_default=True,
        help="Entries per list.",
    )
