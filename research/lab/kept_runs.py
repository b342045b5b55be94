"""What is measured of trained runs that stay on disk: a row of its own kind for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import torch

from research.lab.cells import Cell
from research.lab.experiment import named
from research.lab.measured import when_and_where
from research.lab.options import Asked
from research.lab.rows import append_row, key_of, locked, read_rows
from research.lab.runs import Plan, place_of
from skelfuse.errors import SkelfuseError
from skelfuse.run import load_run
from skelfuse.training.checkpoint import LAST

Measured = Callable[[Asked, Cell, Path], dict[str, Any]]


def measure_kept(plan: Plan, kind: str, measured: Measured) -> list[str]:
    """Append a row of what `measured` finds in each kept run's folder, where there is none yet."""
    asked = plan.asked
    torch.set_num_threads(asked.threads)
    failed = []
    for cell in plan.cells:
        folder = asked.work / "runs" / place_of(cell)
        if cell.name not in plan.kept or not (folder / LAST).exists():
            continue
        with locked(asked.work / "claims" / f"{place_of(cell)}-{kind}.lock", wait=False) as mine:
            rows = [row for row in read_rows([asked.rows, *plan.also]) if key_of(row) == cell.key]
            kinds = {row.get("kind") for row in rows}
            if not mine or None not in kinds or kind in kinds:
                continue  # somebody is at it, or it is still to be trained, or done
            what = f"{cell.data.name} {cell.protocol} {cell.name} seed {cell.config.seed}, {kind}"
            try:
                _check_finished(folder)
                found = measured(asked, cell, folder)
            except Exception as error:  # a night's work must not end for one cell
                click.echo(f"{what}: failed: {error!r}", err=True)
                failed.append(what)
                continue
            row = named(cell) | {"kind": kind}
            append_row(asked.rows, row | found | when_and_where(asked.device))
            click.echo(f"{what}: done")
    return failed


def _check_finished(folder: Path) -> None:
    """Raise where a run broke off: its row is of another one, made elsewhere."""
    run = load_run(folder / LAST)
    if run.epoch != run.config.train.epochs:
        raise SkelfuseError(
            "this run was never finished",
            file=folder,
            expected=f"{run.config.train.epochs} epochs",
            found=run.epoch,
            remedy="remove the folder, and the row of the run to have it made again",
        )
