"""Is it true what an explanation names? Hide it, or show nothing else, and ask the model again.

    python research/faithfulness/run.py RUN... --data STORE [--rows F.jsonl] [--clips 200]

For each run the correct test clips of the store are explained; then the first 1, 2, 4 and 8 joints
are hidden that each way of choosing names, and shown alone. A row is the mean probability that is
left of the class, over the clips; it is written as a run ends, and a run whose row is there is
not measured again. `--table` prints the rows' tables and measures nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the folder of `research`

from research.faithfulness.choices import (
    ALONE,
    CHANCE,
    GRADIENT,
    MOVED,
    NAMED,
    SEARCH,
    SHARE,
    SUM,
    joint_scores,
)
from research.lab.rows import Row, append_row, read_rows
from skelfuse.datasets.protocols import split
from skelfuse.datasets.summary import clip_table
from skelfuse.explain.answer import Explanation
from skelfuse.explain.game import Game
from skelfuse.explain.group import needed_together
from skelfuse.explain.hiding import explain_by_hiding
from skelfuse.explain.players import joint_players, limb_players, moment_players
from skelfuse.explain.questions import Questions
from skelfuse.explain.seen import log_class_shares, seen_by
from skelfuse.predict import Recogniser, load
from skelfuse.store import Store

COUNTS = {"joints": (1, 2, 4, 8), "limbs": (1, 2), "moments": (1, 2)}
WAYS = (NAMED, SHARE, ALONE, MOVED, SUM, GRADIENT, CHANCE, SEARCH)
# Of UTD-MHAD's actions those of the right arm alone; a04, a13, a14 and a16 take both arms.
ONE_ARMED = ("a01", "a02", "a03", "a05", *(f"a{n:02}" for n in range(8, 13)), "a15", "a17", "a19")
RIGHT_ARM = {"right_hand", "right_wrist", "right_elbow"}

Left = dict[str, dict[str, list[float]]]  # way -> "hidden" or "seen" -> one for each count


def measured(recogniser: Recogniser, store: Store, clips: list[int], *, rounds: int) -> Row:
    """Return a run's row: means over the clips that it recognises."""
    one_armed: list[bool] = []
    sums: dict[str, list[Left]] = {kind: [] for kind in COUNTS}
    whole: list[float] = []
    for index in clips:
        clip = recogniser.preparation.prepared(recogniser.preparation.matched(store[index]))
        if recogniser.predict(store[index]).best != clip.label:
            continue
        found = explain_by_hiding(recogniser.run, clip, rounds=rounds, seed=index)
        whole.append(found.probability)
        for kind, left in _left(recogniser, found, clip, index).items():
            sums[kind].append(left)
        if found.target.startswith(ONE_ARMED) and store.skeleton.name == "utd-mhad":
            one_armed.append(bool(found.named and RIGHT_ARM & {*found.named.names}))
    return {
        "clips": len(clips),
        "correct": len(whole),
        "as_it_is": float(np.mean(whole)),
        "one_armed": len(one_armed),
        "right_arm_named": float(np.mean(one_armed)) if one_armed else None,
        **{kind: _mean(rows) for kind, rows in sums.items()},
    }


def _left(recogniser: Recogniser, found: Explanation, clip: Any, seed: int) -> dict[str, Left]:
    run, draw = recogniser.run, np.random.default_rng(seed)
    seen = seen_by(run, clip)
    questions = Questions(run.deployed, seen.x, seen.mask, log_class_shares(run))
    number = found.classes.index(found.target)
    joints = joint_players(seen.mask, run.skeleton)
    limbs = limb_players(seen.mask, run.skeleton)
    parts, _ = moment_players(seen.mask, seen.position)
    when = [(moment.share, moment.error) for moment in found.moments]
    asked = {
        "joints": (joints, [(found.joints[name], found.error[name]) for name in joints.names]),
        "limbs": (limbs, [(found.limbs[name], found.limb_error[name]) for name in limbs.names]),
        "moments": (parts, when),
    }
    result = {}
    for kind, (players, sure) in asked.items():
        game, counts = Game(questions, players), COUNTS[kind]
        share, error = np.array(sure).T
        if kind == "joints":
            ways = dict(joint_scores(run.model, seen, joints, found, draw))
        else:
            alone = -game.value(~np.eye(len(players), dtype=bool))[:, number]
            ways = {SHARE: share, ALONE: alone, CHANCE: draw.random(len(players))}
        orders = {way: np.argsort(-score) for way, score in ways.items()}
        result[kind] = {
            way: _asked(game, [order[:count] for count in counts], number)
            for way, order in orders.items()
        }
        groups = [needed_together(game, share, error, count, number=number) for count in counts]
        result[kind][NAMED] = _asked(game, groups, number)
        if kind == "joints":
            result[kind][SEARCH] = searched(game, number, counts)
    return result


def _asked(game: Game, groups: list[Any], number: int) -> dict[str, list[float]]:
    here = np.zeros((len(groups), len(game.players)), bool)
    for row, group in zip(here, groups, strict=True):
        row[group] = True
    hidden, seen = (np.exp(game.value(rows)[:, number]).tolist() for rows in (~here, here))
    return {"hidden": hidden, "seen": seen}


def searched(game: Game, number: int, counts: tuple[int, ...]) -> dict[str, list[float]]:
    """Return what is left when, one after another, the joint is taken that changes most.

    It asks the model about every joint that is left, for each of them anew: the probability with so
    many hidden can hardly be made smaller, and with so many alone seen hardly larger.
    """
    left: dict[str, list[float]] = {}
    size = len(game.players)
    for kind, hides in (("hidden", True), ("seen", False)):
        chosen = np.zeros(size, bool)
        best = []
        for _ in range(min(max(counts), size)):
            tried = chosen | np.eye(size, dtype=bool)[~chosen]
            worth = game.value(~tried if hides else tried)[:, number]
            at = worth.argmin() if hides else worth.argmax()
            chosen = tried[at]
            best.append(float(np.exp(worth[at])))
        left[kind] = [best[min(count, size) - 1] for count in counts]
    return left


def _mean(rows: list[Left]) -> Left:
    if not rows:
        return {}
    return {
        way: {
            kind: np.mean([row[way][kind] for row in rows], axis=0).round(4).tolist()
            for kind in ("hidden", "seen")
        }
        for way in rows[0]
    }


def four_joints(rows: list[Row]) -> str:
    """Return what four joints are worth, chosen in each way: a line a way, as Markdown.

    Shares of the probability as it is, means over a set's runs.
    """
    stores = sorted({row["store"] for row in rows})
    number = COUNTS["joints"].index(4)
    heads = [f"{store}, {what}" for store in stores for what in ("hidden", "only these")]
    lines = [f"| four joints by | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    for way in WAYS:
        cells = []
        for store, what in ((store, what) for store in stores for what in ("hidden", "seen")):
            known = [
                row["joints"][way][what][number] / row["as_it_is"]
                for row in rows
                if row["store"] == store and way in row["joints"]
            ]
            cells.append(f"{np.mean(known):.2f}" if known else "–")
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def table(rows: list[Row]) -> str:
    """Return the means over runs as Markdown: probability left, with so many hidden or seen."""
    lines = []
    for store in sorted({row["store"] for row in rows}):
        own = [row for row in rows if row["store"] == store]
        whole = np.mean([row["as_it_is"] for row in own])
        lines.append(f"{store}: {len(own)} runs, as it is {whole:.2f}\n")
        for kind, counts in COUNTS.items():
            head = [f"{what} {count}" for what in ("hidden", "seen") for count in counts]
            lines.append(f"| {kind} by | {' | '.join(head)} |")
            lines.append(f"| --- |{' ---: |' * len(head)}")
            for way in WAYS:
                known = [row[kind][way] for row in own if way in row[kind]]
                if known:
                    values = [np.mean([k[what] for k in known], axis=0) for what in known[0]]
                    cells = " | ".join(f"{v:.2f}" for v in np.concatenate(values))
                    lines.append(f"| {way} | {cells} |")
            lines.append("")
        named = [row["right_arm_named"] for row in own if row["right_arm_named"] is not None]
        if named:
            lines.append(f"right arm among the four in {np.mean(named):.0%} of one-armed actions\n")
    return "\n".join(lines)


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--data", type=click.Path(exists=True, path_type=Path), help="The store.")
@click.option(
    "--rows", "file", default="research/faithfulness/rows.jsonl", show_default=True, type=Path
)
@click.option("--clips", default=200, show_default=True, help="Of the test at most.")
@click.option("--rounds", default=16, show_default=True)
@click.option("--table", "shown", is_flag=True, help="Print the rows' tables alone.")
def main(
    runs: tuple[Path, ...], data: Path | None, file: Path, clips: int, rounds: int, shown: bool
) -> None:
    """Measure how faithful the explanations of some runs are."""
    torch.set_num_threads(1)
    rows = read_rows([file])
    if not shown:
        if data is None:
            raise click.UsageError("name the store with --data")
        store = Store(data)
        for path in runs:
            key = {"store": data.stem, "run": str(path), "clips_at_most": clips, "rounds": rounds}
            if any(key.items() <= row.items() for row in rows):
                continue
            recogniser = load(path)
            protocol = recogniser.run.config.protocol
            if protocol is None:
                raise click.UsageError(f"{path} was trained without a protocol")
            test = np.asarray(split(clip_table(store), protocol)["test"])
            kept = test[np.linspace(0, len(test) - 1, min(clips, len(test))).round().astype(int)]
            model, seed = recogniser.run.config.model.name, recogniser.run.config.seed
            row = {**key, "model": model, "seed": seed}
            row |= measured(recogniser, store, kept.tolist(), rounds=rounds)
            rows.append(row)
            append_row(file, row)
    click.echo(four_joints(rows))
    click.echo(table(rows))


if __name__ == "__main__":
    main()
