"""`skelfuse predict`: what people do in recordings, with a trained run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli.numbers import FPS
from skelfuse.cli.paths import FILE, PATH

if TYPE_CHECKING:
    from skelfuse.errors import SkelfuseError
    from skelfuse.predict import Recogniser

SOME_FILES_BAD = 3
STDIN = Path("-")
WINDOW = "2s"
AUTO = "auto"


def _length(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    from skelfuse.errors import SkelfuseError
    from skelfuse.predict.windows import Length

    try:
        if text is not None:
            Length.parse(text)
    except SkelfuseError as error:
        raise click.BadParameter(str(error)) from None
    return text


@click.command(short_help="Tell what people do in files or in a live stream.")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option("--run", "path", required=True, type=PATH, help="A run's folder, or a checkpoint.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl", "csv"]),
    help="For people, programs or spreadsheets.  [default: table]",
)
@click.option("--out", type=FILE, help="Write there instead of to standard output.")
@click.option(
    "--top", type=click.IntRange(1), default=3, show_default=True, help="Classes to tell."
)
@click.option("--persons", is_flag=True, help="Each person alone as well.")
@click.option("--joints", is_flag=True, help="What each joint adds to the class.")
@click.option("--window", callback=_length, help="A timeline of such windows, e.g. 2s or 60f.")
@click.option("--stride", callback=_length, help="From one to the next.  [default: window / 4]")
@click.option(
    "--crops", type=click.IntRange(1), default=1, show_default=True, help="Averaged for each clip."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:1.")
@click.option("--jobs", type=click.IntRange(1), help="Processes that read.  [default: one a core]")
@click.option("--input-format", default=AUTO, show_default=True, help="The files' format.")
@click.option(
    "--skeleton", type=FILE, metavar="TEXT", help="The files' joint layout: a name, or YAML."
)
@click.option("--class-names", type=FILE, help='Lines "A001 drink water".')
@click.option("--fps", type=FPS, help="Frames per second.")
@click.pass_context
def predict(ctx: click.Context, /, files: tuple[Path, ...], path: Path, **given: Any) -> None:
    """Tell what people do in FILES: files or folders of any format that preprocess reads.

    A bad file is told in one line and left out. FILES may be '-': frames as JSON lines on standard
    input, such as {"joints": [[x, y, z], ...]}, and a JSON line out for every stride.
    """
    window, stride = given["window"], given["stride"]
    live = STDIN in files
    if live and (len(files) > 1 or given["form"] not in (None, "jsonl") or given["persons"]):
        raise click.UsageError("'-' is the only input then, gives JSON lines, and no --persons")
    if live:
        _check_live(given)
    if stride and not (window or live):
        raise click.UsageError("--stride needs --window")
    if window and given["persons"]:
        raise click.UsageError("--persons is for whole clips, without --window")
    if window and given["joints"] and not live and given["form"] in (None, "table"):
        raise click.UsageError("--joints of windows need --format jsonl or csv")
    given["window"] = window or (WINDOW if live else None)

    from skelfuse.cli.predict_files import predict_files
    from skelfuse.predict import load

    recogniser = load(path, device=given["device"], crops=given["crops"])
    problems: list[SkelfuseError] = []
    with _writing(given["out"]) as write:
        if live:
            _live(recogniser, given, problems, write)
        else:
            predict_files(recogniser, files, given, problems, write)
    if problems:
        ctx.exit(SOME_FILES_BAD)


def _check_live(given: dict[str, Any]) -> None:
    """Refuse what says how files are to be read."""
    if given["input_format"] != AUTO or given["class_names"] or given["jobs"]:
        raise click.UsageError(
            "'-' reads no files: without --input-format, --class-names and --jobs"
        )


def _live(
    recogniser: Recogniser,
    given: dict[str, Any],
    problems: list[SkelfuseError],
    write: Callable[[str], None],
) -> None:
    from skelfuse.cli.predict_live import windows_of_lines
    from skelfuse.cli.prediction_text import JsonLines
    from skelfuse.layouts import find_layout

    def bad(error: SkelfuseError) -> None:
        problems.append(error)
        click.echo(str(error), err=True)

    text = JsonLines(top=given["top"])
    for window in windows_of_lines(
        sys.stdin.buffer,
        recogniser,
        window=given["window"],
        stride=given["stride"],
        fps=given["fps"],
        joints=given["joints"],
        layout=find_layout(str(given["skeleton"])) if given["skeleton"] else None,
        bad=bad,
    ):
        write(text.window(window))


@contextmanager
def _writing(out: Path | None) -> Iterator[Callable[[str], None]]:
    """Give a function that writes a line; a file at `out` stays as it was until all is done."""
    from skelfuse.files import atomic_write, cannot_write
    from skelfuse.plain_text import shown

    if out is None:
        yield lambda line: click.echo(shown(line))  # which flushes
        return
    try:
        with atomic_write(out) as place, place.open("w", encoding="utf-8") as file:
            yield lambda line: print(shown(line), file=file)
    except OSError as error:
        raise cannot_write("", out, error, remedy="choose another --out") from None
