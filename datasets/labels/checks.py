"""What is wrong with a table of labels as a whole, seen before any file is read."""

from __future__ import annotations

from collections.abc import Sequence

from skelfuse.datasets.labels.labelling import Labelling
from skelfuse.datasets.labels.matching import check_apart
from skelfuse.datasets.sources import Source


def check_labels(labels: Labelling, sources: Sequence[Source]) -> None:
    """Refuse a table in which one name fits several files."""
    if labels.table is not None:
        places = {source.place: source.path.stem for source in sources}
        check_apart(labels.matcher, places, str(labels.table.path))
