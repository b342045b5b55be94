"""A picture of a run: loss, accuracy, learning rate, and the motion kernels' regularisers."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from skelfuse.files import atomic_write
from skelfuse.training.log import METRICS, cannot_write_run, read_lines

FEW = 8  # epochs that have a tick each
# A layout found by matplotlib itself takes as long as all the drawing.
MARGINS = {"left": 0.08, "right": 0.98, "top": 0.95, "bottom": 0.08, "wspace": 0.22, "hspace": 0.33}
TRAIN, VALIDATION, KERNELS = "#2b6cb0", "#dd6b20", ("#2f855a", "#805ad5", "#b83280")


def draw_curves(folder: Path) -> Path | None:
    """Draw a run's metrics.jsonl into curves.png; None where matplotlib is not installed."""
    lines = read_lines(folder / METRICS)
    if not lines or find_spec("matplotlib") is None:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.5))
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2, gridspec_kw=MARGINS)
    for panel, name, kind in ((axes[0, 0], "loss", "loss"), (axes[0, 1], "accuracy", "accuracy")):
        _draw(panel, lines, name, "training", TRAIN)
        _draw(panel, lines, f"validation_{name}", "validation", VALIDATION)
        _finish(panel, kind)
    axes[0, 1].set_ylim(0, 1.02)
    _draw(axes[1, 0], lines, "lr", "learning rate", TRAIN)
    _finish(axes[1, 0], "learning rate")
    names = [name for name in lines[0] if name.startswith("kernel_")]
    for name, colour in zip(names, KERNELS, strict=False):
        label = name.removeprefix("kernel_").replace("_", " ")
        _draw(axes[1, 1], lines, name, label, colour)
    if names:
        _finish(axes[1, 1], "motion kernels' penalties")
    else:
        axes[1, 1].set_axis_off()
    path = folder / "curves.png"
    try:
        with atomic_write(path) as new:
            figure.savefig(new, format="png", dpi=110)
    except OSError as error:
        raise cannot_write_run(path, error) from None
    return path


def _draw(panel: Any, lines: list[dict[str, Any]], name: str, label: str, colour: str) -> None:
    points = [(line["epoch"], line[name]) for line in lines if type(line.get(name)) in (int, float)]
    if points:
        mark = "o" if len(points) < 30 else ""  # a run of one epoch must show as well
        panel.plot(*zip(*points, strict=True), mark + "-", label=label, color=colour, markersize=3)


def _finish(panel: Any, title: str) -> None:
    first, last = panel.dataLim.intervalx if panel.get_lines() else (0, 0)
    if last - first < FEW:  # or the ticks of a short run lie between its epochs
        panel.set_xlim(first - 0.5, last + 0.5)
        panel.set_xticks(range(int(first), int(last) + 1))
    else:
        panel.xaxis.get_major_locator().set_params(integer=True, nbins=6)
    panel.yaxis.get_major_locator().set_params(nbins=5)
    panel.set_title(title, fontsize=11)
    panel.set_xlabel("epoch")
    panel.grid(visible=True, alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    if len(panel.get_lines()) > 1:
        panel.legend(frameon=False)
