"""A plugin of pytest with which FrierenFuse's statistics come from the fused kernel.

On a CPU Triton's interpreter computes it, if TRITON_INTERPRET=1 is set before triton is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from skelfuse.layers import statistics

calls: list[torch.Size] = []  # what the kernel was given


def pytest_configure() -> None:
    """Take the kernel wherever it has one window to compute."""
    from skelfuse.layers.fused_statistics import fused_statistics

    def counted(*given: Tensor, scales: Sequence[int], order: int) -> Tensor:
        calls.append(given[0].shape)
        return fused_statistics(*given, scales=scales, order=order)

    def chosen(v: Tensor, windows: Sequence[int]) -> Callable[..., Tensor] | None:
        possible = tuple(windows) == (1,) and not torch.compiler.is_compiling()
        return counted if possible else None

    statistics.fused_kernel = chosen


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how often the kernel was asked, for a run in which it never was proves nothing."""
    terminalreporter.write_line(f"the kernel was used {len(calls)} times")
