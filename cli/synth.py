"""`skelfuse synth`: the embedded data set."""

from __future__ import annotations

from pathlib import Path

import click

from skelfuse.cli import options
from skelfuse.cli.command import Command
from skelfuse.cli.messages import output
from skelfuse.cli.numbers import Finite
from skelfuse.cli.paths import PATH
from skelfuse.telling.counted import counted

CLIPS = 2400


@click.command(
    cls=Command,
    examples=[
        "skelfuse synth raw --clips 120 --classes 4",
        "skelfuse synth clean --clips 20 --noise 0 --seed 1",
    ],
)
@click.argument("out", type=PATH)
@click.option(
    "--clips", type=click.IntRange(1), default=CLIPS, show_default=True, help="Number of clips."
)
@click.option("--classes", type=click.IntRange(2), help="Use the first N actions.  [default: all]")
@options.seed(0)
@click.option(
    "--noise",
    type=Finite(0, 10),
    default=1.0,
    show_default=True,
    help="Strength of the sensor's errors; 0 for none.",
)
@options.jobs
def synth(
    *, out: Path, clips: int, classes: int | None, seed: int, noise: float, jobs: int | None
) -> None:
    """Write a synthetic data set as NTU files.

    OUT is a new folder for `.skeleton` files of 0.25 MB each. People wave, kick, sit down, shake
    hands and more before three cameras, with typical errors of a Kinect. The same seed gives the
    same bytes on any machine. Call it again to finish an interrupted call.
    """
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.synth.actions import ACTIONS
    from skelfuse.datasets.synth.dataset import write_dataset
    from skelfuse.datasets.workers import usable_cores

    classes = len(ACTIONS) if classes is None else classes
    with bar("clip", total=clips) as show:
        write_dataset(
            out,
            clips=clips,
            classes=classes,
            seed=seed,
            noise=noise,
            jobs=jobs or usable_cores(),
            progress=show,
        )
    of_each = counted(min(classes, clips), "action")
    output(f"{counted(clips, 'clip')} of {of_each} in {out}")
