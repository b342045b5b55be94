"""An evaluation of whole recordings, for people to read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from skelfuse.evaluation.recordings import OVERLAPS, RecordingEvaluation
from skelfuse.telling.counted import counted


def recordings_text(evaluation: RecordingEvaluation) -> str:
    """Return what was right in frames and bouts, and a line for each class."""
    bouts = ", ".join(
        f"{_percent(f1)} at {overlap:.0%}"
        for f1, overlap in zip(evaluation.bout_f1, OVERLAPS, strict=True)
    )
    recordings = counted(len(evaluation.names), "recording")
    frames = counted(evaluation.frames, "frame")
    return "\n".join(
        [
            f"{recordings}, {frames} with a label, windows of {evaluation.window}",
            f"frames right  {evaluation.accuracy:7.2%}",
            f"macro F1      {np.nanmean(evaluation.f1):7.2%}   over frames",
            f"F1 of bouts   {bouts} overlap",
            "",
            "  frames precision  recall      F1  bouts  found  class",
            *_classes(evaluation),
        ]
    )


def _classes(evaluation: RecordingEvaluation) -> Iterator[str]:
    """Yield a line for each class that is there or found; "found" bouts overlap by a tenth."""
    for one in evaluation.as_dict()["classes"]:
        if one["frames"] or one["bouts_found"]:
            right = one["bouts_right"][str(OVERLAPS[0])]
            precision, recall, f1 = (_percent(one[what]) for what in ("precision", "recall", "f1"))
            yield (
                f"{one['frames']:8,} {precision:>9} {recall:>7} {f1:>7} {one['bouts']:6,} "
                f"{right:6,}  {one['class']}"
            )


def _percent(share: float | None) -> str:
    return "-" if share is None or np.isnan(share) else f"{share:.1%}"
