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

import sys
from pathlib import Path

import click
import torch
from accuracy_page import page
from cells import Variant
from experiment_runs import Plan, chosen, plan_cells, present, run_all, sets_named, work_through
from real_sets import REAL
from robustness_rows import measure_robustness
from row_files import read_rows

NO_FUSE = ("model.fuse=false",)
SHARES = (5, 10, 25, 50)  # percent of the training subjects
VARIANTS = {
    "small": Variant(),
    "no-fuse": Variant(NO_FUSE),
    "fixed-kernels": Variant(("model.learnable=false",)),
    "nano": Variant(("model.size=nano",)),
    "generic": Variant(config="generic"),
    "no-fuse-matched": Variant(NO_FUSE, matched="small"),
    "nano-no-fuse": Variant((*NO_FUSE, "model.size=nano")),
    "pure": Variant(model={"name": "pure"}),
    "ddnet": Variant(model={"name": "ddnet"}),
    "stgcn": Variant(model={"name": "stgcn"}),
    **{f"small-{share}": Variant(share=share / 100) for share in SHARES},
    **{f"no-fuse-{share}": Variant(NO_FUSE, share=share / 100) for share in SHARES},
}
GROUPS = {
    "main": [name for name in VARIANTS if name.rpartition("-")[2] not in map(str, SHARES)],
    "lean": [name for name in VARIANTS if name.rpartition("-")[2] in map(str, SHARES)],
    "all": list(VARIANTS),
}
ROBUST = ("small", "no-fuse", "fixed-kernels")  # also evaluated on clips made worse


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--only", multiple=True, metavar="DATASET", help="Several: again, or by commas.")
@click.option("--variants", multiple=True, metavar="NAME", help="Or main, lean, all.  [all]")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="train.epochs=2")
@click.option("--rows", default="benchmarks/rows/accuracy.jsonl", show_default=True, type=Path)
@click.option("--work", default="build/accuracy", show_default=True, type=Path)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1))
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1))
@click.option("--device", default="cpu", show_default=True)
@click.option("--no-runs", is_flag=True, help="Train nothing; write the page of what is there.")
@click.option("--robustness/--no-robustness", default=True, show_default=True)
@click.option("--write", type=Path, help="The page, e.g. docs/results.md.")
def main(
    data: Path,
    only: tuple[str, ...],
    variants: tuple[str, ...],
    seeds: int,
    settings: tuple[str, ...],
    rows: Path,
    work: Path,
    workers: int,
    threads: int,
    device: str,
    no_runs: bool,
    robustness: bool,
    write: Path | None,
) -> None:
    """Train and evaluate on the data sets in the folder DATA, and write the table of results."""
    torch.set_num_threads(threads)
    names = chosen(variants or ("all",), list(VARIANTS), GROUPS)
    sets = sets_named(only, REAL)
    failed: list[str] = []
    if not no_runs:
        here = present(sets, data, work)
        cells = plan_cells(here, names, VARIANTS, seeds=seeds, settings=settings)
        kept = frozenset(ROBUST)
        plan = Plan(cells, data, work, rows, device=device, threads=threads, kept=kept)
        failed = run_all(plan, workers, work_through)
        if robustness:
            failed += run_all(plan, workers, measure_robustness)
    if write:
        everything = plan_cells(
            sets_named((), REAL), list(VARIANTS), VARIANTS, seeds=seeds, settings=settings
        )
        command = " ".join(
            ["python benchmarks/accuracy.py DATA", f"--seeds {seeds}"]
            + [f"--set {setting}" for setting in settings]
            + [f"--write {write}"]
        )
        write.parent.mkdir(parents=True, exist_ok=True)
        write.write_text(page(everything, read_rows([rows]), seeds=seeds, command=command))
        click.echo(f"wrote {write}")
    if failed:
        click.echo(f"{len(failed)} failed: {'; '.join(failed)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
