"""How accurate is it? Every data set, from its files to the accuracy of its own configuration.

    python research/accuracy/run.py DATA [--seeds 3] [--workers 2] --write docs/results.md

DATA is a folder with raw archives or their stores (SETS in lab/data_sets.py has the names); a set
that is not there is skipped. The last epoch counts, and the test part has no say in anything.
Where a set has several splits, their mean is a seed's figure. A row is written as each run ends,
and a run whose row is there is not made again; an interrupted one goes on. Several processes may
run this at once, here or by --workers. A row belongs to the configuration that it was made with:
when that changes, the run is made anew.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.accuracy.page import page
from research.accuracy.robustness import measure_robustness
from research.lab.cells import Variant
from research.lab.data_sets import REAL
from research.lab.options import Asked, exit_if_any, experiment_options, write_page
from research.lab.rows import read_rows
from research.lab.runs import (
    Plan,
    chosen,
    plan_cells,
    present,
    run_all,
    sets_named,
    work_through,
)

NO_FUSE = ("model.fuse=false",)
BFLOAT16 = ("train.precision=bfloat16",)  # 2.5 times as fast on processors that multiply in it
SHARES = (5, 10, 25, 50)  # percent of the training subjects
FIXED = ("model.learnable=false",)
VARIANTS = {
    "small": Variant(),
    "no-fuse": Variant(NO_FUSE),
    "fixed-kernels": Variant(FIXED),
    "nano": Variant(("model.size=nano",)),
    "generic": Variant(config="generic"),
    "generic-bfloat16": Variant(BFLOAT16, config="generic"),
    "generic-no-fuse": Variant(NO_FUSE, config="generic"),
    "generic-fixed-kernels": Variant(FIXED, config="generic"),
    "no-fuse-matched": Variant(NO_FUSE, matched="small"),
    "nano-no-fuse": Variant((*NO_FUSE, "model.size=nano")),
    "pure": Variant(("model.size=pure",), config="generic"),
    "pure-fixed-kernels": Variant(("model.size=pure", *FIXED), config="generic"),
    "ddnet": Variant(model={"name": "ddnet"}),
    "stgcn": Variant(model={"name": "stgcn"}),
    "stgcn-bfloat16": Variant(BFLOAT16, model={"name": "stgcn"}),
    **{f"small-{share}": Variant(share=share / 100) for share in SHARES},
    **{f"no-fuse-{share}": Variant(NO_FUSE, share=share / 100) for share in SHARES},
}
GROUPS = {
    "main": [name for name in VARIANTS if name.rpartition("-")[2] not in map(str, SHARES)],
    "lean": [name for name in VARIANTS if name.rpartition("-")[2] in map(str, SHARES)],
    "all": list(VARIANTS),
}
ROBUST = ("small", "no-fuse", "fixed-kernels")  # also evaluated on clips made worse
EARLIER = Path(__file__).parent / "earlier_rows.jsonl"  # with and without parts, all trained alike
KEPT = (*ROBUST, "generic")  # whose runs stay on disk


@click.command()
@experiment_options("accuracy", variants="Or main, lean, all.  [all]")
@click.option("--robustness/--no-robustness", default=True, show_default=True)
def main(asked: Asked, robustness: bool) -> None:
    """Train and evaluate on the data sets in the folder DATA, and write the table of results."""
    names = chosen(asked.variants or ("all",), list(VARIANTS), GROUPS)
    failed: list[str] = []
    if not asked.no_runs:
        sets = present(asked, sets_named(asked.only, REAL))
        plan = Plan(asked, plan_cells(asked, sets, names, VARIANTS), kept=KEPT)
        failed = run_all(plan, work_through)
        if robustness:
            failed += run_all(replace(plan, kept=ROBUST), measure_robustness)
    if asked.write:
        cells = plan_cells(asked, sets_named((), REAL), list(VARIANTS), VARIANTS)
        text = page(
            cells,
            read_rows([asked.rows]),
            seeds=asked.seeds,
            command=asked.command,
            earlier=read_rows([EARLIER]),
        )
        write_page(asked.write, text)
    exit_if_any(failed)


if __name__ == "__main__":
    main()
