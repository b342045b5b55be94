"""An explanation by hiding as a picture: the body, the shares as bars, and the moments."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.explain.answer import Explanation
from skelfuse.explain.scene import on_stage
from skelfuse.explain.verdict import verdict
from skelfuse.telling.picture import new_picture, write_picture
from skelfuse.telling.words import joint_words

FOR, AGAINST, QUIET = "#c44e00", "#0068a8", "#9a9a9a"
BARS = 10
WRAPPED = 110  # characters of a line above the picture


def plot_hiding(one: Explanation, path: str | Path) -> None:
    """Draw an explanation at `path`, whose ending says the kind of picture."""
    figure = new_picture(11, 6.2)
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 1.5], height_ratios=[3, 1.2])
    text = textwrap.fill(f"{one.clip}: {' '.join(verdict(one))}", WRAPPED)
    figure.suptitle(text, fontsize=10, x=0.01, ha="left")
    _body(figure.add_subplot(grid[:, 0]), one)
    _bars(figure.add_subplot(grid[0, 1]), one)
    _moments(figure.add_subplot(grid[1, 1]), one)
    write_picture(figure, path)


def _body(panel: Any, one: Explanation) -> None:
    """Draw everybody at the moment that decides most, joints as large as their shares."""
    at = on_stage(one.x, one.mask, one.skeleton)[0]  # [T,M,N,3]
    frame = _frame(one)
    panel.set_aspect("equal")
    panel.axis("off")
    present = one.mask.any((0, 2))
    largest = max(map(abs, one.joints.values()), default=0.0) or 1.0
    for m in np.flatnonzero(present):
        body = at[frame, m]
        for n, parent in enumerate(one.skeleton.parents):
            panel.plot(*body[[n, parent], :2].T, color=QUIET, linewidth=2, zorder=1)
        for n, joint in enumerate(one.skeleton.joints):
            name = f"{joint}, person {m + 1}" if present.sum() > 1 else joint
            share = one.joints.get(name, 0.0)
            size = 12 + 350 * abs(share) / largest
            colour = FOR if share >= 0 else AGAINST
            shown = colour if one.joints else QUIET
            panel.scatter(*body[n, :2], s=size, color=shown, zorder=2, clip_on=False)
    when = f"{one.time[frame]:.1f} s" if one.fps else f"frame {one.time[frame]:.0f}"
    panel.set_title(f"at {when}", fontsize=9)


def _frame(one: Explanation) -> int:
    """Return the frame in the middle of the moment with the largest share."""
    moment = max(one.moments, key=lambda moment: moment.share)
    seen = one.mask.any((1, 2))
    distance = np.abs(one.time - (moment.begins + moment.ends) / 2)
    return int(np.where(seen, distance, np.inf).argmin())


def _bars(panel: Any, one: Explanation) -> None:
    names = one.order()[:BARS][::-1]
    shares = [one.shares[name] for name in names]
    errors = [one.error[name] for name in names]
    colours = [FOR if share >= 0 else AGAINST for share in shares]
    panel.barh(range(len(names)), shares, xerr=errors, color=colours, error_kw={"linewidth": 1})
    panel.set_yticks(range(len(names)), [joint_words(name) for name in names], fontsize=8)
    panel.axvline(0, color="black", linewidth=0.6)
    what = "log probability" if one.against is None else "difference of the log probabilities"
    panel.set_title(f"{one.players}: shares of the {what} ± standard error", fontsize=9)


def _moments(panel: Any, one: Explanation) -> None:
    begins = np.array([moment.begins for moment in one.moments])
    width = np.array([moment.ends for moment in one.moments]) - begins
    shares = [moment.share for moment in one.moments]
    colours = [FOR if share >= 0 else AGAINST for share in shares]
    panel.bar(begins, shares, width=width, align="edge", color=colours, edgecolor="white")
    panel.axhline(0, color="black", linewidth=0.6)
    panel.set_title("moments: shares", fontsize=9)
    panel.set_xlabel("seconds" if one.fps else "frames", fontsize=8)
