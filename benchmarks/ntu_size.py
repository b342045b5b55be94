"""A training of NTU RGB+D's size without NTU: as many clips, as long, of as many people.

    python benchmarks/ntu_size.py --device cuda
    python benchmarks/ntu_size.py --device cpu --share 0.01    a hundredth of the clips

Clips are pieces of `synth` movements, drawn out to lengths between 32 and 300 frames, 80 on the
average; in the published share of classes two people are seen. The store holds the training part
by subjects. It is trained by the shipped configuration for two epochs, and the second one counts:
in the first one the GPU's graph is recorded. Nothing is learnt from it about accuracy.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import torch

from skelfuse.clip import Clip, FloatArray
from skelfuse.configs import find
from skelfuse.datasets.steps import preprocess
from skelfuse.datasets.synth.dataset import write_dataset
from skelfuse.layouts import KINECT_V2
from skelfuse.store import Store
from skelfuse.training import Watcher, read_config, train

EPOCHS = 60  # that the hours are said for
SHORTEST, LONGEST = 32, 300  # frames, 1 to 10 seconds
USUAL, SPREAD = 74, 0.4  # the median, and the deviation of the logarithm: 80 on the average


class Ntu(NamedTuple):
    """The training part by subjects of a published data set."""

    config: str
    clips: int
    classes: int
    of_two: int  # classes in which two people meet


SETS = (Ntu("ntu60", 40_091, 60, 11), Ntu("ntu120", 63_026, 120, 26))


class Found(NamedTuple):
    """What an epoch takes."""

    clips: int
    frames: float  # of a clip, on the average
    people: float
    rate: float  # clips a second
    memory: float  # GB, on the device; on a CPU of the process

    @property
    def hours(self) -> float:
        return EPOCHS * self.clips / self.rate / 3600


def movements(folder: Path) -> list[FloatArray]:
    """Return some whole movements of one person `[T,N,3]`."""
    write_dataset(folder, clips=48, seed=0, noise=0.0)
    store = preprocess(folder, folder.with_suffix(".h5"))
    found = [store[i].coords[:, 0] for i in range(len(store))]
    return [coords for coords in found if not np.isnan(coords).any()]


def clips_of(ntu: Ntu, count: int, moves: list[FloatArray]) -> Iterator[Clip]:
    """Yield clips of the set's sizes; the same ones every time."""
    rng = np.random.default_rng(0)
    for i in range(count):
        label = i % ntu.classes
        frames = round(USUAL * float(np.exp(SPREAD * rng.standard_normal())))
        frames = min(max(frames, SHORTEST), LONGEST)
        people = 1 + (label >= ntu.classes - ntu.of_two)
        coords = np.empty((frames, people, len(KINECT_V2), 3), np.float32)
        for m in range(people):
            move = moves[int(rng.integers(len(moves)))]
            at = np.linspace(0, len(move) - 1, frames).round().astype(int)
            coords[:, m] = move[at] + rng.normal(0, 0.3, 3)
        yield Clip(coords, KINECT_V2, name=f"clip {i}", label=f"A{label + 1:03}", fps=30)


def ntu_store(path: Path, ntu: Ntu, count: int) -> Store:
    """Write such a store."""
    return Store.write(path, clips_of(ntu, count, movements(path.with_suffix(".raw"))))


class _Epochs(Watcher):
    def __init__(self) -> None:
        self.rates: list[float] = []

    def on_epoch(self, metrics: dict[str, Any]) -> None:
        self.rates.append(metrics["clips_per_second"])


def measured(ntu: Ntu, device: str, share: float = 1.0) -> Found:
    """Train two epochs on such a store, and return what the second one took."""
    count = max(ntu.classes, round(share * ntu.clips))
    with tempfile.TemporaryDirectory() as folder:
        store = ntu_store(Path(folder, "ntu.h5"), ntu, count)
        written = read_config(find(ntu.config), [])
        fit = replace(written.train, epochs=2, validation=0.0)
        config = replace(written, protocol=None, train=fit)
        epochs = _Epochs()
        if device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
        parts = {"train": np.arange(count)}
        train(config, store, parts, Path(folder, "run"), device=device, watcher=epochs)
        frames, people = float(store.frames.mean()), float(store.persons.mean())
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if device.startswith("cuda"):
        used = torch.cuda.max_memory_allocated()
    return Found(count, frames, people, epochs.rates[-1], used / 1e9)


@click.command(help=__doc__.splitlines()[0])
@click.option("--device", default="cuda", show_default=True)
@click.option("--share", default=1.0, show_default=True, help="Of the clips.")
@click.option("--only", type=click.Choice([one.config for one in SETS]), help="One of both.")
def main(device: str, *, share: float, only: str | None) -> None:
    for ntu in SETS:
        if only in (None, ntu.config):
            began = time.perf_counter()
            found = measured(ntu, device, share)
            click.echo(
                f"{ntu.config}: {found.clips:,} clips of {found.frames:.0f} frames and "
                f"{found.people:.2f} people: {found.rate:,.0f} clips/s, "
                f"{found.hours * ntu.clips / found.clips:.2f} hours for {EPOCHS} epochs, "
                f"{found.memory:.1f} GB (measured in {time.perf_counter() - began:.0f} s)"
            )


if __name__ == "__main__":
    main()
