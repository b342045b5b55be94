"""What does a teacher give to a student that never sees motion? Accuracy, size and latency.

    python research/distill/run.py utd_mhad=utd.h5 nw_ucla=nwucla.h5 [--seeds 3] [--rows FILE]

For each configuration and its store, and each seed: a teacher with motion kernels and FrierenFuse,
a smaller student without either that learns from it, and the same student with labels alone.
What `--set` changes, more epochs for example, is for the students: who learns from another may be
patient.
Accuracy is that of the last epoch on the protocol's test part. A row is written as each run ends;
runs whose row is there are not made again, and one that was broken off goes on where it stopped. At
the end all three take turns on one clip and one core: the ratio of their times is of one machine.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import click
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.lab.data_sets import TUNED
from research.lab.measured import latencies, processor
from research.lab.rows import append_row, read_rows
from research.lab.tables import markdown, told
from skelfuse.batches import Batches
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.evaluation import evaluate
from skelfuse.models import describe
from skelfuse.run import Run, load_run
from skelfuse.store import Store
from skelfuse.training import read_config, train
from skelfuse.training.checkpoint import LAST

TEACHER, TAUGHT, ALONE = "teacher", "student, taught", "student, alone"
KINDS = (TEACHER, TAUGHT, ALONE)
WITHOUT_MOTION = ("model.scales=[]", "model.fuse=false")
NAMES = ("data", "teacher", "student", "kind", "seed", "epochs", "given")


def settings(kind: str, sizes: tuple[str, str], teacher: Path, given: Sequence[str]) -> list[str]:
    """Return what sets a kind of run apart; who is not taught is given nothing of `distill`."""
    if kind == TEACHER:
        return [f"model.size={sizes[0]}"]
    student = [f"model.size={sizes[1]}", *WITHOUT_MOTION]
    if kind == TAUGHT:
        return [*student, *given, f"distill.teacher={teacher}"]
    return [*student, *(setting for setting in given if not setting.startswith("distill."))]


def key_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name, "") for name in NAMES)


def milliseconds(runs: dict[str, Run], store: Store) -> dict[str, float]:
    """Return each kind's milliseconds for one clip on one core."""
    (batch,) = Batches(store, [0], sampling=runs[TEACHER].config.sampling).epoch()
    calls = {kind: partial(run.model, batch.x, batch.mask) for kind, run in runs.items()}
    return {kind: 1000 * seconds for kind, seconds in latencies(calls).items()}


def table(rows: list[dict[str, Any]], latency: dict[str, dict[str, float]], seeds: int) -> str:
    header = [
        "data",
        "model",
        "accuracy",
        "parameters",
        "MMACs",
        "one clip, ms",
        "of the teacher's",
    ]
    lines = []
    for data, times in latency.items():
        for kind in KINDS:
            own = [row for row in rows if (row["data"], row["kind"]) == (data, kind)]
            accuracy = {row["seed"]: 100 * row["accuracy"] for row in own}
            size = f"{own[0]['parameters']:,}", f"{own[0]['macs'] / 1e6:.2f}"
            speed = f"{times[kind]:.2f}", f"{times[kind] / times[TEACHER]:.2f}"
            lines.append([data, kind, told(accuracy, seeds), *size, *speed])
    return markdown(header, lines)


@click.command(help=__doc__)
@click.argument("data", nargs=-1, required=True, metavar="CONFIG=STORE...")
@click.option("--seeds", default=3, show_default=True)
@click.option("--epochs", type=click.IntRange(min=1), help="Instead of the configuration's.")
@click.option("--teacher", default="small", show_default=True, help="The teacher's size.")
@click.option("--student", default="nano", show_default=True, help="The students' size.")
@click.option("--set", "given", multiple=True, metavar="KEY=VALUE", help="For the students alone.")
@click.option(
    "--rows",
    default="research/distill/rows.jsonl",
    show_default=True,
    type=click.Path(path_type=Path),
)
@click.option("--runs", default="runs/distill", show_default=True, type=click.Path(path_type=Path))
@click.option("--threads", default=1, show_default=True)
def main(
    *,
    data: tuple[str, ...],
    seeds: int,
    epochs: int | None,
    teacher: str,
    student: str,
    given: tuple[str, ...],
    rows: Path,
    runs: Path,
    threads: int,
) -> None:
    torch.set_num_threads(threads)
    done = read_rows([rows])
    known = {key_of(row) for row in done}
    students = f"-{hashlib.sha256(repr(given).encode()).hexdigest()[:8]}" if given else ""
    wanted = set()
    latency: dict[str, dict[str, float]] = {}
    for pair in data:
        config_name, equals, file = pair.partition("=")
        if not equals:
            raise click.UsageError(f"not CONFIG=STORE: {pair}")
        store = Store(Path(file))
        shorter = [f"train.epochs={epochs}"] if epochs else []
        file_of_config = TUNED / f"{config_name}.yaml"
        plain = read_config(file_of_config, shorter)
        if plain.protocol is None:
            raise click.UsageError(f"{config_name} has no protocol")
        parts = split(clip_table(store), plain.protocol)
        length = plain.train.epochs
        of_seed: dict[str, Path] = {}
        for seed in range(seeds):
            of_seed = {
                kind: runs
                / f"{config_name}-{teacher}-{student}-{length}-{seed}"
                / (kind if kind == TEACHER else kind.replace(", ", "-") + students)
                for kind in KINDS
            }
            for kind, folder in of_seed.items():
                own = "" if kind == TEACHER else " ".join(given)
                key = (config_name, teacher, student, kind, seed, length, own)
                wanted.add(key)
                if key in known and (folder / LAST).exists():
                    continue
                apart = settings(kind, (teacher, student), of_seed[TEACHER] / LAST, given)
                config = read_config(file_of_config, [*shorter, f"seed={seed}", *apart])
                start = time.perf_counter()
                train(config, store, parts, folder, device="cpu", resume=True)
                seconds = time.perf_counter() - start
                run = load_run(folder / LAST)
                found = evaluate([run], store, parts["test"], protocol=plain.protocol, part="test")
                size = describe(
                    run.model, frames=config.sampling.frames, persons=config.sampling.persons
                )
                row = dict(zip(NAMES, key, strict=True)) | {
                    "accuracy": found.metrics.top1,
                    "parameters": size.parameters,
                    "macs": size.macs,
                    "seconds": seconds,
                }
                done.append(row)
                append_row(rows, row)
        trained = {kind: load_run(folder / LAST) for kind, folder in of_seed.items()}
        latency[config_name] = milliseconds(trained, store)
    click.echo(f"{processor()}, {date.today()}, {seeds} seeds, one core\n")
    asked = {key_of(row): row for row in done}  # the latest of each
    click.echo(table([row for key, row in asked.items() if key in wanted], latency, seeds))


if __name__ == "__main__":
    main()
