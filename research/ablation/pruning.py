"""What is left of a model whose gates have closed, once they are pruned; rows and table."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from research.lab.cells import Cell
from research.lab.data_sets import SETS, parts_of
from research.lab.experiment import accuracies
from research.lab.kept_runs import measure_kept
from research.lab.options import Asked
from research.lab.rows import Row, key_of
from research.lab.runs import Plan, opened
from research.lab.tables import NONE, Found, difference, markdown, signed, told
from skelfuse.prune import prune
from skelfuse.run import load_run
from skelfuse.training.checkpoint import BEST

KIND = "pruned"
GATED, UNGATED = "dct-static-gate", "dct"


def measure_pruning(plan: Plan) -> list[str]:
    """Prune the runs that were kept, where that has no row yet."""
    return measure_kept(plan, KIND, _pruned)


def _pruned(asked: Asked, cell: Cell, folder: Path) -> dict[str, Any]:
    store = opened(asked, cell.data)
    with tempfile.TemporaryDirectory() as out:
        found = prune(folder, Path(out) / "pruned")
        run = load_run(found.folder / BEST, device=asked.device)
        told = accuracies(run, store, parts_of(store, cell.protocol), cell)
    names = ("channels", "frequencies", "parameters", "macs", "seconds", "difference")
    return told | {name: getattr(found, name) for name in names}


def pruning_section(
    cells: Sequence[Cell],
    rows: Sequence[Row],
    found: Mapping[tuple[str, str], Found],
    sets: Sequence[str],
    seeds: int,
) -> str:
    """Return the table of what pruning leaves of the statically gated model; "" without rows."""
    by_key = {key_of(row): row for row in rows if row.get("kind") == KIND}
    lines = []
    for data in sets:
        own = [cell for cell in cells if (cell.data.name, cell.name) == (data, GATED)]
        pruned = [by_key[cell.key] for cell in own if cell.key in by_key]
        if not pruned:
            continue
        gated, ungated = (found.get((data, name), Found()) for name in (GATED, UNGATED))
        of_seed: dict[int, list[float]] = {}
        for row in pruned:
            of_seed.setdefault(row["seed"], []).append(row["accuracy"])
        after = {seed: fmean(values) for seed, values in of_seed.items()}
        closed = [1 - row["channels"][1] / row["channels"][0] for row in pruned]
        lines.append(
            [
                SETS[data].title,
                f"{100 * fmean(closed):.1f} %",
                f"{_mean(pruned, 'frequencies', 1):.1f} of {pruned[0]['frequencies'][0]}",
                told(ungated.accuracy, seeds),
                told(gated.accuracy, seeds),
                told(after, seeds),
                signed(difference(after, ungated.accuracy)),
                *(_ratio(pruned, name) for name in ("parameters", "macs", "seconds")),
                f"{max(row['difference'] for row in pruned):.0e}",
            ]
        )
    if not lines:
        return ""
    head = ["", "closed", "frequencies left", "no gate", "gated", "pruned", "pruned − no gate"]
    return "\n\n".join(
        [
            "## Pruned",
            "`skelfuse prune` takes what the static gate has closed out of the model. Parameters, "
            "MACs and the time of one clip on one core are shares of the gated model's, the mean "
            "over the runs; the last column is the largest difference between the logits of both.",
            markdown([*head, "parameters", "MACs", "time", "logits"], lines),
        ]
    )


def _mean(rows: Sequence[Row], name: str, place: int) -> float:
    return fmean(row[name][place] for row in rows)


def _ratio(rows: Sequence[Row], name: str) -> str:
    return f"{fmean(row[name][1] / row[name][0] for row in rows):.2f}" if rows else NONE
