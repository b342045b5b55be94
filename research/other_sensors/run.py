"""Does `generic` suit recordings that nobody tuned anything for? One data set, as others give it.

    python research/other_sensors/run.py DATA [--seeds 3] [--workers 2] --write PAGE

The training clips of UTD-MHAD, as slower and faster cameras, a capture system of its own axes and
units, a camera without depth, one that loses joints, and one that sees only arms would give them;
and few of them. Half of the people train `generic`, the others test it, and the other way round;
the test clips of the set are never looked at. Rows and resuming are as in research/accuracy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.lab.cells import Variant
from research.lab.data_sets import SETS, RealSet, parts_of
from research.lab.options import Asked, exit_if_any, experiment_options, write_page
from research.lab.rows import Row, locked, read_rows
from research.lab.runs import Plan, opened, plan_cells, run_all, work_through
from research.lab.tables import NONE, Found, asked_for, by_pair, made_by, markdown, told
from skelfuse.clip import Clip
from skelfuse.datasets.reading.layout_of import from_names
from skelfuse.store import Store

SOURCE = SETS["utd-mhad"]
GENERIC = "generic"
FOLDS = ("kfold:2/1", "kfold:2/2")
FEW_CLASSES, FEW_TAKES = 8, 3  # of each person
CHAIN = ("shoulder", "elbow", "wrist", "hand")
ARMS = tuple(f"{side}_{part}" for side in ("left", "right") for part in CHAIN)
BONES = [
    *((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for b, a in pairwise(CHAIN)),
    ("right_shoulder", "left_shoulder"),
]
Draw = np.random.Generator
Sensor = Callable[[Clip, Draw], Clip | None]  # None: it has no such clip


def _as_recorded(clip: Clip, draw: Draw) -> Clip:
    return clip


def _at_15(clip: Clip, draw: Draw) -> Clip:
    return replace(clip, coords=clip.coords[::2], fps=15.0)


def _at_120(clip: Clip, draw: Draw) -> Clip:
    frames = np.arange(4 * clip.frames - 3) / 4
    before = np.floor(frames).astype(np.intp)
    after = np.minimum(before + 1, clip.frames - 1)
    share = (frames - before)[:, None, None, None]
    between = (1 - share) * clip.coords[before] + share * clip.coords[after]
    return replace(clip, coords=between.astype(np.float32), fps=120.0)


def _captured(clip: Clip, draw: Draw) -> Clip:
    """Return millimetres, z upwards, everybody somewhere and facing anywhere."""
    x, y, z = np.moveaxis(clip.coords, -1, 0)
    angle = draw.uniform(-np.pi, np.pi)
    turned = np.cos(angle) * x + np.sin(angle) * z, np.sin(angle) * x - np.cos(angle) * z
    metres = np.stack([*turned, y], axis=-1) + draw.normal(0, 2, 3) * (1, 1, 0)
    return replace(clip, coords=(1000 * metres).astype(np.float32))


def _flat(clip: Clip, draw: Draw) -> Clip:
    """Return pixels, y downwards."""
    pixels = clip.coords[..., :2] * (200, -200) + (320, 240) + draw.normal(0, 30, 2)
    return replace(
        clip, coords=pixels.astype(np.float32), skeleton=replace(clip.skeleton, dimensions=2)
    )


def _losing(clip: Clip, draw: Draw) -> Clip:
    """Lose a tenth of the joints here and there, and in three clips of ten three all the time."""
    coords = clip.coords.copy()
    coords[draw.random(coords.shape[:3]) < 0.1] = np.nan
    if draw.random() < 0.3:
        coords[:, :, draw.permutation(coords.shape[2])[:3]] = np.nan
    return replace(clip, coords=coords)


def _arms(clip: Clip, draw: Draw) -> Clip:
    body = from_names(ARMS, BONES, 3, name="arms")
    chosen = [clip.skeleton.index(joint) for joint in ARMS]
    return replace(clip, coords=clip.coords[:, :, chosen], skeleton=body)


def _few(clip: Clip, draw: Draw) -> Clip | None:
    classes = [f"a{number:02d}" for number in range(1, FEW_CLASSES + 1)]
    wanted = str(clip.label).split()[0] in classes and int(clip.replication or 0) <= FEW_TAKES
    return clip if wanted else None


SENSORS: Mapping[str, Sensor] = MappingProxyType(
    {
        "as recorded": _as_recorded,
        "15 frames a second": _at_15,
        "120 frames a second": _at_120,
        "millimetres, z up, facing anywhere": _captured,
        "pixels, without depth": _flat,
        "a tenth of the joints missing, three wholly in 30 %": _losing,
        "arms alone": _arms,
        "8 classes, 96 clips": _few,
    }
)


def made_store(sensor: str, store: Store, path: Path) -> None:
    """Write the store of what this sensor would have given of the training clips."""
    draw = np.random.default_rng(0)
    train = parts_of(store, SOURCE.protocols[0])["train"]
    made = (SENSORS[sensor](store[int(i)], draw) for i in train)
    Store.write(path, (clip for clip in made if clip is not None))


def seen_by(sensor: str) -> RealSet:
    name = f"{SOURCE.name}, {sensor.replace('%', 'percent')}"
    return RealSet(name, sensor, "", name, GENERIC, FOLDS)


@click.command()
@experiment_options("other_sensors", variants="None here.")
def main(asked: Asked) -> None:
    """Train `generic` on UTD-MHAD as other sensors would give it, and tell how it does."""
    sets = [seen_by(sensor) for sensor in SENSORS]
    cells = plan_cells(asked, sets, [GENERIC], {GENERIC: Variant()})
    failed: list[str] = []
    if not asked.no_runs:
        source = opened(asked, SOURCE)
        for data in sets:
            path = asked.work / "stores" / f"{data.name}.h5"
            with locked(path.with_suffix(".lock")):
                if not path.exists():
                    made_store(data.title, source, path)
        failed = run_all(Plan(asked, cells), work_through)
    rows = read_rows([asked.rows])
    found = by_pair(cells, rows)
    text = page(found, asked_for(cells, rows), asked)
    click.echo(text)
    if asked.write:
        write_page(asked.write, text)
    exit_if_any(failed)


def page(found: Mapping[tuple[str, str], Found], rows: list[Row], asked: Asked) -> str:
    lines = []
    for sensor in SENSORS:
        one = found.get((seen_by(sensor).name, GENERIC), Found())
        clips = [str(row["train_clips"] + row["test_clips"]) for row in one.rows[:1]]
        lines.append([sensor, *(clips or [NONE]), told(one.accuracy, asked.seeds)])
    table = markdown(["as this sensor gives it", "clips", "accuracy"], lines)
    return f"{made_by(rows, asked.command)}\n\n{table}\n"


if __name__ == "__main__":
    main()
