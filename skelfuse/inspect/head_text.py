"""A report on a head, in words for people and in plain values for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skelfuse.inspect.head_report import ClassReport, Entry, HeadReport
from skelfuse.telling.tables import aligned
from skelfuse.telling.words import feature_words, joint_words

JOINTS_SHOWN = 8
BAR = 20  # characters for the greatest share

MEASURED = "numbers: what a feature that is one standard deviation greater adds to the logit"
UNMEASURED = (
    "numbers: weights in each statistic's own units, so comparable within one statistic alone; "
    "--data measures the features and makes all comparable"
)


def head_text(report: HeadReport, *, title: str) -> str:
    """Return everything that a report says.

    >>> import numpy as np
    >>> from skelfuse.inspect.head_report import HeadWeights, report_head
    >>> from skelfuse.layers.statistics import feature_names
    >>> head = HeadWeights(feature_names(1, (1,), 0, (1,)), ("right_hand", "foot"), ("wave",),
    ...                    weight=np.eye(9), of_y=np.arange(18.0).reshape(1, 2, 9)[:, ::-1],
    ...                    directions=np.eye(1), inputs=("position x",), frames=1)
    >>> print(head_text(report_head(head, top=2), title="new").split("Weight")[0].rstrip())
    new
    numbers: weights in each statistic's own units, so comparable within one statistic alone; \
--data measures the features and makes all comparable
    <BLANKLINE>
    wave (the strongest 2 hold 21.6% of its weight)
       +17.000  right hand, range, direction 0
       +16.000  right hand, level, below zero, direction 0
    """
    blocks = [f"{title}\n{units_text(report)}"]
    blocks += [class_text(one, report) for one in report.classes]
    joints = dict(list(report.by_joint.items())[:JOINTS_SHOWN])
    more = len(report.by_joint) - len(joints)
    blocks.append(_shares("Weight by scale, all classes", report.by_scale))
    blocks.append(_shares("Weight by statistic", report.by_statistic))
    blocks.append(_shares("Weight by joint", joints) + (f"\n  and {more} more" if more else ""))
    blocks.append(_directions(report))
    sparse = report.sparsity
    blocks.append(
        f"Sparsity: {sparse.below_floor:.1%} of the head's weights are below 0.01; an output "
        f"listens to {sparse.inputs_median:.1f} features in effect "
        f"({sparse.inputs_least:.1f} to {sparse.inputs_most:.1f})"
    )
    return "\n\n".join(blocks)


def units_text(report: HeadReport) -> str:
    """Return what the numbers of a report are."""
    return MEASURED if report.measured else UNMEASURED


def class_text(one: ClassReport, report: HeadReport) -> str:
    """Return the strongest features of a class, a line each."""
    strongest = f"the strongest {len(one.entries)} hold {one.share:.1%} of its weight"
    lines = [f"  {entry.worth:+8.3f}  {entry_words(entry, report)}" for entry in one.entries]
    return "\n".join([f"{one.name} ({strongest})", *lines])


def entry_words(entry: Entry, report: HeadReport) -> str:
    """Return an entry in words: "right wrist, 4-frame speed up, direction 3"."""
    return f"{joint_words(entry.joint)}, {feature_words(entry.feature, frames=report.frames)}"


def head_dict(report: HeadReport, *, title: str) -> dict[str, Any]:
    """Return the report as plain values, ready for JSON."""
    return {
        "source": title,
        "per_standard_deviation": report.measured,
        "frames_in_a_step": report.frames,
        "classes": [
            {
                "name": one.name,
                "share": one.share,
                "entries": [
                    {
                        "words": entry_words(entry, report),
                        "joint": entry.joint,
                        **entry.feature._asdict(),
                        "worth": entry.worth,
                    }
                    for entry in one.entries
                ],
            }
            for one in report.classes
        ],
        "by_scale": report.by_scale,
        "by_statistic": report.by_statistic,
        "by_joint": report.by_joint,
        "sparsity": vars(report.sparsity),
        "directions": [
            {"number": one.number, "share": one.share, "parts": [list(part) for part in one.parts]}
            for one in report.directions
        ],
    }


def _shares(title: str, shares: Mapping[str, float]) -> str:
    most = max(shares.values(), default=0.0) or 1.0
    rows = [
        [f"  {name}", f"{share:.1%}", "█" * round(BAR * share / most)]
        for name, share in shares.items()
    ]
    return aligned([title, "", ""], rows, words={0, 2})


def _directions(report: HeadReport) -> str:
    rows = []
    for one in report.directions:
        parts = "  ".join(f"{weight:+.2f} {name}" for name, weight in one.parts)
        rows.append([f"  {one.number}", parts, f"{one.share:.0%}"])
    header = ["Directions", "their largest parts", "of it"]
    return aligned(header, rows, words={0, 1})
