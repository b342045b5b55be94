"""A picture of an explanation: the body, the statistics, and the joints that decide, over time."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.arrays import Array
from skelfuse.explain.evidence_curves import curves_of, strongest_joints
from skelfuse.explain.evidence_text import by_statistic, sentence
from skelfuse.explain.exact_sum import ExactSum
from skelfuse.explain.scene import on_stage
from skelfuse.telling.picture import finish, new_picture, write_picture
from skelfuse.telling.words import joint_words

# Blue, grey and orange are told apart by eyes of every kind; size and fill say the same again.
FOR, NEITHER, AGAINST = "#c44e00", "#b4bac2", "#0068a8"
INK, SOFT = "#16191d", "#515a66"
SCALES = ("#9fb3c8", "#6c8ebf", "#3b5b92", "#1f3461", "#0d1830")  # longer is darker
COURSE = "#8a8f98"
JOINTS = 3
NAMED = 4
TURN = 0.35  # radians: seen a little from the side, for depth


def plot_sum(explanation: ExactSum, path: str | Path) -> None:
    """Draw an explanation into `path`, whose ending says the kind of picture."""
    figure = new_picture(12, 7.4)
    halves: Any = figure.subfigures(1, 2, width_ratios=(1, 1.25))
    left, right = halves
    body, bars = left.subplots(2, 1, height_ratios=(1.15, 1))
    rows = right.subplots(3 * JOINTS, 1, sharex=True, height_ratios=[1, 1, 1.1] * JOINTS)
    _draw_body(body, explanation)
    _draw_bars(bars, explanation)
    _draw_curves(rows, explanation)
    likely = explanation.probabilities[explanation.number]
    head = f"{explanation.clip}: why {explanation.title}? ({likely:.1%})"
    text = "\n".join([head, *textwrap.wrap(sentence(explanation), 130)])
    figure.suptitle(text, fontsize=11, parse_math=False)  # a name may hold dollars
    write_picture(figure, path)


def _draw_body(panel: Any, one: ExactSum) -> None:
    """Draw everybody at the moment that decided most; colour and size are the whole clip's."""
    worth = one.reasons.by_joint()
    most = np.abs(worth).max() or 1.0
    steps = np.abs(one.reasons.by_moment()).sum(1)  # [S]
    per = one.evidence.frames
    seen = one.mask.any(2).sum(1)  # [T]
    rank = [steps[min(t // per, len(steps) - 1)] * seen[t] for t in range(len(seen))]
    frame = int(np.argmax(rank))
    at = on_stage(one.x, one.mask, one.skeleton)[0][frame]  # [M,N,3]
    turn = 0.0 if one.skeleton.dimensions == 2 else TURN
    x = at[..., 0] * np.cos(turn) + at[..., 2] * np.sin(turn)
    for m in range(len(at)):
        for n, parent in enumerate(one.skeleton.parents):
            if n != parent:
                ends = [n, parent]
                panel.plot(x[m, ends], at[m, ends, 1], color=NEITHER, linewidth=2.5, zorder=1)
    for n, value in enumerate(worth):
        share = abs(value) / most
        colour = _mixed(FOR if value >= 0 else AGAINST, min(1.0, 0.1 + 1.2 * share))
        own = [one.person_of(n)] if abs(value) else range(len(at))
        for m in range(len(at)):
            face = colour if value >= 0 else "white"
            size = (30 + 220 * share) if m in own else 18
            panel.scatter(
                x[m, n], at[m, n, 1], s=size, c=[face], edgecolors=[colour], linewidths=2, zorder=2
            )
    _name(panel, one, worth, x, at[..., 1])
    panel.set_aspect("equal")
    panel.margins(0.12)
    panel.axis("off")
    title = f"evidence of each joint in the whole clip; pose at {one.moment(one.time[frame])}"
    panel.set_title(f"{title}\norange, filled: for; blue ring: against", fontsize=10)


def _name(panel: Any, one: ExactSum, worth: Array, x: Array, y: Array) -> None:
    """Write the strongest joints' names beside the bodies, in the order of their height."""
    places = [(n, one.person_of(n)) for n in strongest_joints(one, NAMED)]
    places = [(n, m) for n, m in places if not np.isnan(x[m, n])]
    if not places:
        return
    height = (np.nanmax(y) - np.nanmin(y)) or 1.0
    edge, above = np.nanmax(x) + 0.12 * height, np.inf
    for n, m in sorted(places, key=lambda place: -y[place[1], place[0]]):
        above = min(float(y[m, n]), above - 0.075 * height)
        line = {"arrowstyle": "-", "color": SOFT, "linewidth": 0.7, "relpos": (0, 0.5)}
        text = f"{joint_words(one.skeleton.joints[n])} {worth[n]:+.2f}"
        at = (float(x[m, n]), float(y[m, n]))
        panel.annotate(text, at, (edge, above), fontsize=9, va="center", arrowprops=line)


def _draw_bars(panel: Any, one: ExactSum) -> None:
    statistics, scales, table = by_statistic(one)
    colours = [
        COURSE if name == "whole course" else SCALES[min(i, len(SCALES) - 1)]
        for i, name in enumerate(scales)
    ]
    places: list[float] = []
    place = 0.0
    for row in table.sum(0):
        known = [s for s in range(len(scales)) if not np.isnan(row[s])]
        places.append(place + (len(known) - 1) / 2)
        for s in known:
            panel.barh(place, row[s], height=0.9, color=colours[s])
            place += 1
        place += 0.8
    panel.set_yticks(places, statistics, fontsize=8)
    panel.invert_yaxis()
    panel.axvline(0, color=INK, linewidth=0.8)
    from matplotlib.patches import Patch

    panel.legend(
        [Patch(color=colour) for colour in colours], scales, fontsize=8, frameon=False, loc="best"
    )
    reasons = one.reasons
    together = f" {reasons.together:+.2f} together" if one.evidence.together.any() else ""
    total = f"{reasons.by_joint().sum():+.2f} joints{together} {reasons.bias:+.2f} average clip"
    panel.set_title("evidence by statistic and scale, all joints", fontsize=10)
    panel.set_xlabel(f"{one.what} {reasons.total:+.2f} = {total}", fontsize=9)
    finish(panel)


def _draw_curves(rows: Any, one: ExactSum) -> None:
    steps, time = one.time_of_step(), one.time
    between = (steps[1:] + steps[:-1]) / 2
    joints = strongest_joints(one, JOINTS)
    for panel in rows[3 * len(joints) :]:
        panel.axis("off")
    for i, n in enumerate(joints):
        curves = curves_of(one, n)
        speed, change, evidence = rows[3 * i : 3 * i + 3]
        several = one.evidence.present.sum() > 1
        person = f", person {curves.person + 1}" if several else ""
        name = f"{joint_words(one.skeleton.joints[n])}{person}"
        speed.set_title(
            f"{name} ({one.reasons.by_joint()[n]:+.2f})", fontsize=10, loc="left", pad=11
        )
        speed.plot(time, curves.speed, color=INK, linewidth=1.4)
        speed.set_ylim(bottom=0)
        if len(between):
            _filled(change, between, curves.change, ("#5b6470", "#a9b1bb"))
        _filled(evidence, steps, curves.evidence, (FOR, AGAINST))
        for panel, label in ((speed, "speed"), (change, "change"), (evidence, "evidence")):
            panel.set_ylabel(label, fontsize=8, rotation=0, ha="right", va="center")
            panel.locator_params(axis="y", nbins=3)
            finish(panel)
            for place in steps[list(curves.key)]:
                panel.axvline(place, color=SOFT, linewidth=1, linestyle="--")
        if curves.key:
            speed.plot(
                steps[list(curves.key)], [1.08] * len(curves.key), "v", color=SOFT, markersize=6,
                transform=speed.get_xaxis_transform(), clip_on=False,
            )  # fmt: skip
    last = rows[3 * len(joints) - 1]
    last.tick_params(labelbottom=True)
    unit = "time (s)" if one.fps else "frame of the clip"
    last.set_xlabel(f"{unit}; ▼ marks the moments that decided most", fontsize=9)


def _filled(panel: Any, time: Array, values: Array, colours: tuple[str, str]) -> None:
    known = np.nan_to_num(values)
    for half, colour in zip((np.maximum, np.minimum), colours, strict=True):
        panel.fill_between(time, half(known, 0), color=colour, linewidth=0)
    panel.axhline(0, color=INK, linewidth=0.6)


def _mixed(colour: str, share: float) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple((1 - share) * np.array(to_rgb(NEITHER)) + share * np.array(to_rgb(colour)))
