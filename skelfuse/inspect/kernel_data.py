"""A report on kernels for programs: nested plain values, or one CSV row for a kernel's axis."""

from __future__ import annotations

import csv
import io
from typing import Any

from skelfuse.inspect.derivative import TOLERANCE
from skelfuse.inspect.frame_rate import FrameRate
from skelfuse.inspect.kernel_report import AxisReport, KernelReport, KernelsReport
from skelfuse.plain_text import cell

COLUMNS = (
    *("kernel", "scale", "group", "axis", "offsets", "taps", "start", "drift", "sum"),
    *("smoothness", "pattern", "cosine", "left_over", "gain_at_zero", "peak", "peak_gain"),
    *("band_low", "band_high", "slope", "place", "follows_low", "follows_high"),
    *("frequency_unit",),
)


def kernel_dict(
    report: KernelsReport, *, title: str, rate: FrameRate, history: bool = False
) -> dict[str, Any]:
    """Return the report as plain values, ready for JSON; frequencies are in `frequency_unit`.

    >>> from skelfuse.inspect.kernel_report import report_kernels
    >>> from skelfuse.layers import MotionKernels
    >>> report = report_kernels(MotionKernels(3, scales=(1,)).kernels())
    >>> kernel_dict(report, title="new", rate=FrameRate(30.0))["kernels"][0]["axes"][0]["response"]
    {'at_zero': 0.0, 'peak': 15.0, 'peak_gain': 2.0, 'band': [7.5, 15.0], 'passes': 'high'}
    """
    then = report.penalties_at_start
    found: dict[str, Any] = {
        "source": title,
        "frame_rate": {"hz": rate.hz, "source": rate.source, "range": rate.range},
        "frequency_unit": "Hz" if rate.hz else "cycles per frame",
        "kernels": [_kernel(kernel, rate) for kernel in report.kernels],
        "penalties": {
            "now": vars(report.penalties),
            "start": None if then is None else vars(then),
            "target": report.target,
            "threshold": report.threshold,
        },
    }
    if history:
        found["history"] = [
            {
                "epoch": moment.epoch,
                "taps": {name: taps.T.tolist() for name, taps in moment.taps.items()},
                "drift": {
                    kernel.name: [
                        report.drifts(kernel.name, axis)[i] for axis in range(len(kernel.axes))
                    ]
                    for kernel in report.kernels
                },
            }
            for i, moment in enumerate(report.history)
        ]
    return found


def kernel_csv(report: KernelsReport, *, rate: FrameRate, history: bool = False) -> str:
    """Return one row for each axis of each kernel; with `history`, one for each tap and epoch.

    >>> from skelfuse.inspect.kernel_report import report_kernels
    >>> from skelfuse.layers import MotionKernels
    >>> report = report_kernels(MotionKernels(3, scales=(1,)).kernels())
    >>> row = kernel_csv(report, rate=FrameRate(30.0)).splitlines()[1]
    >>> row.split(",")[:8], row.split(",")[-9:-2]           # the slope is 1, at offset -0.5
    (['scale1', '1', '', 'x', '-1 0', '-1.0 1.0', '', ''], \
['15.0', '2.0', '7.5', '15.0', '1.0', '-0.5', '0.0'])
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if history:
        writer.writerow(["epoch", "kernel", "axis", "offset", "tap"])
        for moment in report.history:
            for kernel in report.kernels:
                for number, axis in enumerate(kernel.axes):
                    taps = moment.taps[kernel.name][:, number].tolist()
                    for offset, tap in zip(kernel.offsets, taps, strict=True):
                        writer.writerow([moment.epoch, cell(kernel.name), axis.axis, offset, tap])
        return text.getvalue()
    writer.writerow(COLUMNS)
    for kernel in report.kernels:
        for axis in kernel.axes:
            writer.writerow(_csv_row(kernel, axis, rate))
    return text.getvalue()


def _csv_row(kernel: KernelReport, axis: AxisReport, rate: FrameRate) -> list[Any]:
    like, found = axis.likeness, axis.response
    return [
        cell(kernel.name),
        kernel.scale,
        kernel.group,
        axis.axis,
        " ".join(map(str, kernel.offsets)),
        " ".join(map(repr, axis.taps)),
        "" if axis.start is None else " ".join(map(repr, axis.start)),
        None if axis.drift is None else _tidy(axis.drift),
        _tidy(axis.total),
        _tidy(axis.smoothness),
        *((None,) * 3 if like is None else (like, _tidy(like.cosine), _tidy(like.left_over))),
        _tidy(found.at_zero),
        _tidy(rate.frequency(found.peak)),
        _tidy(found.peak_gain),
        *(_tidy(rate.frequency(edge)) for edge in found.band),
        _tidy(axis.derivative.slope),
        _tidy(axis.derivative.place),
        *(_follows(axis, rate) or (None, None)),
        rate.unit,
    ]


def _kernel(kernel: KernelReport, rate: FrameRate) -> dict[str, Any]:
    return {
        "name": kernel.name,
        "scale": kernel.scale,
        "group": kernel.group,
        "offsets": list(kernel.offsets),
        "offsets_ms": [rate.milliseconds(offset) for offset in kernel.offsets],
        "most_like": kernel.most_like,
        "cosine": kernel.cosine,
        "diversity": kernel.excess,
        "axes": [_axis(kernel, axis, rate) for axis in kernel.axes],
    }


def _axis(kernel: KernelReport, axis: AxisReport, rate: FrameRate) -> dict[str, Any]:
    like, found = axis.likeness, axis.response
    return {
        "axis": axis.axis,
        "taps": list(axis.taps),
        "start": None if axis.start is None else list(axis.start),
        "drift": axis.drift,
        "sum": axis.total,
        "smoothness": axis.smoothness,
        "pattern": None
        if like is None
        else {
            "name": like.pattern,
            "inverted": like.inverted,
            "cosine": _tidy(like.cosine),
            "left_over": _tidy(like.left_over),
            "first_offset": kernel.offsets[like.first],
            "period": like.period,
            "taps": list(like.taps),
        },
        "response": {
            "at_zero": _tidy(found.at_zero),
            "peak": _tidy(rate.frequency(found.peak)),
            "peak_gain": _tidy(found.peak_gain),
            "band": [_tidy(rate.frequency(edge)) for edge in found.band],
            "passes": found.kind,
        },
        "derivative": {
            "slope": _tidy(axis.derivative.slope),
            "place": _tidy(axis.derivative.place),
            "follows": _follows(axis, rate),
            "tolerance": TOLERANCE,
        },
    }


def _follows(axis: AxisReport, rate: FrameRate) -> list[float] | None:
    edges = axis.derivative.follows
    return None if edges is None else [_tidy(rate.frequency(edge)) for edge in edges]


def _tidy(value: float) -> float:
    return round(value, 9) + 0.0  # what is beyond is the noise of the computation
