"""Rows to figures: means over splits, deviations over seeds, paired differences, Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

from research.lab.cells import Cell
from research.lab.rows import Key, Row, key_of

NONE = "–"
Seeds = Mapping[int, float]  # a figure for each seed


@dataclass(frozen=True)
class Found:
    """What a variant gave on a data set; figures of a seed are there once all its splits are."""

    accuracy: Seeds = field(default_factory=dict)
    clean: Seeds = field(default_factory=dict)
    loss: Seeds = field(default_factory=dict)  # the cross entropy of test clips
    own: Seeds = field(default_factory=dict)  # accuracy of the own path alone, beside the other
    rows: tuple[Row, ...] = ()

    @property
    def parameters(self) -> str:
        return f"{self.rows[-1]['parameters']:,}" if self.rows else NONE

    @property
    def macs(self) -> str:
        return f"{self.rows[-1]['macs'] / 1e6:.1f}" if self.rows else NONE

    @property
    def minutes(self) -> str:
        return f"{fmean(row['seconds'] for row in self.rows) / 60:.1f}" if self.rows else NONE


def gathered(cells: Iterable[Cell], rows: Iterable[Row]) -> Found:
    """Return what the rows say of the cells of one variant on one data set."""
    known: dict[Key, Row] = {key_of(row): row for row in rows if not row.get("kind")}
    seeds: dict[int, list[Row | None]] = {}
    for cell in cells:
        seeds.setdefault(cell.config.seed, []).append(known.get(cell.key))
    whole = {seed: [r for r in own if r] for seed, own in seeds.items() if all(own)}
    accuracy, clean, loss = (
        {
            seed: fmean(row[name] for row in own)
            for seed, own in whole.items()
            if all(name in row for row in own)
        }
        for name in ("accuracy", "clean", "loss")
    )
    own_path = {
        seed: fmean(row["by_share"]["0.0"] for row in own)
        for seed, own in whole.items()
        if all(row.get("by_share") for row in own)
    }
    every = tuple(row for own in whole.values() for row in own)
    return Found(accuracy, clean, loss, own_path, every)


def by_seed(rows: Iterable[Row], kind: str, part: str) -> Seeds:
    """Return the mean over each seed's rows of one part of a figure that has several.

    >>> by_seed([{"seed": 0, "a": {"b": 1.0}}, {"seed": 0, "a": {"b": 3.0}}], "a", "b")
    {0: 2.0}
    """
    values: dict[int, list[float]] = {}
    for row in rows:
        values.setdefault(row["seed"], []).append(row[kind][part])
    return {seed: fmean(own) for seed, own in values.items()}


def by_pair(cells: Iterable[Cell], rows: Iterable[Row]) -> dict[tuple[str, str], Found]:
    """Return what the rows say of every (data set, variant)."""
    own: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        own.setdefault((cell.data.name, cell.name), []).append(cell)
    rows = list(rows)
    return {pair: gathered(these, rows) for pair, these in own.items()}


def asked_for(cells: Iterable[Cell], rows: Iterable[Row]) -> list[Row]:
    """Return the rows of these cells, of each its last; others are of other configurations."""
    wanted = {cell.key for cell in cells}
    runs = (row for row in rows if not row.get("kind") and key_of(row) in wanted)
    return list({key_of(row): row for row in runs}.values())


def told(values: Seeds, wanted: int) -> str:
    """Return mean ± deviation over seeds, with their number where it is not the one wanted."""
    if not values:
        return NONE
    text = f"{fmean(values.values()):.1f}"
    if len(values) > 1:
        text += f" ± {stdev(values.values()):.1f}"
    return text if len(values) == wanted else f"{text} ({len(values)})"


def difference(a: Seeds, b: Seeds) -> float | None:
    """Return the mean of a − b over the seeds that both have."""
    both = sorted(set(a) & set(b))
    return fmean(a[seed] - b[seed] for seed in both) if both else None


def signed(value: float | None) -> str:
    return NONE if value is None else f"{value:+.2f}".replace("-", "−")


def average(values: Sequence[float | None]) -> float | None:
    """Return the mean, or None where a value is missing: an average of others is another one."""
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table, every column but the first aligned to the right."""
    lines = [" | ".join(head), " | ".join(["---", *["---:"] * (len(head) - 1)])]
    return "\n".join(f"| {line} |" for line in [*lines, *(" | ".join(row) for row in rows)])


def compared(
    found: Mapping[tuple[str, str], Found],
    pairs: Mapping[str, tuple[str, str]],
    titles: Mapping[str, str],
    words: tuple[str, str],
    seeds: int,
) -> str:
    """Return a line for each pair of variants that has a figure: both, and what one gains.

    `titles` are those of the data sets, a column each; `words` name the two variants.
    """
    lines = []
    for name, pair in pairs.items():
        cells = []
        for data in titles:
            a, b = (found.get((data, one), Found()).accuracy for one in pair)
            both = f"{told(a, seeds)} / {told(b, seeds)} / {signed(difference(a, b))}"
            cells.append(both if a or b else NONE)
        if set(cells) != {NONE}:
            lines.append([name, *cells])
    return markdown([f"{words[0]} / {words[1]} / gain", *titles.values()], lines)


def made_by(rows: Sequence[Row], command: str) -> str:
    """Return the paragraph that says how, when and where the rows were made."""
    if not rows:
        return f"`{command}` has made no row yet."
    days = sorted({row["date"][:10] for row in rows})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    machines = sorted(
        {
            f"{m['device'] if m['device'] != 'cpu' else m['processor']}"
            f" ({m['threads']} thread{'s' * (m['threads'] > 1)} a run), Python {m['python']}"
            for m in (row["machine"] for row in rows)
        }
    )
    torch = ", ".join(sorted({row["torch"] for row in rows}))
    version = ", ".join(sorted({row["skelfuse"] for row in rows}))
    return (
        f"`{command}`, {when}; {'; '.join(machines)}, torch {torch}, skelfuse {version}. "
        f"{len(rows)} runs."
    )
