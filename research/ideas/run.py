"""What is worth trying on test clips? Ideas, measured on parts of the training clips alone.

    python research/ideas/run.py DATA [--seeds 3] [--workers 2] --write PAGE

Each idea changes some settings of the tuned configurations. Of every data set the training clips
are split by person, by camera, or in blocks; each part in turn is what the others are tested on.
Test clips of the protocols are never looked at. Data sets, rows, resuming and several processes
are as in research/accuracy.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.lab.cells import Cell, Variant
from research.lab.data_sets import INNER, SETS
from research.lab.options import Asked, exit_if_any, experiment_options, write_page
from research.lab.rows import Row, read_rows
from research.lab.runs import cells_within, chosen, run_within
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

PLAIN = "as tuned"
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
    "sample times evenly spaced": ("sampling.uneven=0",),
    "no joints dropped": ("augment.joint_dropout=0",),
    "clips mixed": ("train.mixing=mixup", "train.mixing_alpha=0.2"),
    "not mirrored": ("augment.mirror=0",),
}
IDEAS = {name: Variant(settings) for name, settings in SETTINGS.items()}
IDEAS["what the store decides"] = Variant(config="generic")
VARIANTS = {PLAIN: Variant()} | IDEAS


@click.command()
@experiment_options("ideas", variants="Of the table's rows.  [all]")
def main(asked: Asked) -> None:
    """Try each idea within the training clips of the data sets in DATA, and write the table."""
    names = chosen(asked.variants, list(VARIANTS), {}) or list(VARIANTS)
    failed = run_within(asked, names, VARIANTS)
    if asked.write:
        cells = cells_within(asked, VARIANTS)
        text = page(cells, read_rows([asked.rows]), seeds=asked.seeds, command=asked.command)
        write_page(asked.write, text)
    exit_if_any(failed)


def page(
    cells: Sequence[Cell],
    rows: Sequence[Row],
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
        "tuned for the set. " + _apart() + " Accuracy of the last epoch in percent, mean ± "
        f"standard deviation (n − 1) over {seeds} seeds (another number in brackets) of the mean "
        "over the parts; below it the cross entropy, which tells more where few clips are in "
        "doubt. – where there is no run.",
        _table(found, seeds),
        "## Differences to the tuned configuration",
        "In points of accuracy / in hundredths of cross entropy (less is better), over the seeds "
        "that both have.",
        _differences(found),
    ]
    return "\n\n".join(parts) + "\n"


def _apart() -> str:
    kinds = {"subject": "people", "camera": "cameras", "block": "blocks of each class"}
    told = []
    for name in INNER:
        kind, _, count = SETS[name].apart.split()
        told.append(f"{SETS[name].title}'s by {kinds[kind]} in {count}")
    return f"The training clips are split, {', '.join(told)}, and each part tests the others."


def _table(found: Mapping[tuple[str, str], Found], seeds: int) -> str:
    rows = []
    for name in VARIANTS:
        settings = ", ".join(f"`{word}`" for word in _settings(VARIANTS[name]))
        own = [found.get((data, name), Found()) for data in INNER]
        rows.append([name, settings, *(_both(one, seeds) for one in own)])
    return markdown(["idea", "settings", *(SETS[name].title for name in INNER)], rows)


def _settings(idea: Variant) -> list[str]:
    return [f"--config {idea.config}"] * (idea.config is not None) + list(idea.settings)


def _both(found: Found, seeds: int) -> str:
    loss = fmean(found.loss.values()) if found.loss else None
    return told(found.accuracy, seeds) + ("" if loss is None else f"<br>{loss:.3f}")


def _differences(found: Mapping[tuple[str, str], Found]) -> str:
    rows = []
    for name in IDEAS:
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


if __name__ == "__main__":
    main()
