"""What a run relies on, as a table for a terminal and as a picture of classes × limbs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skelfuse.errors import SkelfuseError
from skelfuse.explain.reliance import Reliance
from skelfuse.telling.body_words import listed
from skelfuse.telling.counted import counted
from skelfuse.telling.picture import new_picture, write_picture
from skelfuse.telling.tables import BLOCKS, aligned
from skelfuse.telling.words import joint_words

CELL = 0.32  # inches a class


def reliance_text(one: Reliance) -> str:
    """Return the table: each limb's part of the decision, ± its spread over people; and when."""
    rows = []
    for row in one.classes:
        cells = [
            _percent(share) + ("" if np.isnan(spread) else f" ± {spread:.0%}")
            for share, spread in zip(row.limbs, row.spread, strict=True)
        ]
        right = f"{row.correct} of {row.clips}"
        rows.append([row.name, right, *cells, _when(row.moments)])
    words = {0, len(one.limbs) + 2}
    table = aligned(["class", "correct", *map(joint_words, one.limbs), "when"], rows, words=words)
    note = "each limb's part of the correct decisions, mean over people ± standard deviation"
    parts = [f"{table}\n({note})"] if rows else []
    parts += _not_counted(one)
    parts.append(_odd(one))
    if one.missed:
        parts.append(f"Never recognised: {listed(one.missed)}.")
    return "\n\n".join(parts)


def _not_counted(one: Reliance) -> list[str]:
    """Tell of which correct clips nothing is told."""
    some = [row for row in one.classes if row.counted < row.correct]
    found = [f"{row.correct - row.counted} of {row.correct} of {row.name}" for row in some]
    found += [f"all of {name}" for name in one.uncounted]
    why = "the class was at least as likely before anything was seen"
    return [f"Correct clips that are not counted, as {why}: {listed(found)}."] if found else []


def _when(moments: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    """Draw the moments' parts as blocks, from the clip's beginning to its end."""
    least = np.maximum(moments, 0)
    return "".join(BLOCKS[round((len(BLOCKS) - 1) * v / (least.max() or 1.0))] for v in least)


def _percent(share: float) -> str:
    return f"{round(share, 2) + 0.0:.0%}"  # what rounds to zero has no minus


def _odd(one: Reliance) -> str:
    odd = [row for row in one.classes if row.odd()]
    if not odd:
        return "No class relies on a limb that hardly moves in it."
    lines = [
        f"  {row.name}: {one.limbs[i]} {row.limbs[i]:.0%} of the decision, "
        f"{row.moved[i]:.0%} of the movement"
        for row in odd
        for i in row.odd()
    ]
    rely = counted(len(odd), "class relies", "classes rely")
    return "\n".join([f"Odd: {rely} on a limb that hardly moves", *lines])


def plot_reliance(one: Reliance, path: str | Path) -> None:
    """Draw classes × limbs, and beside them classes × moments, at `path`."""
    if not one.classes:
        raise SkelfuseError(
            "there is nothing to draw",
            expected="a clip that is recognised and counted",
            found=f"none among the clips of {one.store}",
            remedy="draw what a run relies on that recognises some of them",
        )
    figure = new_picture(10, 1.8 + CELL * len(one.classes))
    sides = figure.subplots(1, 2, sharey=True, width_ratios=[len(one.limbs), 4])
    limbs = np.stack([row.limbs for row in one.classes])
    moments = np.stack([row.moments for row in one.classes])
    for panel, values in zip(sides, (limbs, moments), strict=True):
        most = np.abs(values).max() or 1.0
        panel.imshow(values, cmap="PuOr_r", vmin=-most, vmax=most, aspect="auto")
        for (y, x), value in np.ndenumerate(values):
            pale = abs(value) < 0.6 * most
            panel.text(
                x,
                y,
                _percent(value),
                ha="center",
                va="center",
                fontsize=7,
                color="black" if pale else "white",
            )
    sides[0].set_yticks(range(len(one.classes)), [row.name for row in one.classes], fontsize=8)
    sides[0].set_xticks(range(len(one.limbs)), one.limbs, fontsize=8, rotation=30, ha="right")
    sides[0].set_title("limbs", fontsize=10)
    sides[1].set_xticks([-0.5, moments.shape[1] - 0.5], ["begin", "end"], fontsize=8)
    sides[1].set_title("moments", fontsize=10)
    write_picture(figure, path)
