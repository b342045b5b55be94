"""How far should motion kernels look, and what does the own path learn from the other?

    python research/kernels/run.py DATA [--only utd-mhad,nw-ucla] [--seeds 3] --write PAGE

Every variant changes the motion kernels of `generic`, or how its own path is taught, and nothing
else; those called "own" are its own path alone, in 40 epochs. Of every data set the training clips
are split by person, by camera, or in blocks; each part in turn is what the others are tested on,
and the test clips of the protocols are never looked at.
Data sets, rows, resuming and several processes are as in research/accuracy.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.lab.cells import Variant
from research.lab.data_sets import INNER, SETS
from research.lab.options import Asked, exit_if_any, experiment_options, write_page
from research.lab.rows import read_rows
from research.lab.runs import cells_within, chosen, run_within
from research.lab.tables import (
    NONE,
    Found,
    asked_for,
    by_pair,
    compared,
    made_by,
    markdown,
    told,
)

SCALES = {  # names as in a table, for commas divide them on the command line
    "1-2-4": "[1,2,4]",
    "1-2-14": "[1,2,14]",
    "1-2-30": "[1,2,30]",
    "2": "[2]",
    "1-2-8": "[1,2,8]",
    "2-14": "[2,14]",
    "1-2-4-8": "[1,2,4,8]",
    "none": "[]",
}
TAUGHT = (0, 1, 2, 4)


def variants() -> dict[str, Variant]:
    found = {}
    for name, scales in SCALES.items():
        for taught in TAUGHT:
            settings = (f"model.scales={scales}", f"train.teach_own={taught}")
            words = f"{name}, taught {taught}" if taught else name
            found[words.replace(",", "")] = Variant(settings, config="generic")
            fixed = (*settings, "model.learnable=false")
            found[f"{words} fixed".replace(",", "")] = Variant(fixed, config="generic")
    return found


# What might make learned kernels worth more than fixed ones. Each is asked of the own path alone,
# of which they are the only sight of motion but FrierenFuse's own differences.
SHORT = ("model.size=pure", "train.epochs=40", "train.teach_own=0")
IDEAS = {
    "1-2-4": (),
    "1-2-4 two of each": ("model.bank=2",),
    "1-2-8": ("model.scales=[1,2,8]",),
    "1-2-14": ("model.scales=[1,2,14]",),
    "1-2-4-8": ("model.scales=[1,2,4,8]",),
    "2": ("model.scales=[2]",),
    "8": ("model.scales=[8]",),
}
PENALTIES = {  # nothing to fixed kernels
    "1-2-4 without penalties": ("kernels={weight_sum: 0, smoothness: 0, diversity: 0}",),
    "1-2-4 ten times as diverse": ("kernels.diversity=0.1",),
}


def own_path_variants() -> dict[str, Variant]:
    learned = {
        f"own {name}": Variant((*SHORT, *settings), config="generic")
        for name, settings in (IDEAS | PENALTIES).items()
    }
    fixed = {
        f"own {name} fixed": Variant((*SHORT, *settings, "model.learnable=false"), config="generic")
        for name, settings in IDEAS.items()
    }
    return {**learned, **fixed}


VARIANTS = {**variants(), **own_path_variants()}


@click.command()
@experiment_options("kernels", variants="Of the table's rows.  [1-2-4 and 1-2-14 taught 1]")
def main(asked: Asked) -> None:
    """Try kernels within the training clips of the data sets in DATA, and write the table."""
    names = chosen(asked.variants or ("1-2-4", "1-2-14 taught 1"), list(VARIANTS), {})
    failed = run_within(asked, names, VARIANTS)
    cells = cells_within(asked, VARIANTS)
    rows = read_rows([asked.rows])
    text = f"{made_by(asked_for(cells, rows), asked.command)}\n\n"
    found = by_pair(cells, rows)
    text += f"{table(found, asked.seeds)}\n\n{learned_and_fixed(found, asked.seeds)}"
    click.echo(text)
    if asked.write:
        write_page(asked.write, f"{text}\n")
    exit_if_any(failed)


def table(found: Mapping[tuple[str, str], Found], seeds: int) -> str:
    """Return a line for each variant that has a figure: accuracy, own path, cross entropy."""
    lines = []
    for name in variants():
        own = [found.get((data, name), Found()) for data in INNER]
        if any(one.accuracy for one in own):
            lines.append([name, *(_figures(one, seeds) for one in own)])
    return markdown(["kernels", *(SETS[name].title for name in INNER)], lines)


def learned_and_fixed(found: Mapping[tuple[str, str], Found], seeds: int) -> str:
    """Return a line for each idea: accuracy of the own path alone, kernels learned and fixed."""
    pairs = {
        name: (f"own {name}", f"own {name if name in IDEAS else '1-2-4'} fixed")
        for name in IDEAS | PENALTIES
    }
    titles = {name: SETS[name].title for name in INNER}
    return compared(found, pairs, titles, ("learned", "fixed"), seeds)


def _figures(one: Found, seeds: int) -> str:
    if not one.accuracy:
        return NONE
    return f"{told(one.accuracy, seeds)} / {told(one.own, seeds)} / {fmean(one.loss.values()):.3f}"


if __name__ == "__main__":
    main()
