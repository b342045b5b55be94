"""Tables of what is known of clips, for protocols to split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skelfuse.datasets.protocols import ClipTable

Column = Sequence[str | None]


def table(
    labels: Sequence[int] | None = None,
    *,
    subjects: Column | None = None,
    cameras: Column | None = None,
    setups: Column | None = None,
    splits: Sequence[dict[str, str]] | None = None,
    recordings: Sequence[str] = (),
) -> ClipTable:
    """Return a table of as many clips as the first column that is given has; of one class."""
    n = len(next((one for one in (labels, subjects, cameras, setups, splits) if one), []))
    unknown = [None] * n
    return ClipTable(
        names=[f"clip{i}" for i in range(n)],
        labels=np.array(labels or [0] * n, dtype=np.int64),
        subjects=subjects or unknown,
        cameras=cameras or unknown,
        setups=setups or unknown,
        replications=unknown,
        splits=splits or [{}] * n,
        recordings=recordings,
    )
