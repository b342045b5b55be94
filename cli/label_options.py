"""The options of `skelfuse preprocess` for labels that lie beside the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from skelfuse.cli import options
from skelfuse.cli.paths import PATH

if TYPE_CHECKING:
    from skelfuse.datasets.labels.labelling import Labelling

Command = TypeVar("Command", bound=Callable[..., Any])
FROM = ("label", "subject", "camera", "split")
WAYS = "folder, folder:2, name:REGEX or column:NAME"
OPTIONS = (
    click.option(
        "--labels",
        "label_table",
        type=PATH,
        metavar="TABLE",
        help="A table of labels or intervals, or a folder of such tables.",
    ),
    click.option(
        "--label-rows",
        multiple=True,
        metavar="COLUMN=VALUE",
        help="Use only these lines of the table; != leaves them out.",
    ),
    click.option("--whole", is_flag=True, help="Keep recordings whole, with their intervals."),
    options.rest_label,
    *(
        click.option(f"--{what}-from", metavar="WAY", help=f"The {what}: {WAYS}.")
        if what == "label"
        else click.option(f"--{what}-from", metavar="WAY", help=f"The {what}, in the same ways.")
        for what in FROM
    ),
)


def label_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def labelling(given: Mapping[str, Any]) -> Labelling | None:
    """Return the labelling that the options describe; None without any."""
    from skelfuse.datasets.labels.labelling import labelling_of

    return labelling_of(
        given["label_table"],
        given["label_rows"],
        {what: given[f"{what}_from"] for what in FROM},
        whole=given["whole"],
        rest=given["rest_label"],
    )
