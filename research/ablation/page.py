"""The page of what each frequency module is worth, from rows and one timing."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from research.ablation.pruning import pruning_section
from research.lab.cells import Cell
from research.lab.data_sets import SETS
from research.lab.rows import Row
from research.lab.tables import (
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
from skelfuse.models import Frequencies, SkelFuse

PLAIN = "small"
TITLES = {
    PLAIN: "plain `small`",
    "dct": "DCT channels",
    "dct-static-gate": "DCT channels, static gate",
    "dct-dynamic-gate": "DCT channels, dynamic gate",
    "global-filter": "global filter",
    "spectral-motion": "spectral motion",
    "frame-weighting": "spectral frame weighting",
    "fourier": "Fourier features",
    "together": "**together**",
}


def gain(found: Mapping[tuple[str, str], Found], name: str, sets: Sequence[str]) -> float | None:
    """Return what a module adds to plain `small`, in points, on average over the sets."""
    return average(
        [
            difference(
                found.get((data, name), Found()).accuracy,
                found.get((data, PLAIN), Found()).accuracy,
            )
            for data in sets
        ]
    )


def page(
    cells: Sequence[Cell],
    rows: Sequence[Row],
    changed: Mapping[str, Sequence[str]],
    seconds: Mapping[str, float],
    *,
    sets: Sequence[str],
    seeds: int,
    command: str,
    begun_with: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return the page; `changed` are each variant's settings, `seconds` a clip's on one core.

    `begun_with` is what the whole table sets otherwise than the tuned configurations, by set.
    """
    found = by_pair(cells, rows)
    together = "`together`, the parts that gain joined, is run once all others have their rows."
    if "together" in changed:
        together = (
            "`together` joins the parts that gained on average over these very sets, of the "
            "DCT's three forms the best: its figure flatters itself by that choice. "
            f"Here: {_settings(changed['together'])}."
        )
    parts = [
        "# The frequency modules, one by one",
        made_by(asked_for(cells, rows), command),
        "Each is added to `small` in the configuration of the set, with nothing else changed. "
        "Accuracy of the last epoch on the test part in percent, mean ± standard deviation "
        f"(n − 1) over {seeds} seeds (another number in brackets), – where there is no run. "
        "NW-UCLA has all 464 "
        "test clips and the 369 that are not in the training part too; JHMDB is the mean of its "
        "three splits; the synthetic set is `skelfuse synth`.",
        _begun(begun_with or {}),
        _defaults(changed),
        "## Accuracy",
        _accuracy(found, sets, seeds),
        together,
        "## Differences to plain `small`",
        "In points, over the seeds that both have.",
        _differences(found, sets),
        "## Cost",
        f"One clip as {SETS[sets[0]].title}'s configuration gives it. Latency is a forward pass on "
        "one core, a ratio to plain `small` in the same process, median of rounds in turn.",
        _cost(found, sets[0], seconds, changed),
        pruning_section(cells, rows, found, sets, seeds),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _begun(begun_with: Mapping[str, Sequence[str]]) -> str:
    if not begun_with:
        return ""
    told = [f"{SETS[data].title} {_settings(begun_with[data])}" for data in begun_with]
    return (
        "All rows of a set share one configuration; where the tuned one has changed since the "
        f"table was begun, it is the one from before: {'; '.join(told)}."
    )


def on_by_default(settings: Sequence[str]) -> bool:
    """Return whether all options of a model that these settings switch on are on as it is.

    >>> on_by_default(["model.fuse=true"]), on_by_default(["model.frequencies.fourier=8"])
    (True, False)
    """
    defaults = {
        name: one.default for name, one in inspect.signature(SkelFuse).parameters.items()
    } | asdict(Frequencies())
    names = [setting.partition("=")[0].rpartition(".")[2] for setting in settings]
    return all(defaults[name] not in (0, "none") for name in names)


def _defaults(changed: Mapping[str, Sequence[str]]) -> str:
    on = [TITLES[name] for name, settings in changed.items() if on_by_default(settings)]
    plain = "plain `small` is what a configuration that names none of them gives."
    if not on:
        return f"All of them are off by default: {plain}"
    return f"On by default: {', '.join(on)}. The others are off by default."


def _columns(sets: Sequence[str]) -> list[tuple[str, str, bool]]:
    """Return (title, data set, whether only clean clips count)."""
    columns = []
    for name in sets:
        if SETS[name].clean:
            columns += [(f"{SETS[name].title}, 464", name, False), ("369", name, True)]
        else:
            columns.append((SETS[name].title, name, False))
    return columns


def _figures(found: Found, clean: bool) -> Mapping[int, float]:
    return found.clean if clean else found.accuracy


def _accuracy(found: Mapping[tuple[str, str], Found], sets: Sequence[str], seeds: int) -> str:
    columns = _columns(sets)
    rows = [
        [
            title,
            *(told(_figures(found.get((data, n), Found()), c), seeds) for _, data, c in columns),
        ]
        for n, title in TITLES.items()
    ]
    return markdown(["", *(title for title, _, _ in columns)], rows)


def _differences(found: Mapping[tuple[str, str], Found], sets: Sequence[str]) -> str:
    columns, rows = _columns(sets), []
    for name, title in TITLES.items():
        if name == PLAIN:
            continue
        gains = [
            difference(
                _figures(found.get((data, name), Found()), clean),
                _figures(found.get((data, PLAIN), Found()), clean),
            )
            for _, data, clean in columns
        ]
        rows.append([title, *map(signed, [*gains, gain(found, name, sets)])])
    return markdown(["", *(title for title, _, _ in columns), "average of the sets"], rows)


def _cost(
    found: Mapping[tuple[str, str], Found],
    data: str,
    seconds: Mapping[str, float],
    changed: Mapping[str, Sequence[str]],
) -> str:
    rows = []
    for name, title in TITLES.items():
        own, times = found.get((data, name), Found()), seconds.get(name)
        ratio = f"{times / seconds[PLAIN]:.2f} ×" if times and PLAIN in seconds else NONE
        latency = f"{1000 * times:.2f}" if times else NONE
        settings = _settings(changed.get(name, ()))
        rows.append([title, settings, own.parameters, own.macs, latency, ratio])
    return markdown(["", "settings", "parameters", "MMACs", "latency, ms", "ratio"], rows)


def _settings(settings: Sequence[str]) -> str:
    short = (one.removeprefix("model.").removeprefix("frequencies.") for one in settings)
    return ", ".join(f"`{setting}`" for setting in short)
