"""What does it bring to choose the epoch by the test part? Figures so chosen run ahead of these.

    python research/chosen_epoch/run.py DATA [--only nw-ucla] [--seeds 3] [--workers 2]

Many published figures are of the epoch that was best on the test part. Here the models of
research/accuracy are trained as they are there, the test part is looked at after every epoch, and
its best epoch is told beside the last one. Nothing in this project is chosen so; the page only
says what it would be worth.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.accuracy.run import VARIANTS
from research.lab.cells import Cell
from research.lab.data_sets import REAL, SETS, parts_of
from research.lab.experiment import named, prepared
from research.lab.measured import cost, when_and_where
from research.lab.options import Asked, exit_if_any, experiment_options, write_page
from research.lab.rows import Row, read_rows
from research.lab.runs import (
    Plan,
    chosen,
    plan_cells,
    present,
    run_all,
    sets_named,
    work_through,
)
from research.lab.tables import NONE, by_pair, markdown, signed, told
from skelfuse.run import load_run
from skelfuse.store import Store
from skelfuse.training import train
from skelfuse.training.checkpoint import LAST
from skelfuse.training.log import METRICS, read_lines

LOOK = 0.5  # any share: the clips that are looked at are the test part's, not these


@click.command()
@experiment_options("chosen_epoch", variants="Of research/accuracy.  [small]")
def main(asked: Asked) -> None:
    """Train on the data sets in the folder DATA; tell the last epoch and the one test chooses."""
    names = chosen(asked.variants or ("small",), list(VARIANTS), {})
    sets = sets_named(asked.only, REAL)
    failed: list[str] = []
    if not asked.no_runs:
        plan = Plan(asked, plan_cells(asked, present(asked, sets), names, VARIANTS))
        failed = run_all(plan, partial(work_through, experiment=watched))
    cells = plan_cells(asked, sets, names, VARIANTS)
    text = table(cells, read_rows([asked.rows]), asked.seeds)
    click.echo(text)
    if asked.write:
        write_page(asked.write, text)
    exit_if_any(failed)


def watched(cell: Cell, store: Store, folder: Path, *, device: str, keep: bool) -> Row:
    """Return the row of a run whose every epoch was evaluated on the test part."""
    folder = folder.with_name(f"{folder.name}-watched")
    parts = parts_of(store, cell.protocol)
    config, learned_from = prepared(cell, store, parts["train"])
    config = replace(config, train=replace(config.train, validation=LOOK))
    shown = {"train": learned_from, "val": parts["test"]}
    train(config, store, shown, folder, device=device, resume=True)
    row = {
        **named(cell),
        **figures(read_lines(folder / METRICS)),
        **cost(load_run(folder / LAST, device=device).model, config, store),
        **when_and_where(device),
    }
    if not keep:
        shutil.rmtree(folder)
    return row


def figures(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a run's accuracy in percent: that of its last epoch counts."""
    by_epoch = [100 * line["validation_accuracy"] for line in metrics]
    return {"accuracy": by_epoch[-1], "by_epoch": by_epoch}


def table(cells: tuple[Cell, ...], rows: list[Row], seeds: int) -> str:
    """Return the table: the last epoch, the best one on the test part, the difference."""
    last = by_pair(cells, rows)
    best = by_pair(cells, [row | {"accuracy": max(row["by_epoch"])} for row in rows])
    lines = []
    for (data, variant), found in last.items():
        both = found.accuracy, best[data, variant].accuracy
        gain = signed(fmean(both[1].values()) - fmean(both[0].values())) if both[0] else NONE
        lines.append([SETS[data].title, f"`{variant}`", *(told(one, seeds) for one in both), gain])
    return markdown(["set", "model", "last epoch", "chosen on the test part", "gain"], lines)


if __name__ == "__main__":
    main()
