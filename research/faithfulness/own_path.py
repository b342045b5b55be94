"""Where the own path decides alone: does its exact sum name the joints that decide?

    python research/faithfulness/own_path.py RUN... --data STORE [--clips 80]

As run.py does, but the together path has no share in the decision, and only four joints are hidden:
those of the largest exact sum, those that moved most, four by chance, and four found by a search.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.faithfulness.choices import CHANCE, MOVED, SEARCH, SUM
from research.lab.rows import Row, append_row, read_rows
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.explain.evidence import evidence_of
from skelfuse.explain.game import Game
from skelfuse.explain.players import joint_players
from skelfuse.explain.questions import Questions
from skelfuse.explain.seen import Seen, log_class_shares, seen_by
from skelfuse.models import SkelFuse
from skelfuse.predict import Recogniser, load
from skelfuse.store import Store

HIDDEN = 4
ROWS = Path(__file__).parent / "own_path.jsonl"


def measured(recogniser: Recogniser, store: Store, clips: list[int]) -> Row:
    """Return a run's row: the share of the probability that stays, over the clips it recognises."""
    draw = np.random.default_rng(0)
    whole: list[float] = []
    left: dict[str, list[float]] = {way: [] for way in (SUM, MOVED, CHANCE, SEARCH)}
    for index in clips:
        clip = recogniser.preparation.prepared(recogniser.preparation.matched(store[index]))
        seen = seen_by(recogniser.run, clip)
        joints = joint_players(seen.mask, recogniser.run.skeleton)
        nothing = log_class_shares(recogniser.run)
        game = Game(Questions(recogniser.run.deployed, seen.x, seen.mask, nothing), joints)
        as_it_is = game.without([])
        target = int(as_it_is.argmax())
        if recogniser.run.class_names[target] != clip.label:
            continue
        whole.append(float(np.exp(as_it_is[target])))
        place = joints.cells.flatten(1).float().argmax(dim=1).numpy()  # [P], of [M·N]
        sums = evidence_of(recogniser.run.model, seen.x[:1], seen.mask[:1]).reasons(target)
        scores = {
            SUM: sums.by_joint()[place % len(recogniser.run.skeleton)],
            MOVED: _moved(seen)[place],
            CHANCE: draw.random(len(joints)),
        }
        for way, score in scores.items():
            hidden = np.argsort(-score)[:HIDDEN].tolist()
            left[way].append(float(np.exp(game.without(hidden)[target])))
        left[SEARCH].append(_searched(game, target))
    kept = {way: round(float(np.sum(each) / np.sum(whole)), 4) for way, each in left.items()}
    return {"clips": len(clips), "correct": len(whole), "as_it_is": float(np.mean(whole)), **kept}


def _moved(seen: Seen) -> Any:
    """Return how far each joint of each person goes, `[M·N]`."""
    x, mask = seen.x[0].numpy(), seen.mask[0].numpy()
    step = np.linalg.norm(np.diff(x, axis=0), axis=-1)  # [T-1,M,N]
    return np.where(mask[1:] & mask[:-1], step, 0).sum(axis=0).reshape(-1)


def _searched(game: Game, target: int) -> float:
    """Return what is left when, one after another, the joint is hidden that costs most."""
    hidden: list[int] = []
    worth = 0.0
    for _ in range(HIDDEN):
        rest = [joint for joint in range(len(game.players)) if joint not in hidden]
        tried = np.ones((len(rest), len(game.players)), bool)
        tried[:, hidden] = False
        tried[range(len(rest)), rest] = False
        found = game.value(tried)[:, target]
        hidden.append(rest[int(found.argmin())])
        worth = float(found.min())
    return float(np.exp(worth))


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--clips", default=80, show_default=True, help="Of the test at most.")
@click.option("--rows", default=ROWS, type=Path)
def main(runs: tuple[Path, ...], data: Path, clips: int, rows: Path) -> None:
    """Measure how faithful the exact sum is where nothing but the own path decides."""
    torch.set_num_threads(1)
    store = Store(data)
    for path in runs:
        key = {"store": data.stem, "run": path.name, "clips_at_most": clips}
        if any(key.items() <= row.items() for row in read_rows([rows])):
            continue
        recogniser = load(path)
        model, protocol = recogniser.run.model, recogniser.run.config.protocol
        if not isinstance(model, SkelFuse) or protocol is None:
            raise click.UsageError(f"{path}: a run of skelfuse with a protocol is needed")
        model.share = 0.0
        test = np.asarray(split(clip_table(store), protocol)["test"])
        kept = test[np.linspace(0, len(test) - 1, min(clips, len(test))).round().astype(int)]
        row = {**key, "seed": recogniser.run.config.seed}
        row |= measured(recogniser, store, kept.tolist())
        append_row(rows, row)
        click.echo(row)


if __name__ == "__main__":
    main()
