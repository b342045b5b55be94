"""A report on kernels for people: aligned for a terminal, or as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import groupby

from skelfuse.inspect.derivative import TOLERANCE
from skelfuse.inspect.frame_rate import FrameRate
from skelfuse.inspect.kernel_report import AxisReport, KernelReport, KernelsReport
from skelfuse.telling.tables import (
    Rows,
    aligned,
    fixed,
    markdown,
    rising_blocks,
    signed_blocks,
    spread_over,
)

EPOCHS_SHOWN = 5
BLOCKS_SHOWN = 24  # of a drift over many epochs
UNLIKE = 0.5  # a pattern that leaves over more than this is named in brackets

Table = tuple[str, Sequence[str], Rows, Collection[int]]


def kernel_text(
    report: KernelsReport,
    *,
    title: str,
    rate: FrameRate,
    history: bool = False,
    as_markdown: bool = False,
) -> str:
    """Return everything that a report says; `history` adds how the kernels became what they are.

    >>> from skelfuse.inspect.kernel_report import report_kernels
    >>> from skelfuse.layers import MotionKernels
    >>> kernels = MotionKernels(3, scales=(1,)).kernels()
    >>> print(kernel_text(report_kernels(kernels), title="new", rate=FrameRate(30.0, "as given")))
    new
    30 frames per second (as given)
    <BLANKLINE>
    Scale 1: 2 taps, by their offset in frames from the frame described
    kernel  axis             -1        0  shape
                  time   -33 ms     0 ms
    scale1  xyz   taps  -1.0000  +1.0000  ▁▇
    <BLANKLINE>
    What they are like (from: the pattern's first offset; sum: the answer to stillness)
    kernel  axis  nearest pattern        from  cosine  left over    sum  smoothness
    scale1  xyz   velocity over 1 frame    -1   1.000       0.0%  0.000       4.000
    <BLANKLINE>
    What they pass
    kernel  axis  passes  gain at 0 Hz  peak gain  peak (Hz)  -3 dB band (Hz)
    scale1  xyz   high           0.000      2.000      15.00    7.50 to 15.00
    <BLANKLINE>
    Which are derivatives (slow motion gives the velocity times this, at that offset)
    kernel  axis  times velocity  offset  follows jω within 10% (Hz)
    scale1  xyz           +1.000   -0.50                0.00 to 7.51
    <BLANKLINE>
    Penalties, unweighted
    penalty        now
    weight sum  0.0000
    smoothness  4.0000
    diversity   0.0000
    """
    tables = [*_taps_tables(report, rate), _patterns(report), _responses(report, rate)]
    tables += [_derivatives(report, rate), _penalties(report)]
    if history:
        tables.append(_history(report))
    draw: Callable[..., str] = markdown if as_markdown else aligned
    heading = "**{}**\n\n{}" if as_markdown else "{}\n{}"
    parts = [
        heading.format(name, draw(header, rows, words=words))
        for name, header, rows, words in tables
    ]
    first = f"{title}\n\n{rate_text(rate)}" if as_markdown else f"{title}\n{rate_text(rate)}"
    return "\n\n".join([first, *parts, *_alike(report)])


def rate_text(rate: FrameRate) -> str:
    """Return the frame rate and where it is from."""
    if rate.hz is None:
        return f"frame rate {rate.source}"
    return f"{rate.hz:.3g} frames per second ({rate.source})"


def merged(kernel: KernelReport) -> list[tuple[str, AxisReport]]:
    """Return a kernel's axes by their names; axes of equal taps are one."""
    found: dict[object, tuple[str, AxisReport]] = {}  # by taps, now and at the start
    for axis in kernel.axes:
        names, first = found.get((axis.taps, axis.start), ("", axis))
        found[axis.taps, axis.start] = (names + axis.axis, first)
    return list(found.values())


def _taps_tables(report: KernelsReport, rate: FrameRate) -> list[Table]:
    tables: list[Table] = []
    in_order = sorted(report.kernels, key=lambda kernel: (len(kernel.offsets), kernel.offsets))
    for offsets, kernels in groupby(in_order, key=lambda kernel: kernel.offsets):
        every = list(kernels)
        moved = any(axis.drift for kernel in every for axis in kernel.axes)
        header = ["kernel", "axis", "", *(f"{o:+d}" if o else "0" for o in offsets), "shape"]
        header += ["drift"] if moved else []
        rows = []
        if rate.hz is not None:
            times = (rate.milliseconds(offset) or 0.0 for offset in offsets)
            rows.append(["", "", "time", *(f"{ms:+.0f} ms" if ms else "0 ms" for ms in times), ""])
        for kernel in every:
            for name, axis in merged(kernel):
                row = [kernel.name, name, "now" if moved else "taps"]
                rows.append([*row, *_numbers(axis.taps), signed_blocks(axis.taps)])
                if moved and axis.start is not None:
                    rows[-1].append(fixed(axis.drift or 0.0))
                    start = ["", "", "start", *_numbers(axis.start), signed_blocks(axis.start)]
                    rows.append(start)
        rows = [[*row, *[""] * (len(header) - len(row))] for row in rows]
        name = f"Scale {len(offsets) - 1}: {len(offsets)} taps, by their offset in frames"
        words = {0, 1, 2, len(offsets) + 3}
        tables.append((f"{name} from the frame described", header, rows, words))
    return tables


def _patterns(report: KernelsReport) -> Table:
    header = [
        "kernel",
        "axis",
        "nearest pattern",
        "from",
        "cosine",
        "left over",
        "sum",
        "smoothness",
    ]
    rows = []
    for kernel in report.kernels:
        for name, axis in merged(kernel):
            like = axis.likeness
            told = ["none: all taps are zero", "", "", ""]
            if like is not None:
                words = f"({like})" if like.left_over > UNLIKE else str(like)
                first = kernel.offsets[like.first]
                told = [words, f"{first:+d}" if first else "0", fixed(like.cosine)]
                told.append(f"{like.left_over:.1%}")
            numbers = [fixed(axis.total, sign=True), fixed(axis.smoothness)]
            rows.append([kernel.name, name, *told, *numbers])
    name = "What they are like (from: the pattern's first offset; sum: the answer to stillness)"
    return name, header, rows, {0, 1, 2}


def _responses(report: KernelsReport, rate: FrameRate) -> Table:
    digits = 3 if rate.hz is None else 2
    unit = rate.unit
    header = ["kernel", "axis", "passes", f"gain at 0 {unit}", "peak gain"]
    header += [f"peak ({unit})", f"-3 dB band ({unit})"]
    rows = []
    for kernel in report.kernels:
        for name, axis in merged(kernel):
            found = axis.response
            peak, low, high = (rate.frequency(f) for f in (found.peak, *found.band))
            row = [kernel.name, name, found.kind, fixed(found.at_zero), fixed(found.peak_gain)]
            band = f"{fixed(low, digits)} to {fixed(high, digits)}"
            rows.append(
                [*row, fixed(peak, digits), band] if found.peak_gain else [*row, "none", "none"]
            )
    return "What they pass", header, rows, {0, 1, 2}


def _derivatives(report: KernelsReport, rate: FrameRate) -> Table:
    digits = 3 if rate.hz is None else 2
    header = ["kernel", "axis", "times velocity", "offset"]
    header += [f"follows jω within {TOLERANCE:.0%} ({rate.unit})"]
    rows = []
    for kernel in report.kernels:
        for name, axis in merged(kernel):
            ideal = axis.derivative
            row = [kernel.name, name, "", "", "nowhere"]
            if ideal.follows is not None:
                low, high = (fixed(rate.frequency(edge), digits) for edge in ideal.follows)
                row[2:] = [fixed(ideal.slope, sign=True), fixed(ideal.place, 2, sign=True)]
                row.append(f"{low} to {high}")
            rows.append(row)
    name = "Which are derivatives (slow motion gives the velocity times this, at that offset)"
    return name, header, rows, {0, 1}


def _penalties(report: KernelsReport) -> Table:
    header, columns = ["penalty", "now"], [report.penalties]
    if report.penalties_at_start not in (None, report.penalties):
        header.append("start")
        columns += [report.penalties_at_start] if report.penalties_at_start else []
    names = ("weight_sum", "smoothness", "diversity")
    rows = [
        [name.replace("_", " "), *(fixed(getattr(one, name), 4) for one in columns)]
        for name in names
    ]
    return "Penalties, unweighted", header, rows, {0}


def _alike(report: KernelsReport) -> list[str]:
    paired = [kernel for kernel in report.kernels if kernel.most_like]
    if not paired:
        return []
    a = max(paired, key=lambda kernel: kernel.cosine)
    return [
        f"most alike: {a.name} and {a.most_like}, cosine {fixed(a.cosine)} "
        f"(the diversity term begins at {report.threshold:g})"
    ]


def _history(report: KernelsReport) -> Table:
    moments = report.history
    shown = spread_over(len(moments), EPOCHS_SHOWN)
    epochs = [moments[i].epoch for i in shown]
    header = ["kernel", "axis", "drift over epochs"]
    header += [f"at {epoch}" for epoch in epochs] + [f"shape at {', '.join(map(str, epochs))}"]
    rows = []
    for kernel in report.kernels:
        for number, axis in enumerate(kernel.axes):
            drifts = report.drifts(kernel.name, number)
            shapes = (moments[i].taps[kernel.name][:, number].tolist() for i in shown)
            numbers = [fixed(drifts[i]) for i in shown]
            course = [drifts[i] for i in spread_over(len(drifts), BLOCKS_SHOWN)]
            row = [kernel.name, axis.axis, rising_blocks(course, max(course)), *numbers]
            rows.append([*row, " ".join(signed_blocks(shape) for shape in shapes)])
    return (
        "How they came to be (drift: length of the change)",
        header,
        rows,
        {0, 1, 2, len(header) - 1},
    )


def _numbers(taps: Sequence[float]) -> list[str]:
    return [fixed(tap, 4, sign=True) for tap in taps]
