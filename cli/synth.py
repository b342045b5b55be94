"""`skelfuse synth`: the embedded data set."""

from __future__ import annotations

from pathlib import Path

import click

from skelfuse.cli.numbers import Finite
from skelfuse.cli.paths import PATH
from skelfuse.telling.counted import counted

CLIPS = 2400


@click.command(short_help="Write a synthetic data set as NTU files.")
@click.argument("out", type=PATH)
@click.option(
    "--clips", type=click.IntRange(1), default=CLIPS, show_default=True, help="How many clips."
)
@click.option(
    "--classes", type=click.IntRange(2), help="The first so many actions.  [default: all]"
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all that is drawn."
)
@click.option(
    "--noise",
    type=Finite(0, 10),
    default=1.0,
    show_default=True,
    help="How often and how far the sensor errs; 0 is never.",
)
@click.option("--jobs", type=click.IntRange(1), help="Processes.  [default: one a core]")
def synth(
    *, out: Path, clips: int, classes: int | None, seed: int, noise: float, jobs: int | None
) -> None:
    """Write synthetic clips as NTU `.skeleton` files into the new folder OUT (0.25 MB each).

    People wave, kick, sit down, shake hands and more before three cameras, with a Kinect's faults.
    The same seed gives the same bytes on any machine. A run that was broken off is finished when
    it is started again.
    """
    from skelfuse.cli.progress import bar
    from skelfuse.datasets.synth.actions import ACTIONS
    from skelfuse.datasets.synth.dataset import write_dataset
    from skelfuse.datasets.workers import usable_cores

    classes = len(ACTIONS) if classes is None else classes
    with bar(clips, "clip") as show:
        write_dataset(
            out,
            clips=clips,
            classes=classes,
            seed=seed,
            noise=noise,
            jobs=jobs or usable_cores(),
            progress=lambda done: show(done, ""),
        )
    of_each = counted(min(classes, clips), "action")
    click.echo(f"{counted(clips, 'clip')} of {of_each} in {out}")
