"""Which non-negative head learns best? Parametrisations and starts, in the own path of one voter.

    python research/heads/run.py STORE... [--seeds 3] [--epochs 30] [--rows FILE]

For each store the training subjects of its protocol are split once more: two folds train on some of
them and validate on the others, so that no test clip has a say. A row is written as each run ends;
runs whose row is there are not made again. The table has means ± deviations over folds and seeds.
"""

from __future__ import annotations

import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.lab.measured import processor
from research.lab.rows import append_row, read_rows
from skelfuse.batches import Augment, Batches, Sampling
from skelfuse.datasets.protocols import available, split
from skelfuse.datasets.summary import clip_table
from skelfuse.layers.nonnegative import sparse_start
from skelfuse.layers.voting_linear import votes
from skelfuse.models import Size, SkelFuse
from skelfuse.store import Store
from skelfuse.training.optimiser import learning, undecayed

PROTOCOLS = ("odd-even", "nw-ucla-xview", "ntu60-xsub")
SAMPLING = Sampling(frames=64, crop=(0.8, 1.0), jitter=0.3)
AUGMENT = Augment(rotate=(0.1, 0.4, 0.1), scale=0.1)
MODELS = {"own path": 0.0, "both paths": 0.5}  # the share of the together path
ONE_VOTER = Size(channels=16, alone=(1, 2), summary=16, width=64, dilations=(1, 2))


class Head(nn.Module):
    """`y = φ W`, W made from `raw` in one of the ways that are compared; "signed" is the bound."""

    def __init__(self, features: int, channels: int, way: str, start: str) -> None:
        super().__init__()
        self.way = way
        if start == "sparse":
            weight = sparse_start(features, channels, 3, 0.01)
        else:
            weight = nn.init.xavier_uniform_(torch.empty(features, channels))
            weight = weight if way in ("softplus", "signed") else weight.abs()
        if way == "square":
            weight = weight.sqrt()
        if way == "softplus" and start == "sparse":
            weight = weight.double().expm1().log().float()
        self.raw = nn.Parameter(weight)

    def weight(self) -> Tensor:
        if self.way == "abs":
            return self.raw.abs()
        if self.way == "square":
            return self.raw.square()
        if self.way == "softplus":
            return F.softplus(self.raw)
        return self.raw.clamp_min(0) if self.way == "projected" else self.raw

    def after_step(self) -> None:
        if self.way == "projected":
            with torch.no_grad():
                self.raw.clamp_(min=0)

    def forward(self, features: Tensor) -> Tensor:
        return features @ self.weight()


HEADS = {
    f"{way}, {start}": (way, start)
    for way, start in (
        ("softplus", "dense"),
        ("softplus", "sparse"),
        ("abs", "dense"),
        ("abs", "sparse"),
        ("square", "dense"),
        ("square", "sparse"),
        ("projected", "dense"),
        ("projected", "sparse"),
        ("signed", "dense"),
        ("signed", "sparse"),
    )
}


def folds(store: Store) -> Iterator[tuple[int, list[int], list[int]]]:
    """Yield (fold, training clips, validation clips), all from the protocol's training part."""
    table = clip_table(store)
    protocol = next(name for name in PROTOCOLS if name in available(table))
    train = split(table, protocol)["train"]
    groups = sorted({store.subjects[i] for i in train}, key=str)
    for fold in range(2):
        aside = set(groups[fold :: max(2, len(groups) // 2)])
        yield (
            fold,
            [int(i) for i in train if store.subjects[i] not in aside],
            [int(i) for i in train if store.subjects[i] in aside],
        )


def built(model: str, head: str, store: Store) -> nn.Module:
    made: Any = SkelFuse(
        store.skeleton,
        len(store.class_names),
        size=ONE_VOTER,
        together=MODELS[model],
        streams=("joint", "bone"),
        dropout=0.2,
    )
    old = made.frieren.head
    made.frieren.head = Head(old.features, old.channels, *HEADS[head])
    module: nn.Module = made
    return module


def trained(
    model: Any, store: Store, train: list[int], aside: list[int], epochs: int, seed: int
) -> float:
    """Train and return the accuracy, in percent, of the last epoch on the clips set aside."""
    batches = Batches(
        store, train, sampling=SAMPLING, augment=AUGMENT, batch_size=32, shuffle=True, seed=seed
    )
    spared = undecayed(model) | {"frieren.head.raw"}
    groups = [
        {"params": [p for n, p in learning(model) if (n in spared) is kept], "weight_decay": decay}
        for kept, decay in ((False, 0.05), (True, 0.0))
    ]
    optimiser = torch.optim.AdamW(groups, lr=3e-3)
    steps = epochs * len(batches)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min((step + 1) / (0.1 * steps), 0.5 + 0.5 * math.cos(math.pi * step / steps)),
    )
    for epoch in range(epochs):
        model.train()
        for batch in batches.epoch(epoch):
            each = votes(model(batch.x, batch.mask)).transpose(1, 2)  # [B,classes,votes]
            labels = batch.label[:, None].expand(-1, each.shape[2])
            loss = F.cross_entropy(each, labels, label_smoothing=0.1)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            model.frieren.head.after_step()
    model.eval()
    right = 0
    with torch.inference_mode():
        for batch in Batches(store, aside, sampling=SAMPLING).epoch():
            right += int((model(batch.x, batch.mask).argmax(1) == batch.label).sum())
    return 100 * right / len(aside)


def told(rows: list[dict[str, Any]]) -> str:
    found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row["store"], row["model"]][row["head"]].append(row["accuracy"])
    columns = sorted(found)
    lines = ["| head | " + " | ".join(f"{store}, {model}" for store, model in columns) + " |"]
    lines.append("| --- " * (len(columns) + 1) + "|")
    for head in HEADS:
        cells = [
            f"{np.mean(found[column][head]):.1f} ± {np.std(found[column][head]):.1f}"
            if found[column][head]
            else "–"
            for column in columns
        ]
        lines.append(f"| {head} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


@click.command()
@click.argument("stores", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--seeds", default=3, show_default=True)
@click.option("--epochs", default=30, show_default=True)
@click.option(
    "--rows",
    default="research/heads/rows.jsonl",
    show_default=True,
    type=click.Path(path_type=Path),
)
@click.option("--threads", default=1, show_default=True)
def main(stores: tuple[Path, ...], seeds: int, epochs: int, rows: Path, threads: int) -> None:
    """Compare non-negative heads on the training subjects of some stores."""
    torch.set_num_threads(threads)
    done = read_rows([rows])
    known = {(r["store"], r["model"], r["head"], r["fold"], r["seed"], r["epochs"]) for r in done}
    for seed in range(seeds):
        for path in stores:
            store = Store(path)
            for fold, train, aside in folds(store):
                for model in MODELS:
                    for head in HEADS:
                        key = (path.stem, model, head, fold, seed, epochs)
                        if key in known:
                            continue
                        torch.manual_seed(seed)
                        start = time.perf_counter()
                        net = built(model, head, store)
                        accuracy = trained(net, store, train, aside, epochs, seed)
                        names = ("store", "model", "head", "fold", "seed", "epochs")
                        row = dict(zip(names, key, strict=True))
                        row |= {"accuracy": accuracy, "seconds": time.perf_counter() - start}
                        done.append(row)
                        append_row(rows, row)
    click.echo(f"{processor()}, {date.today()}, {epochs} epochs\n")
    click.echo(told([row for row in done if row["epochs"] == epochs]))


if __name__ == "__main__":
    main()
