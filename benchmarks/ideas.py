"""What is worth trying on test clips? Ideas, measured on parts of the training clips alone.

    python benchmarks/ideas.py DATA_FOLDER [--seeds 3] [--workers 2] --write docs/ideas.md

Each idea changes some settings of the shipped configurations. Of every data set the training clips
are split by person, by camera, or in blocks; each part in turn is what the others are tested on.
Test clips of the protocols are never looked at. Data sets, rows, resuming and several processes
are as in accuracy.py.
"""

from __future__ import annotations

import functools

import click
import torch
from cells import Variant
from experiment_options import Asked, exit_if_any, experiment_options, write_page
from experiment_runs import chosen, plan_cells, plan_of, present, run_all, sets_named, work_through
from ideas_page import PLAIN, page
from real_sets import INNER, inner
from row_files import read_rows

SETTINGS = {
    "without FrierenFuse": ("model.fuse=false",),
    "kernels that stay differences": ("model.learnable=false",),
    "FrierenFuse over halves as well": ("model.windows=[1,2]",),
    "Legendre trends up to order 4": ("model.poly_order=4",),
    "16 directions for each voter": ("model.directions=16",),
    "FrierenFuse over steps of up to 8": ("model.fuse_scales=[1,2,4,8]",),
    "no distances": ("model.streams=[joint,bone]",),
    "4 kernels a scale": ("model.bank=4",),
    "evidence dropped less (0.2)": ("model.evidence_dropout=0.2",),
    "little dropout": ("model.dropout=0.1", "model.evidence_dropout=0.2"),
    "size base": ("model.size=base",),
    "size nano": ("model.size=nano",),
    "120 epochs": ("train.epochs=120",),
    "143 epochs of batches of 16": ("train.epochs=143", "train.batch_size=16"),
    "48 frames": ("sampling.frames=48",),
    "moments evenly spaced": ("sampling.uneven=0",),
    "no joints dropped": ("augment.joint_dropout=0",),
    "clips mixed": ("train.mixing=mixup", "train.mixing_alpha=0.2"),
    "not mirrored": ("augment.mirror=0",),
}
IDEAS = {name: Variant(settings) for name, settings in SETTINGS.items()}
IDEAS["what the store decides"] = Variant(config="generic")
VARIANTS = {PLAIN: Variant()} | IDEAS


@click.command()
@experiment_options("ideas", variants="Of the table's rows.  [all]", page="docs/ideas.md")
def main(asked: Asked) -> None:
    """Try each idea within the training clips of the data sets in DATA, and write the table."""
    torch.set_num_threads(asked.threads)
    names = chosen(asked.variants, list(VARIANTS), {}) or list(VARIANTS)
    wanted = functools.partial(
        plan_cells, variants=VARIANTS, seeds=asked.seeds, settings=asked.settings
    )
    failed: list[str] = []
    if not asked.no_runs:
        here = present(sets_named(asked.only, INNER), asked.data, asked.work)
        cells = wanted([inner(data) for data in here], names)
        plan = plan_of(asked, cells)
        failed = run_all(plan, asked.workers, work_through)
    if asked.write:
        cells = wanted([inner(data) for data in sets_named((), INNER)], list(VARIANTS))
        command = asked.command("ideas.py")
        text = page(cells, read_rows([asked.rows]), IDEAS, seeds=asked.seeds, command=command)
        write_page(asked.write, text)
    exit_if_any(failed)


if __name__ == "__main__":
    main()
