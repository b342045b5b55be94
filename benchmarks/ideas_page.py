"""The page of ideas that were tried on parts of the training clips, from rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from cells import Cell, Variant
from real_sets import INNER, SETS
from result_tables import (
    NONE,
    Found,
    asked_for,
    average,
    by_pair,
    difference,
    made_by,
    markdown,
    signed,
    told,
)
from row_files import Row

PLAIN = "as shipped"


def page(
    cells: Sequence[Cell],
    rows: Sequence[Row],
    ideas: Mapping[str, Variant],
    *,
    seeds: int,
    command: str,
) -> str:
    """Return the page of these ideas."""
    found = by_pair(cells, rows)
    parts = [
        "# Ideas, tried on training clips alone",
        made_by(asked_for(cells, rows), command),
        "Each idea changes the settings named, and nothing else, of the configuration that is "
        "shipped for the set. " + _apart() + " Accuracy of the last epoch in percent, mean ± "
        f"standard deviation (n − 1) over {seeds} seeds (another number in brackets) of the mean "
        "over the parts; below it the cross entropy, which tells more where few clips are in "
        "doubt. – where there is no run.",
        _table(found, ideas, seeds),
        "## Differences to what is shipped",
        "In points of accuracy / in hundredths of cross entropy (less is better), over the seeds "
        "that both have.",
        _differences(found, ideas),
    ]
    return "\n\n".join(parts) + "\n"


def _apart() -> str:
    kinds = {"subject": "people", "camera": "cameras", "block": "blocks of each class"}
    told = []
    for name in INNER:
        kind, _, count = SETS[name].apart.split()
        told.append(f"{SETS[name].title}'s by {kinds[kind]} in {count}")
    return f"The training clips are split, {', '.join(told)}, and each part tests the others."


def _table(found: Mapping[tuple[str, str], Found], ideas: Mapping[str, Variant], seeds: int) -> str:
    rows = []
    for name in (PLAIN, *ideas):
        settings = ", ".join(f"`{word}`" for word in _settings(ideas.get(name, Variant())))
        own = [found.get((data, name), Found()) for data in INNER]
        rows.append([name, settings, *(_both(one, seeds) for one in own)])
    return markdown(["idea", "settings", *(SETS[name].title for name in INNER)], rows)


def _settings(idea: Variant) -> list[str]:
    return [f"--config {idea.config}"] * (idea.config is not None) + list(idea.settings)


def _both(found: Found, seeds: int) -> str:
    loss = fmean(found.loss.values()) if found.loss else None
    return told(found.accuracy, seeds) + ("" if loss is None else f"<br>{loss:.3f}")


def _differences(found: Mapping[tuple[str, str], Found], ideas: Mapping[str, Variant]) -> str:
    rows = []
    for name in ideas:
        pairs = [
            (found.get((data, name), Found()), found.get((data, PLAIN), Found())) for data in INNER
        ]
        points = [difference(one.accuracy, plain.accuracy) for one, plain in pairs]
        losses = [difference(one.loss, plain.loss) for one, plain in pairs]
        cells = [
            NONE if gain is None or loss is None else f"{signed(gain)} / {signed(100 * loss)}"
            for gain, loss in zip(
                [*points, average(points)], [*losses, average(losses)], strict=True
            )
        ]
        rows.append([name, *cells])
    return markdown(["idea", *(SETS[name].title for name in INNER), "average"], rows)
