"""What is FrierenFuse worth to the own path, and in what form?

    python research/frieren/run.py DATA [--only utd-mhad,nw-ucla] [--seeds 3] --write PAGE

Every variant is the own path of `generic` alone, in 40 epochs, with FrierenFuse in one form, or
with the plain average over time in its place. Of every data set the training clips are split by
person, by camera, or in blocks; each part in turn is what the others are tested on, and the test
clips of the protocols are never looked at.
Data sets, rows, resuming and several processes are as in research/accuracy.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.lab.cells import Variant
from research.lab.data_sets import INNER, SETS
from research.lab.options import Asked, exit_if_any, experiment_options, write_page
from research.lab.rows import read_rows
from research.lab.runs import Plan, cells_within, chosen, run_within, work_through
from research.lab.tables import asked_for, by_pair, compared, made_by
from skelfuse.models import SIZES

SHORT = ("model.size=pure", "train.epochs=40", "train.teach_own=0")
OFF = "model.fuse=false"

PURE = SIZES["pure"]
ONLY_HERE = {  # sizes
    "pure without network": replace(PURE, alone=()),
    "pure with one block": replace(PURE, alone=(1,)),
    "pure with 32 sums": replace(PURE, summary=32),
}

AROUND = {  # what FrierenFuse stands in, with it and without
    "as shipped": Variant(SHORT, config="generic"),
    "no network before it": Variant((*SHORT, "model.size=pure without network"), config="generic"),
    "one block before it": Variant((*SHORT, "model.size=pure with one block"), config="generic"),
    "no motion kernels": Variant((*SHORT, "model.scales=[]"), config="generic"),
    "half of the people to learn from": Variant(SHORT, config="generic", share=0.5),
}
FORMS = {  # of FrierenFuse; without it the model is as shipped
    "4 directions": ("model.directions=4",),
    "16 directions": ("model.directions=16",),
    "no trend": ("model.poly_order=0",),
    "trend to the fourth order": ("model.poly_order=4",),
    "halves too": ("model.windows=[1,2]",),
    "halves and quarters too": ("model.windows=[1,2,4]",),
    "differences of one scale": ("model.fuse_scales=[1]",),
    "differences of four scales": ("model.fuse_scales=[1,2,4,8]",),
    "32 sums a voter instead of 16": ("model.size=pure with 32 sums",),
}


def variants() -> dict[str, Variant]:
    off = {
        f"{name} off": replace(variant, settings=(*variant.settings, OFF))
        for name, variant in AROUND.items()
    }
    forms = {
        name: Variant((*SHORT, *settings), config="generic") for name, settings in FORMS.items()
    }
    return {**AROUND, **off, **forms}


VARIANTS = variants()


@click.command()
@experiment_options("frieren", variants="Of the table's lines.  [all]")
def main(asked: Asked) -> None:
    """Try FrierenFuse within the training clips of the data sets in DATA, and write the table."""
    SIZES.update(ONLY_HERE)
    names = chosen(asked.variants or tuple(VARIANTS), list(VARIANTS), {})
    failed = run_within(asked, names, VARIANTS, work)
    cells = cells_within(asked, VARIANTS)
    rows = read_rows([asked.rows])
    pairs = {name: (name, f"{name} off") for name in AROUND}
    pairs |= {name: (name, "as shipped off") for name in FORMS}
    table = compared(
        by_pair(cells, rows),
        pairs,
        {name: SETS[name].title for name in INNER},
        ("FrierenFuse", "average"),
        asked.seeds,
    )
    text = f"{made_by(asked_for(cells, rows), asked.command)}\n\n{table}"
    click.echo(text)
    if asked.write:
        write_page(asked.write, f"{text}\n")
    exit_if_any(failed)


def work(plan: Plan) -> list[str]:
    """Do what has no row yet; a process of its own does not have these sizes before."""
    SIZES.update(ONLY_HERE)
    return work_through(plan)


if __name__ == "__main__":
    main()
