"""A picture of a gate's choice: joints × frequencies, and how many of each stay open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.arrays import Array
from skelfuse.errors import SkelfuseError
from skelfuse.inspect.frame_rate import FrameRate
from skelfuse.inspect.gate_report import GateReport
from skelfuse.telling.picture import new_picture, write_picture
from skelfuse.telling.words import joint_words

# From closed to open: light grey to blue, so that print and eyes of every kind tell them apart.
CLOSED, OPEN = "#eceef1", "#0072B2"
INK = "#444b54"
GAP = "white"
CELL_INCHES = 0.26
NAMES_INCHES = 1.7
TICKS = 9


def plot_gate(report: GateReport, path: str | Path, *, title: str, rate: FrameRate) -> None:
    """Draw a row for each joint and a column for each frequency into `path`."""
    if report.open is None:
        raise SkelfuseError(
            "a dynamic gate can only be measured on clips",
            remedy="give a store to measure it on, or leave out the picture",
        )
    F, N = report.open.shape
    wide = min(max(F * CELL_INCHES, 4.0), 10.0)
    figure = new_picture(wide + NAMES_INCHES + 1.6, N * CELL_INCHES + 2.6)
    panels = figure.subplots(
        2, 2, height_ratios=(1.0, N * CELL_INCHES), width_ratios=(wide, 1.1), squeeze=False
    )
    above, corner = panels[0]
    cells, beside = panels[1]
    corner.set_axis_off()
    corner.text(
        0.0, 0.35, f"{report.closed:.1%}\nclosed", color=INK, fontsize=11, fontweight="bold"
    )
    _draw_cells(cells, report, rate)
    _draw_bars(above, report.open.mean(axis=1), upright=True)
    above.set_xlim(cells.get_xlim())
    above.set_ylabel("of joints", fontsize=9, color=INK)
    _draw_bars(beside, report.open.mean(axis=0), upright=False)
    beside.set_ylim(cells.get_ylim())
    beside.set_xlabel("of frequencies", fontsize=9, color=INK)
    kinds = {"static": "", "pruned": ", all others pruned", "dynamic": ", by the share of bodies"}
    head = f"{title}\nfrequencies kept of each joint{kinds[report.kind]}"
    figure.suptitle(head, fontsize=10, parse_math=False)  # a path may hold dollars
    write_picture(figure, path)


def _draw_cells(panel: Any, report: GateReport, rate: FrameRate) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    assert report.open is not None
    F, N = report.open.shape
    colours = LinearSegmentedColormap.from_list("gate", [CLOSED, OPEN])
    panel.pcolormesh(
        np.arange(F + 1) - 0.5,
        np.arange(N + 1) - 0.5,
        report.open.T,
        cmap=colours,
        vmin=0,
        vmax=1,
        edgecolors=GAP,
        linewidth=1.2,
    )
    panel.set_ylim(N - 0.5, -0.5)
    panel.set_yticks(range(N), [joint_words(joint) for joint in report.joints], fontsize=9)
    shown = range(0, F, max(1, -(-F // TICKS)))
    digits = 2 if rate.hz is None else 1
    labels = [f"{rate.frequency(report.cycles[i]):.{digits}f}" for i in shown]
    panel.set_xticks(list(shown), labels, fontsize=9)
    unit = "Hz" if rate.hz else "cycles per frame"
    panel.set_xlabel(f"frequency ({unit})", fontsize=10)
    _bare(panel)


def _draw_bars(panel: Any, shares: Array, *, upright: bool) -> None:
    places = np.arange(len(shares))
    draw = panel.bar if upright else panel.barh
    draw(places, np.ones_like(shares), 0.86, color=CLOSED)
    draw(places, shares, 0.86, color=OPEN)
    whole = ([0, 0.5, 1], ["0", "50%", "100%"])
    if upright:
        panel.set_ylim(0, 1)
        panel.set_yticks(*whole, fontsize=8)
        panel.set_xticks([])
    else:
        panel.set_xlim(0, 1)
        panel.set_xticks(*whole, fontsize=8)
        panel.set_yticks([])
    _bare(panel)


def _bare(panel: Any) -> None:
    panel.tick_params(length=0, colors=INK)
    panel.spines[:].set_visible(False)
