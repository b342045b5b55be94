"""How accurate is it? Every data set, from its files to the accuracy of its own configuration.

    python benchmarks/accuracy.py DATA_FOLDER [--seeds 3] [--workers 2] --write docs/results.md

DATA_FOLDER holds the raw archives or their stores (see SETS in real_sets.py for the names); a set
that is not there is skipped. The last epoch counts, and the test part has no say in anything.
Where a set has several splits, their mean is a seed's figure. A row is written as each run ends,
and a run whose row is there is not made again; an interrupted one goes on. Several processes may
run this at once, here or by --workers. A row belongs to the configuration that it was made with:
when that changes, the run is made anew.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import click
import torch
from accuracy_page import page
from cells import Variant
from experiment_options import Asked, exit_if_any, experiment_options, write_page
from experiment_runs import chosen, plan_cells, plan_of, present, run_all, sets_named, work_through
from real_sets import REAL
from robustness_rows import measure_robustness
from row_files import read_rows

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
KEPT = (*ROBUST, "generic")  # whose runs stay on disk


@click.command()
@experiment_options("accuracy", variants="Or main, lean, all.  [all]", page="docs/results.md")
@click.option("--robustness/--no-robustness", default=True, show_default=True)
def main(asked: Asked, robustness: bool) -> None:
    """Train and evaluate on the data sets in the folder DATA, and write the table of results."""
    torch.set_num_threads(asked.threads)
    names = chosen(asked.variants or ("all",), list(VARIANTS), GROUPS)
    sets = sets_named(asked.only, REAL)
    wanted = functools.partial(
        plan_cells, variants=VARIANTS, seeds=asked.seeds, settings=asked.settings
    )
    failed: list[str] = []
    if not asked.no_runs:
        plan = plan_of(asked, wanted(present(sets, asked.data, asked.work), names), kept=KEPT)
        failed = run_all(plan, asked.workers, work_through)
        if robustness:
            robust = replace(plan, kept=frozenset(ROBUST))
            failed += run_all(robust, asked.workers, measure_robustness)
    if asked.write:
        cells = wanted(sets_named((), REAL), list(VARIANTS))
        command = asked.command("accuracy.py")
        text = page(cells, read_rows([asked.rows]), seeds=asked.seeds, command=command)
        write_page(asked.write, text)
    exit_if_any(failed)


if __name__ == "__main__":
    main()
