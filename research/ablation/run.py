"""What is each part of the frequency side worth? Each alone, and together, added to `small`.

    python research/ablation/run.py DATA [--seeds 3] [--workers 2] --write PAGE

Data sets, rows, resuming and several processes are as in research/accuracy, whose rows count here
too where the same was asked for. When every part has been measured alone, those that gained on
average are run together. Latencies are measured when the page is written, all models in turn.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.ablation.page import PLAIN, gain, page
from research.ablation.pruning import GATED, measure_pruning
from research.lab.cells import Cell, Variant
from research.lab.data_sets import RealSet, is_there, store_of
from research.lab.measured import latencies
from research.lab.options import Asked, exit_if_any, experiment_options, write_page
from research.lab.rows import read_rows
from research.lab.runs import (
    Plan,
    chosen,
    plan_cells,
    present,
    run_all,
    sets_named,
    work_through,
)
from research.lab.tables import Found, by_pair
from skelfuse.training import build_model

SETS_HERE = ("utd-mhad", "nw-ucla", "jhmdb", "synth")
# The table was begun with these; the tuned configurations have moved on since.
BEGUN_WITH = {
    "utd-mhad": ("train.epochs=60", "model.dropout=0.3", "model.evidence_dropout=0.5"),
    "jhmdb": ("augment.joint_dropout=0",),
}
SMALL = ("model.size=small",)
MODULES = {
    "dct": ("model.frequencies.dct_window=16",),
    "dct-static-gate": (
        "model.frequencies.dct_window=16",
        "model.frequencies.gate=static",
    ),
    "dct-dynamic-gate": (
        "model.frequencies.dct_window=16",
        "model.frequencies.gate=dynamic",
    ),
    "global-filter": ("model.frequencies.global_filter=true",),
    "spectral-motion": ("model.frequencies.spectral_motion=true",),
    "frame-weighting": ("model.frequencies.frame_weighting=true",),
    "fourier": ("model.frequencies.fourier=8",),
}
TOGETHER = "together"
VARIANTS = {PLAIN: Variant(SMALL)} | {
    name: Variant((*SMALL, *settings)) for name, settings in MODULES.items()
}


def as_begun(data: RealSet) -> RealSet:
    """Return the set with the settings that all rows of its table share."""
    return replace(data, settings=BEGUN_WITH.get(data.name, ()))


def combination(
    found: Mapping[tuple[str, str], Found], sets: Sequence[str], seeds: int
) -> tuple[str, ...] | None:
    """Return the settings of the parts that gained on average; None until all are measured.

    Of those that exclude each other, the gates of one DCT, the best one is taken.
    """
    for data in sets:
        if any(len(found[data, name].accuracy) < seeds for name in VARIANTS):
            return None
    gains = {name: gain(found, name, sets) or 0.0 for name in MODULES}
    better = sorted((name for name in MODULES if gains[name] > 0), key=gains.__getitem__)
    dct = [name for name in better if name.startswith("dct")][-1:]
    parts = [name for name in MODULES if name in dct or (name in better and "dct" not in name)]
    return tuple(setting for name in parts for setting in MODULES[name])


def seconds_of(cells: Sequence[Cell], data: RealSet, folder: Path, work: Path) -> dict[str, float]:
    """Return the seconds of a forward pass of one clip of the set, on one core, by variant."""
    store = store_of(data, folder, work)
    first = {cell.name: cell for cell in cells if cell.data.name == data.name}
    if store is None:
        return {}
    calls = {}
    for name, cell in first.items():
        torch.manual_seed(0)
        model = build_model(cell.config.model, store.skeleton, len(store.class_names))
        sampling = cell.config.sampling
        persons = min(sampling.persons, int(store.persons.max()))
        shape = (1, sampling.frames, persons, len(store.skeleton), store.skeleton.dimensions)
        calls[name] = functools.partial(model.eval(), torch.randn(shape))
    return latencies(calls)


@click.command()
@experiment_options("ablation", variants="Of the table's rows.  [all]")
@click.option("--also", default="research/accuracy/rows.jsonl", show_default=True, type=Path)
def main(asked: Asked, also: Path) -> None:
    """Add each frequency module to `small` on the data sets in DATA, and write the table."""
    data, work, rows = asked.data, asked.work, [also, asked.rows]
    names = chosen(asked.variants, [*VARIANTS, TOGETHER], {}) or [*VARIANTS, TOGETHER]
    alone = [name for name in names if name != TOGETHER]
    all_sets = [as_begun(data) for data in sets_named((), SETS_HERE)]
    sets = [as_begun(data) for data in sets_named(asked.only, SETS_HERE)]
    everything = plan_cells(asked, all_sets, list(VARIANTS), VARIANTS)
    failed: list[str] = []
    here = [] if asked.no_runs else present(asked, sets)
    plan = Plan(asked, plan_cells(asked, here, alone, VARIANTS), also=(also,), kept=(GATED,))
    if here:
        failed = run_all(plan, work_through) + run_all(plan, measure_pruning)
    there = [one.name for one in all_sets if is_there(one, data, work)]
    best = combination(by_pair(everything, read_rows(rows)), there, asked.seeds)
    if best:
        both = {TOGETHER: Variant((*SMALL, *best))}
        if here and TOGETHER in names:
            plan = replace(plan, cells=plan_cells(asked, here, [TOGETHER], both))
            failed += run_all(plan, work_through)
        everything += plan_cells(asked, all_sets, [TOGETHER], both)
    if asked.write:
        text = page(
            everything,
            read_rows(rows),
            MODULES | ({TOGETHER: best} if best else {}),
            seconds_of(everything, all_sets[0], data, work),
            sets=SETS_HERE,
            seeds=asked.seeds,
            begun_with=BEGUN_WITH,
            command=asked.command,
        )
        write_page(asked.write, text)
    exit_if_any(failed)


if __name__ == "__main__":
    main()
