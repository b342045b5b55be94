"""A gate's choice for people and for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skelfuse.arrays import Array
from skelfuse.inspect.frame_rate import FrameRate
from skelfuse.inspect.gate_report import GateReport
from skelfuse.telling.tables import aligned, fixed, markdown, rising_blocks
from skelfuse.telling.words import joint_words

KINDS = {
    "static": "static gate: one choice for all clips",
    "dynamic": "dynamic gate: a choice for each clip",
    "pruned": "pruned: the others are not computed at all",
}


def gate_text(report: GateReport, *, rate: FrameRate, as_markdown: bool = False) -> str:
    """Return a table of joints with the frequencies that each keeps.

    >>> import torch
    >>> from skelfuse.inspect.gate_report import report_gate
    >>> from skelfuse.layers import ChannelGate, DCTChannels
    >>> from skelfuse.skeleton import Skeleton
    >>> arm = Skeleton("arm", joints=("elbow", "hand"), bones=(("hand", "elbow"),), root="elbow")
    >>> dct, gate = DCTChannels(window=4), ChannelGate((4, 2))
    >>> with torch.no_grad():
    ...     gate.weights[1:3, 0] = torch.tensor([1.0, 0.0])  # off, on
    >>> print(gate_text(report_gate(dct, gate, arm), rate=FrameRate(30.0)))
    Which frequencies are kept (static gate: one choice for all clips)
    joint  open  closed  from 0 to 11.2 Hz  kept (Hz)
    elbow   2/4     50%  █▁▁█               0.0, 11.2
    hand    4/4      0%  ████               0.0 to 11.2
    all     6/8     25%  █▅▅█
    windows of 4 frames; frequencies are 3.75 Hz apart
    """
    head = f"Which frequencies are kept ({KINDS[report.kind]})"
    digits = 3 if rate.hz is None else 1
    shown = [fixed(rate.frequency(cycles), digits) for cycles in report.cycles]
    step = rate.frequency(1 / (2 * report.window))
    per = " " if rate.hz else ""
    foot = (
        f"windows of {report.window:.3g} frames; frequencies are {step:.3g}{per}{rate.unit} apart"
    )
    if report.open is None:
        return f"{head}\n{foot}\nnot known without clips: give a store to measure it on"
    unit = rate.unit
    header = ["joint", "open", "closed", f"from 0 to {shown[-1]}{per}{unit}", f"kept ({unit})"]
    rows = []
    for n, joint in enumerate(report.joints):
        bands = (shown[a] if a == b else f"{shown[a]} to {shown[b]}" for a, b in report.kept(n))
        column = report.open[:, n]
        row = [joint_words(joint), *_counts(column), rising_blocks(column.tolist(), 1.0)]
        rows.append([*row, ", ".join(bands) or "none"])
    every = rising_blocks(report.open.mean(axis=1).tolist(), 1.0)
    rows.append(["all", *_counts(report.open), every, ""])
    draw: Callable[..., str] = markdown if as_markdown else aligned
    table = draw(header, rows, words={0, 3, 4})
    if report.kind == "dynamic":
        foot += f"; shares of {report.bodies:,} bodies, kept is what more than half of them keep"
    return f"**{head}**\n\n{table}\n\n{foot}" if as_markdown else f"{head}\n{table}\n{foot}"


def gate_dict(report: GateReport, *, rate: FrameRate) -> dict[str, Any]:
    """Return the choice as plain values, ready for JSON: for each joint a share per frequency."""
    opened = report.open
    return {
        "kind": report.kind,
        "window_frames": report.window,
        "frequency_unit": "Hz" if rate.hz else "cycles per frame",
        "frequencies": [round(rate.frequency(cycles), 9) for cycles in report.cycles],
        "closed": report.closed,
        "bodies": report.bodies,
        "open": None
        if opened is None
        else {joint: opened[:, n].tolist() for n, joint in enumerate(report.joints)},
    }


def _counts(opened: Array) -> list[str]:
    total = float(opened.sum())
    number = f"{total:.0f}" if total.is_integer() else f"{total:.1f}"
    return [f"{number}/{opened.size}", f"{1 - opened.mean():.0%}"]
