"""Run the experiments that have no row yet, in one process or several, whatever interrupts them."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import torch

from research.lab.cells import Cell, Variant, cells_of
from research.lab.data_sets import INNER, SETS, RealSet, inner, store_of
from research.lab.experiment import run_cell
from research.lab.options import Asked
from research.lab.rows import Row, append_row, key_of, locked, read_rows
from skelfuse.errors import SkelfuseError
from skelfuse.store import Store


@dataclass(frozen=True)
class Plan:
    """What is to be run, and as what was asked on the command line."""

    asked: Asked
    cells: tuple[Cell, ...]
    also: tuple[Path, ...] = ()  # files of rows that count as done too
    kept: tuple[str, ...] = ()  # variants whose runs stay on disk


Task = Callable[[Plan], list[str]]
Experiment = Callable[..., Row]  # as run_cell


def plan_cells(
    asked: Asked, sets: Sequence[RealSet], names: Sequence[str], variants: Mapping[str, Variant]
) -> tuple[Cell, ...]:
    """Return the runs, the first seed of everything first; say which variants cannot be made."""
    cells: list[Cell] = []
    for name in names:
        try:
            for data in sets:
                cells += cells_of(data, name, variants, seeds=asked.seeds, settings=asked.settings)
        except SkelfuseError as error:
            click.echo(f"{name}: skipped: {error}", err=True)
    place = {name: i for i, name in enumerate(names)}
    return tuple(sorted(cells, key=lambda cell: (cell.config.seed, place[cell.name])))


def present(asked: Asked, sets: Sequence[RealSet]) -> list[RealSet]:
    """Return the sets that are there, made ready; say which are not."""
    found = []
    for one in sets:
        if store_of(one, asked.data, asked.work) is None:
            click.echo(
                f"{one.title}: skipped: neither {one.raw} nor {one.short}.h5 in {asked.data}"
            )
        else:
            found.append(one)
    return found


def run_all(plan: Plan, task: Task) -> list[str]:
    """Do what has no row yet, in some processes, and return the names of what failed."""
    workers = plan.asked.workers
    if workers == 1:
        return task(plan)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        failures = pool.map(task, [plan] * workers, chunksize=1)
    return sorted({name for failed in failures for name in failed})


def work_through(plan: Plan, experiment: Experiment = run_cell) -> list[str]:
    """Do one cell after the other; those that another process is at are left to it."""
    asked = plan.asked
    torch.set_num_threads(asked.threads)
    stores: dict[str, Store] = {}
    failed = []
    for cell in plan.cells:
        where = place_of(cell)
        with locked(asked.work / "claims" / f"{where}.lock", wait=False) as mine:
            rows = read_rows([asked.rows, *plan.also])
            if not mine or cell.key in {key_of(row) for row in rows if not row.get("kind")}:
                continue
            what = f"{cell.data.name} {cell.protocol} {cell.name} seed {cell.config.seed}"
            start = time.perf_counter()
            try:
                if cell.data.name not in stores:
                    stores[cell.data.name] = opened(asked, cell.data)
                store = stores[cell.data.name]
                folder = asked.work / "runs" / where
                keep = cell.name in plan.kept
                row = experiment(cell, store, folder, device=asked.device, keep=keep)
            except Exception as error:  # a night's work must not end for one cell
                told = "" if isinstance(error, SkelfuseError) else f"\n{traceback.format_exc()}"
                click.echo(f"{what}: failed: {error}{told}", err=True)
                failed.append(what)
                continue
            append_row(asked.rows, row)
            clean = f" ({row['clean']:.1f})" if "clean" in row else ""
            click.echo(
                f"{what}: {row['accuracy']:.1f}{clean}, {row['parameters']:,} parameters, "
                f"{row['macs']:,} MACs, {time.perf_counter() - start:.0f} s"
            )
    return failed


def run_within(
    asked: Asked,
    names: Sequence[str],
    variants: Mapping[str, Variant],
    task: Task = work_through,
) -> list[str]:
    """Do these variants within the training clips of the sets, and return what failed."""
    if asked.no_runs:
        return []
    sets = [inner(data) for data in present(asked, sets_named(asked.only, INNER))]
    return run_all(Plan(asked, plan_cells(asked, sets, names, variants)), task)


def cells_within(asked: Asked, variants: Mapping[str, Variant]) -> tuple[Cell, ...]:
    """Return all runs of the variants within the training clips of all sets, done or not."""
    sets = [inner(data) for data in sets_named((), INNER)]
    return plan_cells(asked, sets, list(variants), variants)


def place_of(cell: Cell) -> str:
    """Return the name of a cell's folder among the runs."""
    return "-".join(map(str, cell.key)).translate(str.maketrans(":/", "__"))


def opened(asked: Asked, data: RealSet) -> Store:
    store = store_of(data, asked.data, asked.work)
    if store is None:
        raise SkelfuseError(f"{data.title} is not there", file=asked.data)
    return store


def chosen(
    names: Sequence[str], known: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the variants or sets that are named, each once, groups and commas resolved.

    An unknown name is an error that lists those that are known.
    """
    found: list[str] = []
    for name in (part for text in names for part in text.split(",") if part):
        if name not in known and name not in groups:
            expected = ", ".join([*known, *groups])
            raise click.BadParameter(f"'{name}' is none of: {expected}")
        found += [one for one in groups.get(name, [name]) if one not in found]
    return found


def sets_named(names: Sequence[str], default: Sequence[str]) -> list[RealSet]:
    return [SETS[name] for name in chosen(names, list(SETS), {}) or default]
