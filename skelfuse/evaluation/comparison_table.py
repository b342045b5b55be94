"""A comparison as aligned text or as Markdown."""

from __future__ import annotations

from typing import Any

from skelfuse.evaluation.compare import Comparison, Spread
from skelfuse.telling.tables import aligned, markdown

COLUMNS = 4  # keys of the configuration that fit into the table; more are listed below it
Row = list[str]


def comparison_text(comparison: Comparison) -> str:
    """Return a comparison for the terminal."""
    return "\n\n".join(
        title + aligned(header, rows, words=range(len(header)))
        for title, header, rows in _tables(comparison)
    )


def comparison_markdown(comparison: Comparison) -> str:
    """Return a comparison as Markdown tables."""
    return "\n\n".join(
        markdown(header, rows, words=range(len(header))) for _, header, rows in _tables(comparison)
    )


def _tables(comparison: Comparison) -> list[tuple[str, Row, list[Row]]]:
    """Return title, header and rows of each table that has something to tell."""
    found = {
        "": _runs(comparison),
        "what differs\n": _listed(comparison),
        "over seeds: mean ± standard deviation\n": _seeds(comparison),
    }
    return [(title, rows[0], rows[1:]) for title, rows in found.items() if rows]


def _runs(comparison: Comparison) -> list[Row]:
    keys = comparison.differences if len(comparison.differences) <= COLUMNS else ()
    tests = [f"{name}: top-1 (95 %)" for name in comparison.tests.values()]
    head = ["run", *keys, "parameters", "epochs", "best validation", "final validation", *tests]
    rows = [head]
    for run in comparison.runs:
        asked = run.config.get("train.epochs")
        best = _percent(run.best_validation)
        if run.best_validation is not None:
            best += f" (epoch {run.best_epoch})"
        row = [run.name, *(_value(run.config.get(key)) for key in keys), f"{run.parameters:,}"]
        row += [str(run.epochs) if run.epochs == asked else f"{run.epochs} of {asked}"]
        row += [best, _percent(run.final_validation)]
        for test in comparison.tests:
            found = run.tests.get(test)
            if found is None:
                row.append("-")
                continue
            low, high = found["top1_interval"]
            if low == high:  # all clips are right, or none is
                low, high = found["top1_interval_wilson"] or (low, high)
            row.append(f"{found['top1']:.1%} ({100 * low:.1f}-{100 * high:.1f})")
        rows.append(row)
    return rows


def _listed(comparison: Comparison) -> list[Row]:
    if len(comparison.differences) <= COLUMNS:
        return []
    rows = [["key", *(run.name for run in comparison.runs)]]
    for key in comparison.differences:
        rows.append([key, *(_value(run.config.get(key)) for run in comparison.runs)])
    return rows


def _seeds(comparison: Comparison) -> list[Row]:
    if not comparison.seeds:
        return []
    rows = [
        ["runs", "seeds", "best validation", *(f"{t}: top-1" for t in comparison.tests.values())]
    ]
    for group in comparison.seeds:
        seeds = ", ".join(str(seed) for seed in group.seeds)
        tests = [_spread(group.tests.get(test), len(group.runs)) for test in comparison.tests]
        best = _spread(group.best_validation, len(group.runs))
        rows.append([", ".join(group.runs), seeds, best, *tests])
    return rows


def _spread(found: Spread | None, runs: int) -> str:
    if found is None:
        return "-"
    of = f" ({found.runs} runs)" if found.runs < runs else ""
    return f"{100 * found.mean:.1f} ± {100 * found.deviation:.1f}{of}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _value(value: Any) -> str:
    return "-" if value is None else str(value)
