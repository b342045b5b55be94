"""How many frames a second are read from tables and arrays, and how much memory it takes.

    python benchmarks/read_frames.py [--frames 20000] [--json FILE]

It writes one recording in each way that people keep one, and reads it as `preprocess` does, on one
core. Seconds are of computing, so that other work beside it changes little; memory is the most
that Python held beyond the file itself.
"""

from __future__ import annotations

import json
import platform
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from skelfuse.clip import Clip
from skelfuse.datasets.clips import clips_in
from skelfuse.datasets.format import ReadOptions
from skelfuse.layouts import COCO_17

Array = npt.NDArray[np.floating[Any]]
Write = Callable[[Path, int], Path]
ROUNDS = 3


def poses(frames: int, joints: int, axes: int) -> Array:
    """Return a body that moves a little, `[T,N,D]`, in three digits after the point."""
    draw = np.random.default_rng(0)
    body = draw.uniform(0, 1, (joints, axes))
    return np.asarray((body + draw.normal(0, 0.01, (frames, joints, axes))).round(3))


def csv_of(path: Path, names: list[str], values: Array) -> Path:
    rows = [",".join(map(repr, row)) for row in values.reshape(len(values), -1).tolist()]
    path.write_text("\n".join([",".join(names), *rows]) + "\n")
    return path


def coco_csv(folder: Path, frames: int) -> Path:
    names = [f"{joint}_{axis}" for joint in COCO_17.joints for axis in "xy"]
    return csv_of(folder / "coco.csv", names, poses(frames, 17, 2))


def mediapipe_csv(folder: Path, frames: int) -> Path:
    names = [f"{axis}{joint}" for joint in range(33) for axis in "xyz"]
    return csv_of(folder / "mediapipe.csv", names, poses(frames, 33, 3))


def npy(folder: Path, frames: int) -> Path:
    np.save(folder / "a.npy", poses(frames, 17, 2).astype(np.float32))
    return folder / "a.npy"


WAYS: dict[str, tuple[str, Write, ReadOptions]] = {
    "csv, 17 joints x 2": (
        "table",
        coco_csv,
        ReadOptions(columns="{joint}_{axis}", skeleton=COCO_17, fps=30),
    ),
    "csv, 33 joints x 3": ("mediapipe-csv", mediapipe_csv, ReadOptions(fps=30)),
    "npy, 17 joints x 2": ("npy", npy, ReadOptions(skeleton=COCO_17, fps=30)),
}


def read(path: Path, form: str, options: ReadOptions) -> int:
    """Return how many frames are read."""
    frames = 0
    for clip in clips_in(path, form, options):
        if not isinstance(clip, Clip):
            raise clip
        frames += clip.frames
    return frames


def measured(name: str, frames: int) -> dict[str, Any]:
    form, write, options = WAYS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), frames)
        size = path.stat().st_size
        times = []
        for _ in range(ROUNDS):
            began = time.process_time()
            assert read(path, form, options) == frames
            times.append(time.process_time() - began)
        tracemalloc.start()
        read(path, form, options)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return {"way": name, "frames_per_second": frames / min(times), "file": size, "memory": most}


@click.command()
@click.option("--frames", default=20_000, show_default=True)
@click.option("--json", "out", type=Path)
def main(frames: int, out: Path | None) -> None:
    """Read one recording in each way, and print frames a second."""
    rows = [measured(name, frames) for name in WAYS]
    for row in rows:
        click.echo(
            f"{row['way']:<20} {row['frames_per_second']:>10,.0f} frames/s, "
            f"{row['memory'] / row['file']:.1f} times the file in memory"
        )
    if out is not None:
        when = datetime.now(timezone.utc).isoformat(timespec="seconds")
        told = {"machine": platform.processor() or platform.machine(), "when": when, "rows": rows}
        out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
