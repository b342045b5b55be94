"""How much of its accuracy a trained model keeps on clips made worse; rows and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from research.lab.cells import Cell
from research.lab.data_sets import REAL, SETS, parts_of
from research.lab.kept_runs import measure_kept
from research.lab.options import Asked
from research.lab.rows import Row, key_of
from research.lab.runs import Plan, opened
from research.lab.tables import NONE, markdown, signed
from skelfuse.evaluation import evaluate_robustness
from skelfuse.run import load_run
from skelfuse.training.checkpoint import LAST

KIND = "robustness"
ON, OFF = "small", "no-fuse"
Place = tuple[str, str, int]  # data set, protocol, seed
Runs = dict[Place, Mapping[str, float]]  # accuracies by condition


def measure_robustness(plan: Plan) -> list[str]:
    """Evaluate the runs that were kept on worse clips, where that has no row yet."""
    return measure_kept(plan, KIND, _measured)


def _measured(asked: Asked, cell: Cell, folder: Path) -> dict[str, Mapping[str, float]]:
    """Return the accuracy in percent by the name of the condition."""
    store = opened(asked, cell.data)
    run = load_run(folder / LAST, device=asked.device)
    found = evaluate_robustness([run], store, parts_of(store, cell.protocol)["test"])
    pairs = zip(found.conditions, found.top1, strict=True)
    return {"conditions": {condition.name: 100 * top1 for condition, top1 in pairs}}


def robustness_section(
    cells: Sequence[Cell], rows: Sequence[Row], seeds: int, names_of: Mapping[str, str]
) -> str:
    """Return the tables of accuracy by condition, a column for each set; "" without rows.

    `names_of` says what a variant is called on the page.
    """
    by_key = {key_of(row): row["conditions"] for row in rows if row.get("kind") == KIND}
    found: dict[str, Runs] = {}
    for cell in cells:
        if cell.key in by_key:
            place = cell.data.name, cell.protocol, cell.config.seed
            found.setdefault(cell.name, {})[place] = by_key[cell.key]
    if not found:
        return ""
    every = [conditions for runs in found.values() for conditions in runs.values()]
    names = list(dict.fromkeys(name for conditions in every for name in conditions))
    parts = [
        "## Clips made worse\n\nThe models above, trained as they are, on test clips that were "
        f"changed; accuracy in percent, mean over the runs that there are (at most {seeds} of "
        "each split). What a condition is: `skelfuse evaluate --robustness`."
    ]
    titles = [SETS[data].title for data in REAL]
    for variant, runs in found.items():
        table = [[name, *(_told(_mean(_of(runs, data, name))) for data in REAL)] for name in names]
        parts.append(markdown([names_of[variant], *titles], table))
    if ON in found and OFF in found:
        table = []
        for name in names:
            gains = []
            for data in REAL:
                on, off = (_of(found[variant], data, name) for variant in (ON, OFF))
                gains.append(_mean({place: on[place] - off[place] for place in on if place in off}))
            known = [gain for gain in gains if gain is not None]
            table.append([name, *map(signed, [*gains, fmean(known) if known else None])])
        parts.append(markdown(["FrierenFuse: on − off", *titles, "average"], table))
    return "\n\n".join(parts)


def _of(runs: Runs, data: str, name: str) -> dict[Place, float]:
    return {
        place: conditions[name]
        for place, conditions in runs.items()
        if place[0] == data and name in conditions
    }


def _mean(values: Mapping[Place, float]) -> float | None:
    return fmean(values.values()) if values else None


def _told(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"
