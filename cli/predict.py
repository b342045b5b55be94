"""`skelfuse predict`: what people do in recordings, with a trained run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skelfuse.cli import options
from skelfuse.cli.checkpoints import checkpoint_of
from skelfuse.cli.command import Command
from skelfuse.cli.messages import complain, output, say, wrote
from skelfuse.cli.paths import FILE, PATH
from skelfuse.cli.renamed import run_first_and_shares
from skelfuse.cli.termination import ended_cleanly

if TYPE_CHECKING:
    from skelfuse.errors import SkelfuseError
    from skelfuse.predict import Recogniser

SOME_FILES_BAD = 3
STDIN = Path("-")
WINDOW = "2s"


@click.command(
    cls=Command,
    examples=[
        "skelfuse predict runs/first raw/S001C001P001R001A001.skeleton",
        "skelfuse predict runs/first raw --format jsonl -o predictions.jsonl",
    ],
    renamed=run_first_and_shares,
)
@click.argument("run", type=PATH)
@click.argument("files", nargs=-1, type=PATH)
@click.option(
    "--camera", metavar="NUMBER", help="Recognise live from a camera: its number or address."
)
@options.output_format(["table", "json", "jsonl", "csv"], default=None)
@options.out(FILE, "A file, instead of standard output.")
@options.top(3)
@click.option("--persons", is_flag=True, help="Also recognise each person alone.")
@click.option("--shares", is_flag=True, help="Show how much each joint adds to the class.")
@click.option("--explain", is_flag=True, help="Show how much each limb adds to the class.")
@options.window
@options.stride
@options.crops
@options.checkpoint()
@options.device
@options.jobs
@options.input_format
@options.skeleton
@options.class_names
@options.fps
@click.pass_context
def predict(ctx: click.Context, /, run: Path, files: tuple[Path, ...], **given: Any) -> None:
    """Recognise actions in files, videos or a live stream.

    RUN is a run's folder or a checkpoint. FILES are stores, or files and folders of any format
    that preprocess reads; a bad one is reported in one line and left out. With '-' as FILES,
    frames are read from standard input as JSON lines, such as {"joints": [[x, y, z], ...]}, and one
    line is printed per stride, as JSON or as --format says. --camera 0 does the same until Ctrl-C.
    Cameras and videos need the extra 'video', and a run with MediaPipe's joints.
    """
    window, stride, camera = given["window"], given["stride"], given["camera"]
    if bool(files) == (camera is not None):
        raise click.UsageError("give either FILES, '-' or --camera")
    live = STDIN in files or camera is not None
    form = given["form"] or options.TABLE
    if live and (len(files) > 1 or form == "json" or given["persons"]):
        raise click.UsageError(
            f"{'--camera' if camera else STDIN} must be the only input: one line per window, "
            "without --json and --persons"
        )
    given["form"] = given["form"] or ("jsonl" if live else options.TABLE)
    if live:
        _check_live(given)
        if camera is not None:
            from skelfuse.datasets.estimators.mediapipe_pose import check_installed

            check_installed()
    if stride and not (window or live):
        raise click.UsageError("--stride needs --window")
    if window and given["persons"]:
        raise click.UsageError("--persons is for whole clips: leave out --window")
    if (window or live) and given["shares"] and form == options.TABLE:
        raise click.UsageError("--shares of windows need --format jsonl or csv")
    given["window"] = window or (WINDOW if live else None)

    from skelfuse.cli.predict_files import predict_files
    from skelfuse.predict import load

    path = checkpoint_of(run, given["checkpoint"])
    recogniser = load(path, device=given["device"], crops=given["crops"])
    problems: list[SkelfuseError] = []
    with ended_cleanly(), _writing(given["out"]) as write:
        if live:
            _live(recogniser, given, problems, write)
        else:
            predict_files(recogniser, files, given, problems, write)
    if problems:
        ctx.exit(SOME_FILES_BAD)


def _check_live(given: dict[str, Any]) -> None:
    """Refuse options that are about reading files."""
    camera = given["camera"] is not None
    if given["input_format"] != options.AUTO or given["class_names"] or given["jobs"]:
        raise click.UsageError(
            f"{'--camera' if camera else STDIN} reads no files: leave out --input-format, "
            "--class-names and --jobs"
        )
    if camera and given["skeleton"]:
        raise click.UsageError("--camera has its own joints: leave out --skeleton")


def _live(
    recogniser: Recogniser,
    given: dict[str, Any],
    problems: list[SkelfuseError],
    write: Callable[[str], None],
) -> None:
    from skelfuse.cli.predict_camera import windows_of_camera
    from skelfuse.cli.predict_live import windows_of_lines
    from skelfuse.cli.prediction_text import text_of
    from skelfuse.datasets.clips import reading_of_store
    from skelfuse.layouts import find_layout
    from skelfuse.plain_text import shown
    from skelfuse.predict.stream import Stream

    def bad(error: SkelfuseError) -> None:
        problems.append(error)
        complain(str(error))

    def note(text: str) -> None:
        say(shown(f"note: {text}"))

    text = text_of(recogniser, given, live=True)
    begun = False
    reading = reading_of_store(recogniser.run.provenance, recogniser.run.skeleton)
    begin = partial(
        Stream,
        recogniser,
        window=given["window"],
        stride=given["stride"],
        joints=given["shares"],
        limbs=given["explain"],
    )
    if given["camera"] is not None:
        windows = windows_of_camera(
            given["camera"], begin, fps=given["fps"], min_score=reading.min_score, note=note
        )
    else:
        windows = windows_of_lines(
            sys.stdin.buffer,
            recogniser,
            begin,
            fps=given["fps"],
            layout=find_layout(str(given["skeleton"])) if given["skeleton"] else None,
            missing=reading.missing,
            bad=bad,
            note=note,
        )
    doubts: set[str] = set()
    for window in windows:
        if not begun and (heading := text.heading()):
            write(heading)
        begun = True
        for doubt in window.prediction.doubts if window.prediction else ():
            if doubt not in doubts:  # each is told once
                note(doubt)
            doubts.add(doubt)
        write(text.window(window))


@contextmanager
def _writing(out: Path | None) -> Iterator[Callable[[str], None]]:
    """Give a function that writes a line; a file at `out` is only replaced at the end."""
    from skelfuse.files import atomic_write, cannot_write
    from skelfuse.plain_text import shown

    if out is None:
        yield lambda line: output(shown(line))  # which flushes
        return
    try:
        with atomic_write(out) as place, place.open("w", encoding="utf-8") as file:
            yield lambda line: print(shown(line), file=file)
    except OSError as error:
        raise cannot_write("", out, error, remedy="choose another --out") from None
    wrote(out)
