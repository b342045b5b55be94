"""How well runs do on clips that they did not learn from, and how runs compare."""

from __future__ import annotations

from skelfuse.evaluation.bootstrap import Interval, bootstrap_interval
from skelfuse.evaluation.compare import Comparison, compare
from skelfuse.evaluation.comparison_table import comparison_markdown, comparison_text
from skelfuse.evaluation.evaluate import Evaluation, evaluate
from skelfuse.evaluation.metrics import Metrics, metrics
from skelfuse.evaluation.recordings import RecordingEvaluation, evaluate_recordings
from skelfuse.evaluation.recordings_text import recordings_text
from skelfuse.evaluation.report import (
    leave_in_run,
    report_text,
    write_report,
    write_robustness,
)
from skelfuse.evaluation.robustness import Robustness, evaluate_robustness, robustness_text

__all__ = [
    "Comparison",
    "Evaluation",
    "Interval",
    "Metrics",
    "RecordingEvaluation",
    "Robustness",
    "bootstrap_interval",
    "compare",
    "comparison_markdown",
    "comparison_text",
    "evaluate",
    "evaluate_recordings",
    "evaluate_robustness",
    "leave_in_run",
    "metrics",
    "recordings_text",
    "report_text",
    "robustness_text",
    "write_report",
    "write_robustness",
]
