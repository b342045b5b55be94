"""Is the evidence faithful? Deletion and insertion over joints and frames, beside other rankings.

    python research/faithfulness/deletion.py STORE RUN... [--clips 200] [--plot F.png]

Of each run's test clips (evenly spread ones, if they are more than --clips) the joints, and then
the frames, are hidden one tenth after the other, those first that a ranking puts first; and shown
likewise. The table has the area under the probability of the class that was decided: for deletion
less is better, for insertion more. A row is written for each clip; clips whose row is there are not
computed again.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.faithfulness.curves import RANKINGS, By, area, faithfulness
from research.lab.rows import append_row, read_rows
from skelfuse.batches import Batches
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.run import load_run
from skelfuse.store import Store

PARTS: tuple[By, ...] = ("joints", "frames")
KINDS = ("deletion", "insertion")


def told(rows: list[dict[str, Any]]) -> str:
    """Return the table: mean area ± its standard error over clips."""
    columns = [(by, kind) for by in PARTS for kind in KINDS]
    header = ["run", "ranking", *(f"{by}, {kind} {'↓↑'[kind == KINDS[1]]}" for by, kind in columns)]
    lines = [" | ".join(header), " | ".join(["---"] * len(header))]
    for run in sorted({row["run"] for row in rows}):
        for ranking in RANKINGS:
            cells = [run, ranking]
            for by, kind in columns:
                own = [row for row in rows if (row["run"], row["by"]) == (run, by)]
                areas = [area(np.array(row[ranking][kind])) for row in own]
                error = np.std(areas) / max(1, len(areas)) ** 0.5
                cells.append(f"{np.mean(areas):.3f} ± {error:.3f}" if areas else "–")
            lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)


def drawn(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw the mean curves, a row for each run."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    runs = sorted({row["run"] for row in rows})
    size = (14, 3.4 * len(runs) + 0.8)
    figure, panels = plt.subplots(len(runs), 4, figsize=size, squeeze=False, sharey=True)
    styles: tuple[tuple[str, Any], ...] = (
        ("#c44e00", "-"),
        ("#e69f00", (0, (6, 1, 1, 1))),
        ("#0068a8", "--"),
        ("#009e73", "-."),
        ("#6b6b6b", ":"),
    )
    for line, run in zip(panels, runs, strict=True):
        for i, panel in enumerate(line):
            by, kind = PARTS[i // 2], KINDS[i % 2]
            for ranking, (colour, style) in zip(RANKINGS, styles, strict=True):
                own = [r[ranking][kind] for r in rows if (r["run"], r["by"]) == (run, by)]
                if own:
                    mean = np.mean(own, axis=0)
                    share = np.linspace(0, 100, len(mean))
                    panel.plot(
                        share, mean, linestyle=style, color=colour, linewidth=2, label=ranking
                    )
            panel.set_title(f"{by}, {kind}", fontsize=10)
            panel.set_xlabel(f"% of {by} {'hidden' if kind == KINDS[0] else 'shown'}")
            panel.grid(visible=True, alpha=0.3)
        line[0].set_ylabel(f"{run}\nprobability of the class", fontsize=9)
    marks, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(marks, names, loc="lower center", ncols=len(RANKINGS), frameon=False)
    figure.tight_layout(rect=(0, 0.3 / size[1], 1, 1))
    figure.savefig(path, dpi=100)


@click.command()
@click.argument("store", type=click.Path(exists=True, path_type=Path))
@click.argument("runs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--protocol", help="Whose test clips.  [default: the run's]")
@click.option("--clips", default=200, show_default=True)
@click.option("--rows", default="deletion.jsonl", show_default=True, type=Path)
@click.option("--plot", type=Path, help="Draw the mean curves there.")
@click.option("--threads", default=1, show_default=True)
def main(
    store: Path,
    runs: tuple[Path, ...],
    protocol: str | None,
    clips: int,
    rows: Path,
    plot: Path | None,
    threads: int,
) -> None:
    """Measure how faithful the evidence of some runs is on the test clips of a store."""
    torch.set_num_threads(threads)
    data = Store(store)
    done = read_rows([rows])
    known = {(row["store"], row["run"], row["by"], row["clip"]): row for row in done}
    shown: list[dict[str, Any]] = []
    for path in runs:
        run = load_run(path)
        name = f"{path.name}, {run.config.model.name}"
        chosen = protocol or run.config.protocol
        test = split(clip_table(data), chosen)["test"] if chosen else np.arange(len(data))
        if len(test) > clips:
            test = np.asarray(test)[np.linspace(0, len(test) - 1, clips).round().astype(int)]
        keys = [(store.stem, name, by, int(i)) for i in test for by in PARTS]
        shown += [known[key] for key in keys if key in known]
        wanted = sorted({key[-1] for key in keys if key not in known})
        if not wanted:
            continue
        batches = Batches(data, wanted, sampling=run.config.sampling, batch_size=1)
        for batch in batches.epoch():
            clip = int(batch.index)
            for by in PARTS:
                if (store.stem, name, by, clip) in known:
                    continue
                found = faithfulness(run.model, batch.x, batch.mask, by=by, seed=clip)
                row: dict[str, Any] = {"store": store.stem, "run": name, "by": by, "clip": clip}
                for ranking, course in found.items():
                    deletion, insertion = course.deletion.round(5), course.insertion.round(5)
                    row[ranking] = {"deletion": list(deletion), "insertion": list(insertion)}
                shown.append(row)
                append_row(rows, row)
    count = len({row["clip"] for row in shown})
    click.echo(f"{store.stem}, {count} clips, {date.today()}\n\n{told(shown)}")
    if plot:
        drawn(shown, plot)


if __name__ == "__main__":
    main()
