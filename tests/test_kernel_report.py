"""What is said of a kernel is true of it: golden kernels, and properties of all kernels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from skelfuse.batches import Sampling
from skelfuse.errors import SkelfuseError
from skelfuse.inspect.frame_rate import FrameRate, frame_rate
from skelfuse.inspect.kernel_data import kernel_csv, kernel_dict
from skelfuse.inspect.kernel_plot import plot_kernels
from skelfuse.inspect.kernel_report import KernelsReport, Moment, report_kernels
from skelfuse.inspect.kernel_text import kernel_text
from skelfuse.layers import MotionKernels


@pytest.mark.parametrize("groups", [None, (0, 0, 1, 1, 1)])
@pytest.mark.parametrize("shared", [False, True])
def test_the_penalties_are_those_of_training(groups: tuple[int, ...] | None, shared: bool) -> None:
    torch.manual_seed(3)
    bank = MotionKernels(3, (1, 2, 4), bank=2, joint_groups=groups, shared_axes=shared)
    with torch.no_grad():
        bank.taps += 0.5 * torch.randn_like(bank.taps)
    report = report_kernels(bank.kernels(), target=0.1, threshold=0.05)
    expected = bank.penalties(target=0.1, threshold=0.05)
    for name in ("weight_sum", "smoothness", "diversity"):
        assert getattr(report.penalties, name) == pytest.approx(
            getattr(expected, name).item(), rel=1e-5
        )
    assert expected.diversity > 0
    halves = sum(kernel.excess for kernel in report.kernels) / 2
    assert halves / (1 if groups is None else 2) == pytest.approx(report.penalties.diversity)


def _drifted() -> KernelsReport:
    start = MotionKernels(2, scales=(1, 2)).kernels()
    shift = {"scale1": np.array([[0.0, 0.3], [0.0, 0.4]]), "scale2": np.zeros((3, 2))}
    moments = [
        Moment(epoch, {name: start[name].taps + epoch * shift[name] for name in start})
        for epoch in range(11)
    ]
    now = {name: start[name]._replace(taps=moments[-1].taps[name]) for name in start}
    return report_kernels(now, start=start, history=moments)


def test_drift_is_the_length_of_the_change() -> None:
    report = _drifted()
    x, y = report.kernels[0].axes
    assert x.drift == 0
    assert y.drift == pytest.approx(5.0)
    np.testing.assert_allclose(report.drifts("scale1", 1), 0.5 * np.arange(11), atol=1e-6)
    assert report.drifts("scale2", 0) == [0] * 11


def test_the_text_shows_start_drift_and_evolution() -> None:
    text = kernel_text(_drifted(), title="mine", rate=FrameRate(20.0, "as given"), history=True)
    lines = text.splitlines()
    assert lines[0] == "mine"
    assert any(line.split()[:2] == ["time", "-50"] for line in lines)
    assert any("now" in line and "+2.0000  +5.0000" in line for line in lines)
    assert any(line.split()[:3] == ["start", "-1.0000", "+1.0000"] for line in lines)
    evolution = lines[lines.index("How they came to be (drift: length of the change)") :]
    (row,) = (line for line in evolution if line.split()[:2] == ["scale1", "y"])
    assert [float(number) for number in row.split()[3:8]] == [0.0, 1.0, 2.5, 4.0, 5.0]
    assert max(map(len, lines)) <= 100
    no_history = kernel_text(_drifted(), title="mine", rate=FrameRate())
    assert "How they came to be" not in no_history
    assert "/frame" in no_history
    assert "Hz" not in no_history


def test_markdown_has_as_many_cells_in_every_row_of_a_table() -> None:
    text = kernel_text(
        _drifted(), title="mine", rate=FrameRate(20.0), history=True, as_markdown=True
    )
    tables = [part for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 7
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_json_and_csv_hold_the_same_numbers() -> None:
    report = _drifted()
    found = json.loads(
        json.dumps(kernel_dict(report, title="t", rate=FrameRate(20.0), history=True))
    )
    rows = [line.split(",") for line in kernel_csv(report, rate=FrameRate(20.0)).splitlines()]
    assert len(rows) == 1 + 4
    taps = [axis["taps"] for kernel in found["kernels"] for axis in kernel["axes"]]
    assert [list(map(float, row[5].split())) for row in rows[1:]] == taps
    assert len(found["history"]) == 11
    assert found["history"][4]["drift"]["scale1"] == pytest.approx([0, 2.0])
    long = kernel_csv(report, rate=FrameRate(20.0), history=True).splitlines()
    assert len(long) == 1 + 11 * 2 * (2 + 3)


@pytest.mark.long
@pytest.mark.slow
def test_a_picture_is_drawn_for_any_number_of_kernels(tmp_path: Path) -> None:
    plot_kernels(_drifted(), tmp_path / "a.png", title="mine", rate=FrameRate(20.0))
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    zero = MotionKernels(3, taps={"still": [0.0, 0.0]}).kernels()
    plot_kernels(report_kernels(zero), tmp_path / "b.svg", title="$none$_$", rate=FrameRate())
    assert "<svg" in (tmp_path / "b.svg").read_text()
    with pytest.raises(SkelfuseError, match="unknown kind of figure"):
        plot_kernels(_drifted(), tmp_path / "a.poem", title="", rate=FrameRate())
    with pytest.raises(SkelfuseError, match="cannot write"):
        plot_kernels(_drifted(), tmp_path / "no" / "a.png", title="", rate=FrameRate())


def test_a_kernel_of_zeros_and_a_single_kernel_can_be_told() -> None:
    report = report_kernels(MotionKernels(3, taps={"still": [0.0, 0.0]}).kernels())
    text = kernel_text(report, title="t", rate=FrameRate())
    assert "none: all taps are zero" in text
    json.dumps(kernel_dict(report, title="t", rate=FrameRate()), allow_nan=False)
    kernel_csv(report, rate=FrameRate())


def test_the_rate_is_what_is_known() -> None:
    assert frame_rate(Sampling(), given=12.5).hz == 12.5
    assert frame_rate(Sampling(fps=15)).hz == 15
    assert frame_rate(Sampling(fps=15), given=12.5).hz == 12.5
    assert frame_rate(Sampling()).hz is None
    with pytest.raises(SkelfuseError, match="positive"):
        frame_rate(Sampling(), given=-1)
