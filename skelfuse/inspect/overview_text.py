"""What a run has learned on one screen: its kernels, its gate and its head; the rest by --all."""

from __future__ import annotations

from collections.abc import Mapping

from skelfuse.inspect.frame_rate import FrameRate
from skelfuse.inspect.gate_report import GateReport
from skelfuse.inspect.head_report import HeadReport
from skelfuse.inspect.head_text import class_text, entry_words, units_text
from skelfuse.inspect.kernel_report import KernelsReport
from skelfuse.inspect.kernel_text import merged, rate_text
from skelfuse.telling.tables import aligned, fixed, signed_blocks

KERNEL_ROWS = 16
CLASS_ROWS = 12
SHARES = 4  # of the largest in a line


def kernels_overview(
    report: KernelsReport, *, title: str, rate: FrameRate, gate: GateReport | None = None
) -> str:
    """Return a line for each kernel and axis, of many those that training changed most.

    >>> from skelfuse.inspect.kernel_report import report_kernels
    >>> from skelfuse.layers import MotionKernels
    >>> kernels = report_kernels(MotionKernels(3, scales=(1,)).kernels())
    >>> print(kernels_overview(kernels, title="new", rate=FrameRate(30.0, "as given")))
    new
    30 frames per second (as given)
    <BLANKLINE>
    kernel  axis  taps  nearest pattern        cosine  passes  peak (Hz)
    scale1  xyz   ▁▇    velocity over 1 frame   1.000  high        15.00
    <BLANKLINE>
    --all shows taps, frequencies, derivatives and penalties
    """
    axes = [(kernel, *axis) for kernel in report.kernels for axis in merged(kernel)]
    moved = [axis.drift or 0.0 for _, _, axis in axes]
    most = sorted(range(len(axes)), key=lambda i: -moved[i])[:KERNEL_ROWS]
    header = ["kernel", "axis", "taps", "nearest pattern", "cosine", "passes"]
    header += [f"peak ({rate.unit})", *(["drift"] if any(moved) else [])]
    rows = []
    for i in sorted(most):
        kernel, name, axis = axes[i]
        like, peak = axis.likeness, rate.frequency(axis.response.peak)
        row = [kernel.name, name, signed_blocks(axis.taps)]
        row += ["none: all taps are zero", ""] if like is None else [str(like), fixed(like.cosine)]
        row += [axis.response.kind, fixed(peak, 3 if rate.hz is None else 2)]
        rows.append([*row, *([fixed(moved[i])] if any(moved) else [])])
    hidden = len(axes) - len(rows)
    parts = [f"{title}\n{rate_text(rate)}", aligned(header, rows, words={0, 1, 2, 3, 5})]
    if gate is not None:
        parts.append(_gate_line(gate))
    others = f"the other {hidden} rows, " if hidden else ""
    of_gate = ", the gate of each joint" if gate is not None else ""
    parts.append(f"--all shows {others}taps, frequencies, derivatives and penalties{of_gate}")
    return "\n\n".join(parts)


def _gate_line(gate: GateReport) -> str:
    if gate.open is None:
        return "gate: not known without clips; give a store to measure it on (--data)"
    kept, of = float(gate.open.sum()), gate.open.size
    return f"gate: {kept:.0f} of {of} channels (frequencies of joints) are kept"


def head_overview(report: HeadReport, *, title: str, chosen: bool = False) -> str:
    """Return the strongest feature of each class, or all of the classes that were `chosen`."""
    parts = [f"{title}\n{units_text(report)}"]
    if chosen:
        parts += [class_text(one, report) for one in report.classes]
    else:
        rows = [
            [one.name, f"{entry.worth:+.3f}", entry_words(entry, report)]
            for one in report.classes[:CLASS_ROWS]
            for entry in one.entries[:1]
        ]
        parts.append(aligned(["class", "", "strongest feature"], rows, words={0, 2}))
    parts.append(
        "\n".join(
            [
                f"weight by scale      {_largest(report.by_scale)}",
                f"weight by statistic  {_largest(report.by_statistic)}",
                f"weight by joint      {_largest(report.by_joint)}",
            ]
        )
    )
    hidden = 0 if chosen else len(report.classes) - CLASS_ROWS
    others = f"the other {hidden} classes, " if hidden > 0 else ""
    parts.append(f"--all shows {others}more features of each class, directions and sparsity")
    return "\n\n".join(parts)


def _largest(shares: Mapping[str, float]) -> str:
    names = sorted(shares, key=lambda name: -shares[name])
    told = ", ".join(f"{name} {shares[name]:.1%}" for name in names[:SHARES])
    return told + (", ..." if len(names) > SHARES else "")
