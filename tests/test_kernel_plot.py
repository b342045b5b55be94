"""The picture of kernels: beside each gain stands that of the ideal derivative, jω, to scale."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelfuse.inspect import kernel_plot
from skelfuse.inspect.frame_rate import FrameRate
from skelfuse.inspect.kernel_plot import IDEAL, plot_kernels
from skelfuse.inspect.kernel_report import report_kernels
from skelfuse.layers import MotionKernels

RATE = 20.0


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list into which each figure goes instead of into a file."""
    pytest.importorskip("matplotlib")
    figures: list[Any] = []
    monkeypatch.setattr(kernel_plot, "write_picture", lambda figure, _: figures.append(figure))
    return figures


def responses(figure: Any) -> list[Any]:
    return [panel for panel in figure.axes if panel.get_subplotspec().colspan.start == 1]


def ideals(panel: Any) -> list[Any]:
    return [line for line in panel.get_lines() if line.get_linestyle() == IDEAL["linestyle"]]


@pytest.mark.parametrize("rate", [FrameRate(RATE), FrameRate()])
@pytest.mark.parametrize("size", [1.0, -2.5])
def test_a_velocity_has_the_line_of_j_omega(
    rate: FrameRate, size: float, drawn: list[Any], tmp_path: Path
) -> None:
    taps = {"forward": [-size, size], "central": [-size / 2, 0, size / 2]}
    report = report_kernels(MotionKernels(3, taps=taps).kernels())
    plot_kernels(report, tmp_path / "a.png", title="mine", rate=rate)
    (figure,) = drawn
    panels = responses(figure)
    assert len(panels) == len(taps)
    unit = rate.hz or 1.0
    for panel, follows in zip(panels, (0.25, 0.125), strict=True):
        lines = ideals(panel)
        assert len(lines) == 3  # x, y and z
        for line in lines:
            frequency, gain = line.get_data()
            np.testing.assert_allclose(gain, 2 * np.pi * abs(size) * frequency / unit, rtol=1e-6)
            assert (frequency[0], frequency[-1]) == (0, pytest.approx(unit / 2))
        (words,) = panel.texts
        (edge,) = re.findall(r"jω: x 0\.0+–(\S+),", words.get_text())
        assert float(edge) == pytest.approx(follows * unit, abs=0.006 if unit == 1 else 0.06)
    assert panels[0].get_title() == "gain, beside jω"
    (legend,) = figure.legends
    assert "ideal derivative jω, to scale" in [text.get_text() for text in legend.get_texts()]


def test_what_is_no_derivative_has_no_such_line(drawn: list[Any], tmp_path: Path) -> None:
    taps = {"smoothing": [0.25, 0.5, 0.25], "acceleration": [1.0, -2.0, 1.0]}
    report = report_kernels(MotionKernels(2, taps=taps).kernels())
    plot_kernels(report, tmp_path / "a.png", title="mine", rate=FrameRate(RATE))
    (figure,) = drawn
    for panel in responses(figure):
        assert ideals(panel) == []
        assert [words.get_text() for words in panel.texts] == ["no derivative"]
