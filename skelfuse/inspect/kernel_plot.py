"""A picture of motion kernels: taps, frequency responses, and how they drifted in training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skelfuse.inspect.derivative import TOLERANCE
from skelfuse.inspect.frame_rate import FrameRate
from skelfuse.inspect.kernel_report import AxisReport, KernelReport, KernelsReport
from skelfuse.inspect.response import NYQUIST, gain
from skelfuse.telling.picture import finish, new_picture, write_picture

# Okabe and Ito's colours, told apart by eyes of every kind; lines and marks differ as well, and
# what is drawn later is smaller, so that equal axes show through each other.
STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "linestyle": "-", "marker": "o", "linewidth": 2.4, "markersize": 8},
    {"color": "#D55E00", "linestyle": "--", "marker": "s", "linewidth": 1.8, "markersize": 5.5},
    {"color": "#009E73", "linestyle": ":", "marker": "^", "linewidth": 1.4, "markersize": 4},
)
IDEAL: dict[str, Any] = {"linestyle": "-.", "linewidth": 1, "alpha": 0.8}
GREY = "#555555"
PAPER = {"facecolor": "white", "edgecolor": "none", "alpha": 0.9, "pad": 1}
FOLLOWED: dict[str, Any] = {"linewidth": 11, "alpha": 0.22, "solid_capstyle": "butt"}
ROW_INCHES = 1.9
MARKS = 8  # on a curve


def plot_kernels(report: KernelsReport, path: str | Path, *, title: str, rate: FrameRate) -> None:
    """Draw one row for each kernel into `path`, whose ending says the kind of picture."""
    columns = 3 if report.history else 2
    rows = len(report.kernels)
    figure = new_picture(3.6 * columns, ROW_INCHES * rows + 1.3)
    from matplotlib.lines import Line2D  # there is one now

    panels = figure.subplots(rows, columns, squeeze=False)
    for row, kernel in zip(panels, report.kernels, strict=True):
        _draw_taps(row[0], kernel, rate)
        _draw_responses(row[1], kernel, rate)
        if report.history:
            _draw_drift(row[2], report, kernel)
    frequency = f"frequency ({'Hz' if rate.hz else 'cycles per frame'})"
    offset = f"offset (ms, at {rate.hz:.3g} frames per second)" if rate.hz else "offset (frames)"
    heads = [("taps", offset), ("gain, beside jω", frequency), ("drift", "epoch")]
    for column, (head, label) in enumerate(heads[:columns]):
        panels[0, column].set_title(head, fontsize=11)
        panels[-1, column].set_xlabel(label, fontsize=9)
    figure.suptitle(title, fontsize=10, wrap=True, parse_math=False)  # a path may hold dollars
    lines, axes = panels[0, 0].get_legend_handles_labels()
    names = [name if len(name) > 1 else f"axis {name}" for name in axes]
    lines += [Line2D([], [], color=GREY, **IDEAL), Line2D([], [], color=GREY, **FOLLOWED)]
    names += ["ideal derivative jω, to scale", f"follows it within {TOLERANCE:.0%}"]
    figure.legend(lines, names, loc="outside lower center", ncols=6, frameon=False, fontsize=9)
    write_picture(figure, path)


def _draw_taps(panel: Any, kernel: KernelReport, rate: FrameRate) -> None:
    step = rate.milliseconds(1) or 1.0
    places = np.array(kernel.offsets) * step
    panel.axhline(0, color="black", linewidth=0.6)
    for axis, style in _styled(kernel.axes):
        panel.plot(places, axis.taps, label=axis.axis, **style)
    for axis in kernel.axes:
        if axis.start is not None and axis.drift:
            label = "start" if axis is kernel.axes[0] else None
            panel.plot(places, axis.start, "_", color="black", markersize=13, label=label)
    panel.set_xticks(
        places, [f"{place:+.0f}".replace("-", "−") if place else "0" for place in places]
    )
    panel.set_xlim(places[0] - 0.35 * step, places[-1] + 0.35 * step)
    most = max(abs(tap) for axis in kernel.axes for tap in (*axis.taps, *(axis.start or ())))
    panel.set_ylim(-1.2 * most or -1.0, 1.2 * most or 1.0)
    panel.set_ylabel(kernel.name.replace("/", "\n"), fontsize=10, fontweight="bold")
    finish(panel)


def _draw_responses(panel: Any, kernel: KernelReport, rate: FrameRate) -> None:
    frequencies = np.linspace(0, NYQUIST, 257)
    shown = [rate.frequency(f) for f in frequencies]
    greatest = max(axis.response.peak_gain for axis in kernel.axes)
    every = len(frequencies) // MARKS
    told: list[str] = []
    digits = 2 if rate.hz is None else 1
    for axis, style in _styled(kernel.axes):
        ideal, gains, color = axis.derivative, gain(axis.taps, frequencies), style["color"]
        if ideal.follows is not None:
            panel.plot(shown, ideal.gain(frequencies), color=color, **IDEAL)
            low, high = ideal.follows
            there = np.linspace(low, high, 129)
            bright = [rate.frequency(f) for f in there]
            panel.plot(bright, gain(axis.taps, there), color=color, **FOLLOWED)
            edges = "–".join(f"{rate.frequency(edge):.{digits}f}" for edge in (low, high))
            told.append(f"{axis.axis} {edges}")
        panel.plot(shown, gains, markevery=every, **style)
    words = f"jω: {',  '.join(told)} {rate.unit}" if told else "no derivative"
    panel.annotate(
        words, (0.02, 0.98), xycoords="axes fraction", va="top", fontsize=8, color=GREY, bbox=PAPER
    )
    panel.set_xlim(0, shown[-1])
    panel.set_ylim(0, 1.3 * greatest or 1.0)
    finish(panel)


def _draw_drift(panel: Any, report: KernelsReport, kernel: KernelReport) -> None:
    epochs = [moment.epoch for moment in report.history]
    every = max(1, len(epochs) // MARKS)
    for number, (_, style) in enumerate(_styled(kernel.axes)):
        panel.plot(epochs, report.drifts(kernel.name, number), markevery=every, **style)
    panel.set_ylim(bottom=0)
    panel.xaxis.get_major_locator().set_params(integer=True)
    finish(panel)


def _styled(axes: Sequence[AxisReport]) -> list[tuple[AxisReport, dict[str, Any]]]:
    return [(axis, STYLES[i % len(STYLES)]) for i, axis in enumerate(axes)]
